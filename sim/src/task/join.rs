//! Handles: to wait for a task, and to abort it.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::{
    JoinPoll, Stamp, TaskId, Waiter, drop_task_now, expect_run, with_run, with_run_of,
};

/// Waits for a task and gives its output; dropping it leaves the task running.
///
/// # Cancel safety
/// It may be polled in a `select!` by reference; nothing is lost.
pub struct JoinHandle<T> {
    /// Invariant: in the run with this stamp, the task's future has outputs of type `T`.
    stamp: Stamp,
    task: TaskId,
    /// Whether it has returned: then there is nothing left to give up.
    is_over: bool,
    output: PhantomData<fn() -> T>,
}

impl<T> JoinHandle<T> {
    /// A handle of a task.
    ///
    /// # Safety
    /// In the run with this stamp, the task's future must have outputs of type `T`.
    #[inline]
    pub(super) unsafe fn new(stamp: Stamp, task: TaskId) -> JoinHandle<T> {
        JoinHandle { stamp, task, is_over: false, output: PhantomData }
    }

    /// Gives the task a name.
    #[cold]
    #[inline(never)]
    pub(super) fn name(&self, name: Box<str>) {
        with_run_of(self.stamp, |core| core.name(self.task, name));
    }

    /// Asks for the task to be dropped when it is next scheduled, even if a wake-up of its own
    /// is already pending. Says whether it was unfinished.
    pub fn abort(&self) -> bool {
        self.abort_handle().abort()
    }

    /// A handle that can abort the task and no more.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { stamp: self.stamp, task: self.task }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.abort_handle().is_finished()
    }

    /// Polls for the end of the task on behalf of something that was called at `site`.
    pub fn poll_join(
        &mut self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Result<T, JoinError>>
    where
        T: 'static,
    {
        // SAFETY: It is this handle's task, in its run, whose stamp no other run has: the outputs of
        // that are of type `T`.
        let plainly = with_run_of(self.stamp, |core| unsafe { core.take_plainly(self.task) });
        match plainly.flatten() {
            Some(output) => {
                self.is_over = true;
                Poll::Ready(Ok(output))
            }
            None => self.poll_closely(cx, site),
        }
    }

    /// The same, where there is nothing plainly to be taken.
    #[inline(never)]
    fn poll_closely(
        &mut self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Result<T, JoinError>>
    where
        T: 'static,
    {
        let mut output = None;
        let joined = with_run_of(self.stamp, |core| {
            let joined = core.join(self.task, cx.waker(), site);
            if joined == JoinPoll::Returned {
                // SAFETY: As above.
                output = unsafe { core.take_output(self.task) };
            }
            joined
        });
        match joined {
            Some(JoinPoll::Pending) => return Poll::Pending,
            Some(JoinPoll::MustWait) => return self.wait(cx, site),
            Some(JoinPoll::Returned) => self.is_over = true,
            joined => return Poll::Ready(Err(self.why_there_is_none(joined))),
        }
        Poll::Ready(Ok(output.expect("a task that returned has left its output")))
    }

    /// Why a task that was joined has left no output.
    #[cold]
    #[inline(never)]
    fn why_there_is_none(&mut self, joined: Option<JoinPoll>) -> JoinError {
        let Some(joined) = joined else { of_another_run() };
        self.is_over = true;
        match joined {
            JoinPoll::Cancelled => JoinError::Cancelled,
            JoinPoll::Panicked => {
                let message = with_run_of(self.stamp, |core| core.take_message(self.task));
                JoinError::Panicked(message.unwrap_or_default())
            }
            _ => panic!("a JoinHandle was polled after it had returned"),
        }
    }

    /// Waits through a waker that is somebody else's, or again.
    #[inline(never)]
    fn wait<R>(&self, cx: &Context<'_>, site: &'static Location<'static>) -> Poll<R> {
        let waiter = Waiter::of(cx.waker());
        let _earlier = with_run_of(self.stamp, |core| core.wait_for_end(self.task, waiter, site));
        Poll::Pending
    }

    /// The task's path, such as `main.2.1`; `None` when its run is over.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        let of_run = |core: &mut crate::engine::Core| {
            (core.stamp == self.stamp).then(|| core.task_path(self.task))
        };
        with_run(of_run).flatten()
    }
}

#[cold]
#[track_caller]
fn of_another_run() -> ! {
    expect_run("a JoinHandle's poll", |_| ());
    panic!("a JoinHandle of another run was polled in this one")
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The place of the `.await`, where it is awaited directly.
        self.poll_join(cx, Location::caller())
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        detach(self.stamp, self.task);
    }
}

#[inline(never)]
fn detach(stamp: Stamp, task: TaskId) {
    // What the task left is dropped here, after the engine's borrow.
    let _left = with_run_of(stamp, |core| core.detach(task)).flatten();
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => write!(f, "<JoinHandle {path}>"),
            None => f.write_str("<JoinHandle of a run that is over>"),
        }
    }
}

/// Aborts a task.
#[derive(Clone, Debug)]
pub struct AbortHandle {
    stamp: Stamp,
    task: TaskId,
}

impl AbortHandle {
    /// Asks for the task to be dropped when it is next scheduled, even if a wake-up of its own
    /// is already pending. Says whether it was unfinished; `false` once its run is over.
    pub fn abort(&self) -> bool {
        with_run(|core| core.stamp == self.stamp && core.abort(self.task)).unwrap_or(false)
    }

    /// Drops the task where it stands, before this returns: for combinators that own their tasks
    /// and are dropped themselves. A task that is in the middle of a poll or a drop is aborted
    /// instead. Says whether it was unfinished.
    pub fn drop_now(&self) -> bool {
        drop_task_now(self.stamp, self.task)
    }

    /// The task's number in its run: see [`current_task`](crate::probe::current_task).
    #[must_use]
    pub fn number(&self) -> u32 {
        self.task.0
    }

    /// The task, if its run is the one that is going on.
    pub(crate) fn of(&self, core: &crate::engine::Core) -> Option<TaskId> {
        (core.stamp == self.stamp).then_some(self.task)
    }

    /// Whether the task has ended; `true` once its run is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        with_run(|core| core.stamp != self.stamp || core.is_finished(self.task)).unwrap_or(true)
    }
}

/// Why a task has no output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// It was aborted.
    Cancelled,
    /// It panicked with this message, and had said that the program handles it.
    Panicked(String),
}

impl JoinError {
    /// Whether the task was aborted.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, JoinError::Cancelled)
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, JoinError::Panicked(_))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("the task was cancelled"),
            JoinError::Panicked(message) => write!(f, "the task panicked: {message}"),
        }
    }
}

impl std::error::Error for JoinError {}
