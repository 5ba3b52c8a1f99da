//! A set of tasks whose outputs are awaited as they come.

mod of_run;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{self, Location};
use std::task::{Context, Poll};

use self::of_run::SetOfRun;
use super::{AbortHandle, Id, JoinError, JoinHandle, LocalSet};
use crate::inside::is_inside;
use crate::runtime::Handle;

/// A set of tasks whose outputs are awaited in the order in which they end. Dropping it aborts
/// them.
///
/// # Examples
/// ```
/// use unpick_tokio::task::JoinSet;
///
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     let mut set: JoinSet<u32> = (1..=4).map(|n| async move { n * n }).collect();
///     let mut sum = 0;
///     while let Some(output) = set.join_next().await {
///         sum += output.unwrap();
///     }
///     sum
/// });
/// assert_eq!(outcome.result, Ok(30));
/// ```
pub struct JoinSet<T>(Kind<T>);

enum Kind<T> {
    Tokio(tokio::task::JoinSet<T>),
    Run(SetOfRun<T>),
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        JoinSet(if is_inside() {
            Kind::Run(SetOfRun::new())
        } else {
            Kind::Tokio(tokio::task::JoinSet::new())
        })
    }

    /// How many tasks are in the set, ended or not.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Tokio(set) => set.len(),
            Kind::Run(set) => set.len(),
        }
    }

    /// Whether there is no task in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The set as it is where tasks are spawned now. One that was made elsewhere, and is empty,
    /// becomes one of here.
    fn here(&mut self) -> &mut Kind<T> {
        if self.is_empty() && is_inside() != matches!(self.0, Kind::Run(_)) {
            *self = JoinSet::new();
        }
        &mut self.0
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task into the set.
    ///
    /// # Panics
    /// Outside of a run and of a runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T>,
        F: Send + 'static,
        T: Send,
    {
        match self.here() {
            Kind::Tokio(set) => set.spawn(task).into(),
            Kind::Run(set) => {
                let tells = set.tells();
                set.insert(super::spawn_in_run(tells.around(task)))
            }
        }
    }

    /// Spawns a task into the set, on a runtime.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T>,
        F: Send + 'static,
        T: Send,
    {
        match self.here() {
            Kind::Tokio(set) => set.spawn_on(task, handle.real()).into(),
            Kind::Run(set) => {
                let tells = set.tells();
                set.insert(handle.spawn(tells.around(task)))
            }
        }
    }

    /// Spawns a task into this set and into the current [`LocalSet`].
    ///
    /// # Panics
    /// Outside of a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T>,
        F: 'static,
    {
        match self.here() {
            Kind::Tokio(set) => set.spawn_local(task).into(),
            Kind::Run(set) => {
                let tells = set.tells();
                set.insert(super::spawn_local(tells.around(task)))
            }
        }
    }

    /// Spawns a task into this set and into a [`LocalSet`].
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T>,
        F: 'static,
    {
        match self.here() {
            Kind::Tokio(set) => set.spawn_local_on(task, local_set.real()).into(),
            Kind::Run(set) => {
                let tells = set.tells();
                set.insert(local_set.spawn_local(tells.around(task)))
            }
        }
    }

    /// Spawns a closure that blocks into the set.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send,
    {
        match self.here() {
            Kind::Tokio(set) => set.spawn_blocking(f).into(),
            Kind::Run(set) => {
                let tells = set.tells();
                set.insert(super::spawn_in_run(tells.around(async move { f() })))
            }
        }
    }

    /// Spawns a closure that blocks into the set, on a runtime.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T,
        F: Send + 'static,
        T: Send,
    {
        match self.here() {
            Kind::Tokio(set) => set.spawn_blocking_on(f, handle.real()).into(),
            Kind::Run(set) => {
                let tells = set.tells();
                set.insert(super::spawn_in_run(tells.around(async move { f() })))
            }
        }
    }

    /// Waits until one of the tasks ends; `None` if there is none.
    ///
    /// # Cancel safety
    /// No task's output is lost when it is dropped.
    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Result<T, JoinError>>> {
        let site = Location::caller();
        // An async block, so that it is no more `Unpin` than tokio's.
        async move { poll_fn(|cx| self.poll_at(cx, site)).await.map(without_id) }
    }

    /// Waits until one of the tasks ends, and tells which; `None` if there is none.
    ///
    /// # Cancel safety
    /// No task's output is lost when it is dropped.
    #[track_caller]
    pub fn join_next_with_id(
        &mut self,
    ) -> impl Future<Output = Option<Result<(Id, T), JoinError>>> {
        let site = Location::caller();
        async move { poll_fn(|cx| self.poll_at(cx, site)).await }
    }

    /// One of the tasks that have ended, if any has.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(without_id)
    }

    /// One of the tasks that have ended, if any has, and which it is.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        match &mut self.0 {
            Kind::Tokio(set) => set.try_join_next_with_id().map(from_tokio),
            Kind::Run(set) => set.try_next(),
        }
    }

    /// Aborts all tasks, and waits until they have ended.
    #[track_caller]
    pub fn shutdown(&mut self) -> impl Future<Output = ()> {
        let site = Location::caller();
        async move {
            self.abort_all();
            while poll_fn(|cx| self.poll_at(cx, site)).await.is_some() {}
        }
    }

    /// Waits for all tasks, and gives their outputs in the order in which they ended.
    ///
    /// # Panics
    /// If one of them panicked, with that panic, or was cancelled.
    #[track_caller]
    pub fn join_all(mut self) -> impl Future<Output = Vec<T>> {
        let site = Location::caller();
        async move {
            let mut outputs = Vec::with_capacity(self.len());
            while let Some(joined) = poll_fn(|cx| self.poll_at(cx, site)).await {
                match joined {
                    Ok((_, output)) => outputs.push(output),
                    Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
                    Err(error) => panic!("{error}"),
                }
            }
            outputs
        }
    }

    /// Aborts all tasks. They stay in the set until they are joined.
    pub fn abort_all(&mut self) {
        match &mut self.0 {
            Kind::Tokio(set) => set.abort_all(),
            Kind::Run(set) => set.abort_all(),
        }
    }

    /// Takes all tasks out of the set, and leaves them running.
    pub fn detach_all(&mut self) {
        match &mut self.0 {
            Kind::Tokio(set) => set.detach_all(),
            Kind::Run(set) => set.detach_all(),
        }
    }

    /// Polls for one of the tasks to end; `None` if there is none.
    #[track_caller]
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        self.poll_at(cx, Location::caller()).map(|joined| joined.map(without_id))
    }

    /// Polls for one of the tasks to end, and tells which; `None` if there is none.
    #[track_caller]
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        self.poll_at(cx, Location::caller())
    }

    fn poll_at(
        &mut self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        match &mut self.0 {
            Kind::Tokio(set) => set.poll_join_next_with_id(cx).map(|joined| joined.map(from_tokio)),
            Kind::Run(set) => set.poll_next(cx, site),
        }
    }
}

fn without_id<T>(joined: Result<(Id, T), JoinError>) -> Result<T, JoinError> {
    joined.map(|(_, output)| output)
}

fn from_tokio<T>(
    joined: Result<(tokio::task::Id, T), tokio::task::JoinError>,
) -> Result<(Id, T), JoinError> {
    joined.map(|(id, output)| (id.into(), output)).map_err(JoinError::from)
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T>,
    F: Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(tasks: I) -> Self {
        let mut set = Self::new();
        set.extend(tasks);
        set
    }
}

impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T>,
    F: Send + 'static,
    T: Send + 'static,
{
    fn extend<I>(&mut self, tasks: I)
    where
        I: IntoIterator<Item = F>,
    {
        for task in tasks {
            self.spawn(task);
        }
    }
}
