//! Task groups: tasks that end together.

mod scope;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use unpick_sim::probe::{Access, Object, Operation};
use unpick_sim::{AbortHandle, JoinHandle};

use super::children::{Parent, lock, spawn_child};

pub use scope::{TaskGroupScope, task_group};

/// A group of tasks that end together; made by [`task_group`].
///
/// Clones name the same group: hand them to the tasks in it, which may spawn into it too.
///
/// # Examples
/// ```
/// use unpick_primitives::task::{TaskGroup, task_group};
/// use unpick_sim::Run;
///
/// /// Visits a binary tree: each node spawns its children into the group.
/// async fn visit(group: TaskGroup<String>, depth: u32) -> Result<(), String> {
///     for _ in 0..if depth == 0 { 0 } else { 2 } {
///         group.spawn(visit_boxed(group.clone(), depth - 1));
///     }
///     Ok(())
/// }
/// # fn visit_boxed(
/// #     group: TaskGroup<String>,
/// #     depth: u32,
/// # ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>>>> {
/// #     Box::pin(visit(group, depth))
/// # }
///
/// let program = || task_group(async |group| visit(group.clone(), 3).await);
/// assert_eq!(Run::new().execute(program).result, Ok(Ok(())));
/// ```
pub struct TaskGroup<E> {
    shared: Arc<Shared<E>>,
}

/// What the group's handles, its tasks and its scope share.
struct Shared<E> {
    object: Object,
    site: &'static Location<'static>,
    state: Mutex<State<E>>,
}

struct State<E> {
    phase: Phase,
    /// The tasks that have not ended, in the order in which they were spawned.
    unfinished: BTreeMap<usize, AbortHandle>,
    /// How many tasks were spawned.
    spawned: usize,
    /// In the order in which they happened.
    errors: Vec<E>,
    /// The scope's, while it waits.
    waker: Option<Waker>,
}

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Takes tasks. Left when the scope learns of a failure, is dropped, or returns.
    Open,
    /// Is being cancelled: its tasks are aborted, and so are those that are still spawned.
    /// Left when the scope returns.
    Cancelled,
    /// The scope has returned. Never left.
    Over,
}

impl<E: 'static> TaskGroup<E> {
    /// Spawns a task into the group. Its handle gives `None` if it failed: the error is the
    /// group's.
    ///
    /// Once the group is being cancelled, the task is aborted before it has begun. A task that is
    /// aborted by somebody else is no failure; one that panics fails the run.
    ///
    /// # Panics
    /// Outside of a run, and when the group is over.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::task_group;
    /// use unpick_sim::Run;
    ///
    /// let program = || task_group::<_, String, _, _>(async |group| {
    ///     let inner = group.clone();
    ///     let task = group.spawn(async move {
    ///         inner.spawn(async { Ok(()) });
    ///         Ok(7)
    ///     });
    ///     Ok(task.await)
    /// });
    /// assert_eq!(Run::new().execute(program).result, Ok(Ok(Ok(Some(7)))));
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> JoinHandle<Option<T>>
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: 'static,
    {
        let (phase, number) = {
            let mut state = lock(&self.shared.state);
            state.spawned += 1;
            (state.phase, state.spawned - 1)
        };
        assert!(
            phase != Phase::Over,
            "a task was spawned into a task group that is over; \
             expected: while its body or one of its tasks goes on"
        );
        let handle = spawn_child(&self.shared, number, future);
        if phase == Phase::Cancelled {
            handle.abort();
        }
        let task = handle.abort_handle();
        self.shared.object.expects(&task);
        lock(&self.shared.state).unfinished.insert(number, task);
        handle
    }

    /// How many tasks of the group have not ended.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::{sleep, task_group};
    /// use unpick_sim::Run;
    ///
    /// let program = || task_group::<_, String, _, _>(async |group| {
    ///     group.spawn(async { Ok(()) });
    ///     group.spawn(async { Ok(sleep(std::time::Duration::from_secs(2)).await) });
    ///     sleep(std::time::Duration::from_secs(1)).await;
    ///     assert!(!group.is_empty());
    ///     Ok(group.len())
    /// });
    /// assert_eq!(Run::new().execute(program).result, Ok(Ok(1)));
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.shared.state).unfinished.len()
    }

    /// Whether all tasks of the group have ended.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::task_group;
    /// use unpick_sim::Run;
    ///
    /// let program = || task_group(async |group| Ok::<_, ()>(group.is_empty()));
    /// assert_eq!(Run::new().execute(program).result, Ok(Ok(true)));
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> TaskGroup<E> {
        TaskGroup { shared: self.shared.clone() }
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.shared.state);
        let phase = match state.phase {
            Phase::Open => "open",
            Phase::Cancelled => "cancelled",
            Phase::Over => "over",
        };
        write!(f, "<TaskGroup [{phase}, tasks:{}]>", state.unfinished.len())
    }
}

impl<E> Shared<E> {
    #[track_caller]
    fn new() -> Shared<E> {
        let state = State {
            phase: Phase::Open,
            unfinished: BTreeMap::new(),
            spawned: 0,
            errors: Vec::new(),
            waker: None,
        };
        let (object, site) = (Object::new("group"), Location::caller());
        Shared { object, site, state: Mutex::new(state) }
    }

    /// Whether a task or the body has failed.
    fn has_failed(&self) -> bool {
        !lock(&self.state).errors.is_empty()
    }

    /// Aborts every task, in the order in which they were spawned.
    fn cancel(&self) {
        let mut state = lock(&self.state);
        state.phase = Phase::Cancelled;
        let aborted: Vec<AbortHandle> = state.unfinished.values().cloned().collect();
        drop(state);
        for task in aborted {
            task.abort();
        }
    }

    /// Forgets a task that has ended, and wakes the scope if there is something for it to do.
    fn ended(&self, number: usize, access: Access) {
        Operation::new("end", access, self.site).executed(Some(&self.object));
        self.object.publish();
        let mut state = lock(&self.state);
        state.unfinished.remove(&number);
        let concerns_scope = state.unfinished.is_empty() || !state.errors.is_empty();
        let waker = if concerns_scope { state.waker.take() } else { None };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T: 'static, E> Parent<Result<T, E>> for Shared<E> {
    type Left = Option<T>;

    fn returned(&self, number: usize, output: Result<T, E>) -> Option<T> {
        match output {
            Ok(value) => {
                // In which order tasks return makes no difference to the group.
                self.ended(number, Access::Read);
                Some(value)
            }
            Err(error) => {
                lock(&self.state).errors.push(error);
                self.ended(number, Access::Change);
                None
            }
        }
    }

    fn dropped(&self, number: usize) {
        self.ended(number, Access::Read);
    }
}

/// At least one task of a group failed, or its body.
///
/// # Examples
/// ```
/// use unpick_primitives::task::task_group;
/// use unpick_sim::Run;
///
/// let program = || async {
///     let ended = task_group(async |group| {
///         group.spawn(async { Err::<(), _>("first") });
///         Ok::<(), &str>(())
///     });
///     let error = ended.await.expect_err("a task fails");
///     assert_eq!(error.errors, ["first"]);
///     assert_eq!(error.to_string(), "a task of a group failed: first");
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskGroupError<E> {
    /// All errors, in the order in which they happened.
    pub errors: Vec<E>,
}

impl<E: fmt::Display> fmt::Display for TaskGroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.errors.len() {
            1 => "a task of a group failed: ",
            _ => "tasks of a group failed: ",
        })?;
        for (number, error) in self.errors.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl<E: std::error::Error + 'static> std::error::Error for TaskGroupError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.errors.first().map(|error| error as _)
    }
}
