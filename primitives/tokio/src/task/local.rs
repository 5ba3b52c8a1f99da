//! Tasks that stay on one thread.

mod of_run;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use self::of_run::{Entered, SetOfRun};
use super::JoinHandle;
use crate::inside::is_inside;
use crate::runtime::{self, Runtime};

/// A set of tasks that need not be `Send`, and that run only while the set is awaited or runs a
/// future.
///
/// Inside of a run its tasks are tasks of the run, which schedules order among all others.
///
/// # Examples
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use unpick_tokio::task::{LocalSet, spawn_local};
///
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     let set = LocalSet::new();
///     set.run_until(async {
///         let count = Rc::new(Cell::new(0));
///         let counter = count.clone();
///         spawn_local(async move { counter.set(7) }).await.unwrap();
///         count.get()
///     })
///     .await
/// });
/// assert_eq!(outcome.result, Ok(7));
/// ```
pub struct LocalSet(Kind);

enum Kind {
    Tokio(tokio::task::LocalSet),
    Run(SetOfRun),
}

/// Spawns a task into the current [`LocalSet`].
///
/// # Panics
/// Outside of one.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    if !is_inside() {
        return tokio::task::spawn_local(future).into();
    }
    match SetOfRun::current() {
        Some(set) => set.spawn(future),
        None => panic!(
            "`spawn_local` called from outside of a `task::LocalSet` or `runtime::LocalRuntime`"
        ),
    }
}

impl LocalSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> LocalSet {
        LocalSet(if is_inside() {
            Kind::Run(SetOfRun::new())
        } else {
            Kind::Tokio(tokio::task::LocalSet::new())
        })
    }

    /// Makes it the current one, until the guard is dropped.
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard(match &self.0 {
            Kind::Tokio(set) => Guard::Tokio(set.enter()),
            Kind::Run(set) => Guard::Run(set.enter()),
        })
    }

    /// Spawns a task into it.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match &self.0 {
            Kind::Tokio(set) => set.spawn_local(future).into(),
            Kind::Run(set) => set.spawn(future),
        }
    }

    /// Runs a future, and the set's tasks beside it, on a runtime.
    ///
    /// # Panics
    /// Inside of a run, where nothing blocks: `run_until` is what to await there.
    #[track_caller]
    pub fn block_on<F>(&self, rt: &Runtime, future: F) -> F::Output
    where
        F: Future,
    {
        match (&self.0, rt.real()) {
            (Kind::Tokio(set), Some(rt)) => set.block_on(rt, future),
            _ => runtime::refuse_to_block("LocalSet::block_on", "LocalSet::run_until(future)"),
        }
    }

    /// Runs a future, and the set's tasks as long as it goes on.
    ///
    /// # Cancel safety
    /// Dropping it drops the future; the tasks stay in the set.
    pub async fn run_until<F>(&self, future: F) -> F::Output
    where
        F: Future,
    {
        match &self.0 {
            Kind::Tokio(set) => set.run_until(future).await,
            Kind::Run(set) => set.run_until(future).await,
        }
    }

    /// The id of the set.
    #[must_use]
    pub fn id(&self) -> tokio::runtime::Id {
        match &self.0 {
            Kind::Tokio(set) => set.id(),
            Kind::Run(_) => tokio::task::LocalSet::new().id(),
        }
    }

    /// Tokio's own set, of a set that was made outside of a run.
    #[track_caller]
    pub(super) fn real(&self) -> &tokio::task::LocalSet {
        match &self.0 {
            Kind::Tokio(set) => set,
            Kind::Run(_) => panic!("a `LocalSet` of a run was used outside of it"),
        }
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Ready when no task is left.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Tokio(set) => Pin::new(set).poll(cx),
            Kind::Run(set) => set.poll_empty(cx),
        }
    }
}

impl Default for LocalSet {
    fn default() -> LocalSet {
        LocalSet::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish()
    }
}

/// Keeps a [`LocalSet`] the current one.
pub struct LocalEnterGuard(#[expect(dead_code, reason = "kept for its drop")] Guard);

#[expect(dead_code, reason = "kept for their drops")]
enum Guard {
    Tokio(tokio::task::LocalEnterGuard),
    Run(Entered),
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish()
    }
}
