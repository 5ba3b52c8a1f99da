//! Waiting for some of several tasks.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use unpick_sim::probe::{Access, Operation};
use unpick_sim::time::{Instant, Sleep, sleep_until};

use super::{JoinError, JoinHandle};

/// What [`wait`] waits for.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{WaitFor, sleep, spawn, wait};
/// use unpick_sim::Run;
///
/// /// One task that succeeds at once, one that fails soon, and one that takes its time.
/// async fn ended(wait_for: WaitFor) -> usize {
///     let tasks = [(0, true), (1, false), (60, true)].map(|(seconds, succeeds)| {
///         spawn(async move {
///             sleep(Duration::from_secs(seconds)).await;
///             if succeeds { Ok(()) } else { Err("no") }
///         })
///     });
///     wait(tasks, wait_for).await.done.len()
/// }
///
/// let program = || async {
///     assert_eq!(ended(WaitFor::FirstCompleted).await, 1);
///     assert_eq!(ended(WaitFor::FirstException).await, 2);
///     assert_eq!(ended(WaitFor::AllCompleted).await, 3);
/// };
/// assert_eq!(Run::new().plain().execute(program).result, Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitFor {
    /// Until at least one task has ended.
    FirstCompleted,
    /// Until a task has failed or panicked, or all have ended. One that was aborted has not
    /// failed.
    FirstException,
    /// Until all tasks have ended.
    AllCompleted,
}

/// Waits until some of several tasks have ended, and tells those from the others.
///
/// # Cancel safety
/// The tasks are left running when it is dropped, but their handles are gone with it.
/// [`within`](Wait::within) gives up waiting and gives the handles back.
///
/// # Panics
/// If there are no tasks, as in asyncio.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{WaitFor, sleep, spawn, wait};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let tasks = [30, 10, 20].map(|number| {
///         spawn(async move {
///             sleep(Duration::from_millis(number)).await;
///             Ok::<u64, String>(number)
///         })
///     });
///     let waited = wait(tasks, WaitFor::FirstCompleted).await;
///     assert_eq!((waited.done.len(), waited.pending.len()), (1, 2));
///     assert_eq!((waited.done[0].index, &waited.done[0].result), (1, &Ok(Ok(10))));
///
///     let waited = wait(waited.pending, WaitFor::AllCompleted).await;
///     assert_eq!(waited.pending.len(), 0);
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[track_caller]
pub fn wait<T, E>(
    handles: impl IntoIterator<Item = JoinHandle<Result<T, E>>>,
    wait_for: WaitFor,
) -> Wait<T, E> {
    let watched: Vec<Watched<T, E>> = handles.into_iter().map(Watched::Running).collect();
    assert!(!watched.is_empty(), "wait was called without a task; expected: at least one");
    let operation = Operation::new("wait", Access::Read, Location::caller());
    Wait { watched, wait_for, deadline: None, operation }
}

/// The future of [`wait`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Wait<T, E> {
    /// In the order in which they were given.
    watched: Vec<Watched<T, E>>,
    wait_for: WaitFor,
    deadline: Option<Sleep>,
    operation: Operation,
}

enum Watched<T, E> {
    /// Had not ended when it was last looked at.
    Running(JoinHandle<Result<T, E>>),
    /// Has ended. Never left.
    Ended(Result<Result<T, E>, JoinError>),
}

/// What [`wait`] found.
///
/// # Examples
/// ```
/// use unpick_primitives::task::{WaitFor, spawn, wait};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let tasks = ["one", "two"].map(|name| spawn(async move { Ok::<_, ()>(name) }));
///     let waited = wait(tasks, WaitFor::AllCompleted).await;
///     let names: Vec<_> = waited.done.into_iter().filter_map(|done| done.result.ok()).collect();
///     assert_eq!(names, [Ok("one"), Ok("two")]);
///     assert!(waited.pending.is_empty());
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[derive(Debug)]
pub struct Waited<T, E> {
    /// The tasks that have ended, in the order in which they were given.
    pub done: Vec<Done<T, E>>,
    /// The handles of the others, in the order in which they were given.
    pub pending: Vec<JoinHandle<Result<T, E>>>,
}

