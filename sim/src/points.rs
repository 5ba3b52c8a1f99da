//! Points: named places of a program, by which a ticket or a test says in which order things
//! happened.

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::engine::with_run;
use crate::probe::{Access, Operation};

/// Notes that the program comes by a named point. Outside of a run it does nothing.
///
/// As a statement, `point!("checkout.has_idle");`, it is no place at which another task comes in
/// between: code that is not async has points too. Awaited, `point!("checkout.has_idle").await`,
/// it is one, as [`step`](crate::step()) is, so that a task can be held back exactly there.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, point};
///
/// let outcome = Run::new().traced().execute(|| async {
///     point!("begun");
///     point!("half-way").await;
/// });
/// let text = outcome.trace.unwrap().to_text();
/// assert!(text.contains("point begun") && text.contains("point half-way"));
/// ```
#[macro_export]
macro_rules! point {
    ($label:expr $(,)?) => {
        $crate::points::at($label)
    };
}

/// A point that is passed where this is made.
#[doc(hidden)]
#[track_caller]
pub fn at(label: &'static str) -> Point {
    Point { label: Some(label), site: Location::caller() }
}

/// What [`point!`](crate::point!) makes: the point is passed when it is dropped, which is at once
/// in a statement, or when it is awaited.
#[derive(Debug)]
pub struct Point {
    /// Taken when it is awaited.
    label: Option<&'static str>,
    site: &'static Location<'static>,
}

impl Drop for Point {
    #[inline]
    fn drop(&mut self) {
        if let Some(label) = self.label.take() {
            pass(label, self.site);
        }
    }
}

#[inline]
fn pass(label: &'static str, site: &'static Location<'static>) {
    with_run(|core| {
        if core.is_watched() {
            core.pass_point(label, site);
        }
    });
}

impl IntoFuture for Point {
    type Output = ();
    type IntoFuture = AwaitedPoint;

    fn into_future(mut self) -> AwaitedPoint {
        let operation = Operation::new("point", Access::Change, self.site);
        AwaitedPoint { label: self.label.take().unwrap_or_default(), operation }
    }
}

/// The future of an awaited [`point!`](crate::point!).
///
/// # Cancel safety
/// Dropping it before it is ready leaves the point unpassed.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct AwaitedPoint {
    label: &'static str,
    operation: Operation,
}

impl Future for AwaitedPoint {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.operation.poll_announce(None, cx).is_pending() {
            return Poll::Pending;
        }
        self.operation.executed(None);
        pass(self.label, self.operation.site());
        Poll::Ready(())
    }
}
