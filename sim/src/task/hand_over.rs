//! Moving a future from one task to another between two polls.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{JoinHandle, task};
use crate::choice::Label;
use crate::engine::{Question, expect_run};

/// What the task is called that a future is moved to.
pub(crate) const HANDED_OVER: &str = "handed-over";

/// Runs a future here, or moves it to a task of its own between two polls: a choice, each time
/// it is pending; plainly, it stays.
///
/// A future may be polled by one task first and by another later, with another waker. One that
/// keeps the first waker it has seen goes unnoticed until somebody does so.
///
/// # Cancel safety
/// Dropping it drops the future, or aborts the task that it was moved to.
pub fn hand_over<F>(future: F) -> HandOver<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    HandOver { stage: Stage::Here(Box::pin(future)) }
}

/// The future of [`hand_over`].
#[must_use = "futures do nothing unless they are polled"]
pub struct HandOver<F: Future> {
    stage: Stage<F>,
}

enum Stage<F: Future> {
    /// Is polled by whoever polls this.
    Here(Pin<Box<F>>),
    /// Was moved to a task of its own.
    There(JoinHandle<F::Output>),
    /// Has returned.
    Over,
}

impl<F> Future for HandOver<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    type Output = F::Output;

    // Where it is awaited is where its task is spawned and joined.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let Stage::Here(future) = &mut self.stage {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                self.stage = Stage::Over;
                return Poll::Ready(output);
            }
            let site = Location::caller();
            let question = Question { label: Label::Fault, arity: 2, weight: None };
            if expect_run("sim::hand_over", |core| core.choose_at(question, site)) == 0 {
                return Poll::Pending;
            }
            let Stage::Here(future) = std::mem::replace(&mut self.stage, Stage::Over) else {
                return Poll::Pending;
            };
            self.stage = Stage::There(task().named(HANDED_OVER).spawn(future));
        }
        match &mut self.stage {
            Stage::There(handle) => match Pin::new(handle).poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Ok(output)) => Poll::Ready(output),
                // Its task is aborted only with the whole run, which polls nobody any more.
                Poll::Ready(Err(_)) => Poll::Pending,
            },
            Stage::Here(_) => Poll::Pending,
            Stage::Over => panic!("a HandOver was polled after it had returned"),
        }
    }
}

impl<F: Future> fmt::Debug for HandOver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.stage {
            Stage::Here(_) => "<HandOver [here]>",
            Stage::There(_) => "<HandOver [moved]>",
            Stage::Over => "<HandOver [over]>",
        })
    }
}

impl<F: Future> Drop for HandOver<F> {
    fn drop(&mut self) {
        if let Stage::There(handle) = &self.stage {
            handle.abort();
        }
    }
}
