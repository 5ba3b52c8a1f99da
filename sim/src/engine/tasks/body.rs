//! A task's future and then its output, in the one allocation that a task costs.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// A task's future, and then its output, whatever their types.
pub(crate) type TaskBody = Pin<Box<dyn Body>>;

/// A future that keeps its output, and can be replaced by another one of its type.
pub(crate) trait Body {
    /// Polls the future. When that returns, it is dropped, and its output kept.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Moves the output to `place` if that is an `Option` of its type, and drops it otherwise.
    fn give_up(self: Pin<&mut Self>, place: &mut dyn Any);

    /// Moves in the future that is in `place`, if that is an `Option` of this one's type and if
    /// there is nothing left here; says whether. Runs no code of others.
    fn refill(self: Pin<&mut Self>, place: &mut dyn Any) -> bool;
}

/// The body of a task.
pub(crate) fn body<F>(future: F) -> TaskBody
where
    F: Future + 'static,
    F::Output: 'static,
{
    Box::pin(Stage::Going { future })
}

pin_project! {
    #[project = Projected]
    enum Stage<F: Future> {
        /// The future has not returned. Left when it does.
        Going { #[pin] future: F },
        /// It has returned this, unless somebody has taken it. Left when it is refilled.
        Over { output: Option<F::Output> },
    }
}

impl<F> Body for Stage<F>
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let output = match self.as_mut().project() {
            Projected::Going { future } => ready!(future.poll(cx)),
            Projected::Over { .. } => panic!("an ended task was polled; this is a bug in unpick"),
        };
        self.set(Stage::Over { output: Some(output) });
        Poll::Ready(())
    }

    #[inline]
    fn give_up(self: Pin<&mut Self>, place: &mut dyn Any) {
        if let Projected::Over { output } = self.project() {
            match place.downcast_mut::<Option<F::Output>>() {
                Some(place) => *place = output.take(),
                None => *output = None,
            }
        }
    }

    #[inline]
    fn refill(mut self: Pin<&mut Self>, place: &mut dyn Any) -> bool {
        let is_empty = matches!(self.as_mut().project(), Projected::Over { output: None });
        let Some(place) = place.downcast_mut::<Option<F>>() else { return false };
        if is_empty && let Some(future) = place.take() {
            self.set(Stage::Going { future });
        }
        is_empty
    }
}