/// A task that has ended.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{Done, WaitFor, sleep, spawn, wait};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let tasks = [20, 10].map(|number| {
///         spawn(async move {
///             sleep(Duration::from_millis(number)).await;
///             Ok::<_, ()>(number)
///         })
///     });
///     let waited = wait(tasks, WaitFor::FirstCompleted).await;
///     assert_eq!(waited.done, [Done { index: 1, result: Ok(Ok(10)) }]);
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T, E> {
    /// The how-manieth of the tasks that were given, from 0.
    pub index: usize,
    /// What its handle gave.
    pub result: Result<Result<T, E>, JoinError>,
}

impl<T, E> Wait<T, E> {
    /// Gives up waiting after `duration` from now: what has not ended by then is pending.
    ///
    /// # Cancel safety
    /// As of [`wait`].
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use unpick_primitives::task::{WaitFor, sleep, spawn, wait};
    /// use unpick_sim::Run;
    ///
    /// let program = || async {
    ///     let slow = spawn(async {
    ///         sleep(Duration::from_secs(60)).await;
    ///         Ok::<_, String>("slow")
    ///     });
    ///     let waited = wait([slow], WaitFor::AllCompleted).within(Duration::from_secs(1)).await;
    ///     assert!(waited.done.is_empty());
    ///     for task in waited.pending {
    ///         assert_eq!(task.await, Ok(Ok("slow")));
    ///     }
    /// };
    /// assert_eq!(Run::new().execute(program).result, Ok(()));
    /// ```
    #[track_caller]
    pub fn within(mut self, duration: Duration) -> Wait<T, E> {
        self.deadline = Some(sleep_until(Instant::now() + duration));
        self
    }

    fn is_over(&self) -> bool {
        let is_ended = |watched: &Watched<T, E>| matches!(watched, Watched::Ended(_));
        let is_exception = |watched: &Watched<T, E>| {
            matches!(watched, Watched::Ended(Ok(Err(_)) | Err(JoinError::Panicked(_))))
        };
        let all = self.watched.iter().all(is_ended);
        match self.wait_for {
            WaitFor::FirstCompleted => self.watched.iter().any(is_ended),
            WaitFor::FirstException => all || self.watched.iter().any(is_exception),
            WaitFor::AllCompleted => all,
        }
    }

    fn take_waited(&mut self) -> Waited<T, E> {
        let mut waited = Waited { done: Vec::new(), pending: Vec::new() };
        for (index, watched) in std::mem::take(&mut self.watched).into_iter().enumerate() {
            match watched {
                Watched::Running(handle) => waited.pending.push(handle),
                Watched::Ended(result) => waited.done.push(Done { index, result }),
            }
        }
        waited
    }
}

impl<T: 'static, E: 'static> Wait<T, E> {
    /// Looks at the tasks that have not ended. While all are waited for it stops at the first
    /// one that goes on, so that waiting for n tasks takes n polls and not n squared.
    fn poll_handles(&mut self, cx: &mut Context<'_>) {
        for watched in &mut self.watched {
            let Watched::Running(handle) = watched else { continue };
            match Pin::new(handle).poll(cx) {
                Poll::Ready(result) => *watched = Watched::Ended(result),
                Poll::Pending if self.wait_for == WaitFor::AllCompleted => break,
                Poll::Pending => {}
            }
        }
    }

    /// What has ended behind the first task that goes on.
    fn poll_rest(&mut self, cx: &mut Context<'_>) {
        for watched in &mut self.watched {
            if let Watched::Running(handle) = watched
                && let Poll::Ready(result) = Pin::new(handle).poll(cx)
            {
                *watched = Watched::Ended(result);
            }
        }
    }
}

// Nothing in it is pinned: outputs are values that are moved out.
impl<T, E> Unpin for Wait<T, E> {}

impl<T: 'static, E: 'static> Future for Wait<T, E> {
    type Output = Waited<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Waited<T, E>> {
        let this = &mut *self;
        assert!(!this.watched.is_empty(), "a Wait was polled after it had returned");
        this.poll_handles(cx);
        let mut is_over = this.is_over();
        if !is_over && let Some(sleep) = &mut this.deadline {
            is_over = Pin::new(sleep).poll(cx).is_ready();
        }
        if !is_over {
            this.operation.blocked(None, cx);
            return Poll::Pending;
        }
        this.poll_rest(cx);
        this.operation.executed(None);
        Poll::Ready(this.take_waited())
    }
}

impl<T, E> fmt::Debug for Wait<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_running = |watched: &&Watched<T, E>| matches!(watched, Watched::Running(_));
        let running = self.watched.iter().filter(is_running).count();
        write!(f, "<Wait {:?} [pending:{running}]>", self.wait_for)
    }
}
