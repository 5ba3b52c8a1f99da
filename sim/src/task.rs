//! Tasks: spawning, joining, aborting, giving way.

#![expect(unsafe_code, reason = "a handle is of the type of its task's output: it says so")]

mod hand_over;
mod join;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use hand_over::HANDED_OVER;
pub use hand_over::{HandOver, hand_over};
pub use join::{AbortHandle, JoinError, JoinHandle};

use crate::engine::{self, Duty, NewTask, OnPanic, outside, with_run};

/// Spawns a task: a future that runs beside the others of its run.
///
/// It may be `Send` or not. Dropping the handle leaves the task running.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, spawn};
///
/// let outcome = Run::new().execute(|| async {
///     let task = spawn(async { 6 * 7 });
///     task.await.expect("it returns")
/// });
/// assert_eq!(outcome.result, Ok(42));
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_as(NewTask::default(), future)
}

/// Spawns a task that is to be like this.
#[inline(always)]
#[track_caller]
fn spawn_as<F>(new: NewTask, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    // Before anything else, so that the future need not be moved for it.
    let mut future = ManuallyDrop::new(future);
    let site = Location::caller();
    // SAFETY: The future is not used any more, if it was moved.
    let Some((stamp, task)) = (unsafe { engine::spawn(&future, site, new) }) else {
        // SAFETY: It was not moved, and is not used any more.
        unsafe { ManuallyDrop::drop(&mut future) };
        outside("sim::spawn");
    };
    // SAFETY: The task of that number in that run is the one with this future.
    unsafe { JoinHandle::new(stamp, task) }
}

/// A task with a name or other particulars, to be spawned.
pub fn task() -> Builder {
    Builder { name: None, new: NewTask::default() }
}

/// What a task is to be; made by [`task`].
#[derive(Debug)]
#[must_use = "a builder spawns nothing by itself"]
pub struct Builder {
    name: Option<String>,
    new: NewTask,
}

impl Builder {
    /// Gives the task a name, which stands in traces and reports behind its path.
    pub fn named(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Marks a task that may run for ever: it is not missed when the run is over.
    pub fn daemon(mut self) -> Builder {
        self.new.duty = Duty::Daemon;
        self
    }

    /// Marks a task that may be cancelled at any await: random cancellation strikes it where that
    /// is on for marked tasks. See [`Faults`](crate::faults::Faults).
    pub fn cancellable(mut self) -> Builder {
        self.new.is_cancellable = true;
        self
    }

    /// Says that the program handles a panic of this task: whoever joins it is told, and the
    /// run goes on.
    pub fn handles_panics(mut self) -> Builder {
        self.new.on_panic = OnPanic::TellJoiner;
        self
    }

    /// Spawns the task.
    ///
    /// # Panics
    /// Outside of a run.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let handle = spawn_as(self.new, future);
        if let Some(name) = self.name {
            handle.name(name.into_boxed_str());
        }
        handle
    }
}

/// The path of the current task from the main one, such as `main.2.1`; `None` outside of a run.
#[must_use]
pub fn current_path() -> Option<String> {
    with_run(|core| core.current.map(|task| core.task_path(task))).flatten()
}

/// Gives way once: every turn that is ready comes first under plain scheduling.
///
/// Works on any executor.
///
/// # Cancel safety
/// Dropping it has no effect.
pub fn yield_now() -> YieldNow {
    YieldNow { has_yielded: false }
}

/// The future of [`yield_now`].
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct YieldNow {
    has_yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_yielded {
            return Poll::Ready(());
        }
        self.has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
