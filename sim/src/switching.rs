//! Where tasks give way: points added by hand, and parts that are left alone.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::engine::with_run;
use crate::probe::{Access, Operation};

/// A point at which another task may come in between under preemptive switching: for code that
/// shares state through something that is not instrumented.
///
/// # Cancel safety
/// Dropping it has no effect.
#[track_caller]
pub fn step() -> Step {
    Step { operation: Operation::new("step", Access::Change, Location::caller()) }
}

/// The future of [`step`].
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct Step {
    operation: Operation,
}

impl Future for Step {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.operation.poll_announce(None, cx).is_pending() {
            return Poll::Pending;
        }
        self.operation.executed(None);
        Poll::Ready(())
    }
}

pin_project! {
    /// The future of [`without_switching`].
    #[must_use = "futures do nothing unless they are polled"]
    #[derive(Debug)]
    pub struct WithoutSwitching<F> {
        #[pin]
        future: F,
    }
}

/// Runs a future in which no announced operation gives way: other tasks come in between only
/// where it really suspends.
pub fn without_switching<F: Future>(future: F) -> WithoutSwitching<F> {
    WithoutSwitching { future }
}

/// Counts the futures that are being polled so. Leaves on unwinding too.
struct Inside;

impl Inside {
    fn enter() -> Inside {
        with_run(|core| core.gates_shut += 1);
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        with_run(|core| core.gates_shut = core.gates_shut.saturating_sub(1));
    }
}

impl<F: Future> Future for WithoutSwitching<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _inside = Inside::enter();
        self.project().future.poll(cx)
    }
}
