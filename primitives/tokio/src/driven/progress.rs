//! The two ways in which the driven runtime makes progress.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use tokio::runtime::{Runtime, RuntimeMetrics};
use unpick_sim::probe;

use super::{hooks, panics};

/// What polling one task of the runtime came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// One was polled.
    One,
    /// None was ready.
    None,
}

/// Polls at most one task of the runtime. Its clock stands still.
pub(super) fn poll_one(runtime: &Runtime) -> Polled {
    runtime.block_on(PollOne::Begins)
}

/// Runs while the runtime polls its tasks one by one. It is polled itself before each of them.
enum PollOne {
    Begins,
    /// The lookahead was queued just now, behind whatever was queued.
    Looking,
    /// The lookahead was somewhere in the queue.
    LookingWithin,
}

impl Future for PollOne {
    type Output = Polled;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Polled> {
        match *self {
            PollOne::Begins => {}
            _ if !hooks::lookahead_ran() => return Poll::Ready(Polled::One),
            PollOne::Looking => return Poll::Ready(Polled::None),
            PollOne::LookingWithin => {}
        }
        let is_last = hooks::queue_lookahead();
        *self = if is_last { PollOne::Looking } else { PollOne::LookingWithin };
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The task of the run that stands for the runtime: each of its polls is one of a task there.
pub(super) struct Turns {
    runtime: Rc<Runtime>,
    metrics: RuntimeMetrics,
    waker: Rc<RefCell<Option<Waker>>>,
}

impl Turns {
    /// The task, and the place where its waker is found once it was polled.
    pub(super) fn new(runtime: Rc<Runtime>) -> (Turns, Rc<RefCell<Option<Waker>>>) {
        let waker = Rc::default();
        let metrics = runtime.metrics();
        (Turns { runtime, metrics, waker: Rc::clone(&waker) }, waker)
    }
}

impl Future for Turns {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.waker.borrow().is_none() {
            *self.waker.borrow_mut() = Some(cx.waker().clone());
        }
        // Looking for a task fires what is due, which may have woken one.
        let poll_one = || panics::watching(&self.metrics, || poll_one(&self.runtime));
        if poll_one() == Polled::One || poll_one() == Polled::One {
            // There may be more: whoever woke itself comes last.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

pin_project! {
    /// Lets the runtime park, which moves its clock to its next timer, until something may run.
    pub(super) struct Advance<S> {
        // Ends where the clock may not go further.
        #[pin]
        limit: S,
        // Whether the runtime has tasks, which the timers that fire may have woken.
        has_tasks: bool,
        is_parked: bool,
    }
}

/// Where the clock was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// As far as it may go.
    Limit,
    /// To a timer.
    Timer,
}

impl<S> Advance<S> {
    pub(super) fn new(limit: S, has_tasks: bool) -> Advance<S> {
        Advance { limit, has_tasks, is_parked: false }
    }
}

impl<S: Future<Output = ()>> Future for Advance<S> {
    type Output = Reached;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reached> {
        let this = self.project();
        if this.limit.poll(cx).is_ready() {
            hooks::wake_at_unpark(None);
            return Poll::Ready(Reached::Limit);
        }
        if std::mem::replace(this.is_parked, true) {
            if *this.has_tasks || probe::has_turns() {
                hooks::wake_at_unpark(None);
                return Poll::Ready(Reached::Timer);
            }
        } else {
            hooks::wake_at_unpark(Some(cx.waker().clone()));
        }
        Poll::Pending
    }
}
