//! Futures that must be done in time.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use unpick_sim::choice::Label;
use unpick_sim::probe;

use super::error::Elapsed;
use super::{Instant, Sleep, sleep_until};
use crate::inside::is_inside;

/// Runs a future until it returns or `duration` has passed.
///
/// Inside of a run, a value that comes at the very instant of the deadline is a choice: plainly,
/// the value wins.
///
/// # Cancel safety
/// Dropping it drops the future.
///
/// # Panics
/// Outside of a run and of a runtime that has time turned on.
#[track_caller]
pub fn timeout<F>(duration: Duration, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    let future = future.into_future();
    Timeout {
        kind: if is_inside() {
            // Beyond what an instant can say, the time is never up.
            match Instant::now().checked_add(duration) {
                Some(deadline) => {
                    Kind::Run { future, sleep: Some(sleep_until(deadline)), has_waited: false }
                }
                None => Kind::Run { future, sleep: None, has_waited: false },
            }
        } else {
            Kind::Tokio { timeout: tokio::time::timeout(duration, future) }
        },
    }
}

/// Runs a future until it returns or `deadline` has passed. See [`timeout`].
///
/// # Cancel safety
/// Dropping it drops the future.
///
/// # Panics
/// Outside of a run and of a runtime that has time turned on.
#[track_caller]
pub fn timeout_at<F>(deadline: Instant, future: F) -> Timeout<F::IntoFuture>
where
    F: IntoFuture,
{
    let future = future.into_future();
    Timeout {
        kind: if is_inside() {
            Kind::Run { future, sleep: Some(sleep_until(deadline)), has_waited: false }
        } else {
            Kind::Tokio { timeout: tokio::time::timeout_at(deadline.into(), future) }
        },
    }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    #[derive(Debug)]
    pub struct Timeout<T> {
        #[pin]
        kind: Kind<T>,
    }
}

pin_project! {
    #[project = KindProjection]
    #[derive(Debug)]
    enum Kind<T> {
        Tokio { #[pin] timeout: tokio::time::Timeout<T> },
        Run {
            #[pin]
            future: T,
            #[pin]
            sleep: Option<Sleep>,
            has_waited: bool,
        },
    }
}

impl<T> Timeout<T> {
    /// The future.
    pub fn get_ref(&self) -> &T {
        match &self.kind {
            Kind::Tokio { timeout } => timeout.get_ref(),
            Kind::Run { future, .. } => future,
        }
    }

    /// The future.
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.kind {
            Kind::Tokio { timeout } => timeout.get_mut(),
            Kind::Run { future, .. } => future,
        }
    }

    /// The future.
    pub fn into_inner(self) -> T {
        match self.kind {
            Kind::Tokio { timeout } => timeout.into_inner(),
            Kind::Run { future, .. } => future,
        }
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Tokio { timeout } => timeout.poll(cx).map_err(Elapsed::from),
            KindProjection::Run { future, sleep, has_waited } => {
                if let Poll::Ready(value) = future.poll(cx) {
                    // A value that is there at once does not race with anything.
                    let is_late = *has_waited
                        && sleep.as_ref().get_ref().as_ref().is_some_and(Sleep::is_elapsed);
                    let is_lost = is_late && probe::choose(Label::Time, 2) != 0;
                    return Poll::Ready(if is_lost { Err(Elapsed::new()) } else { Ok(value) });
                }
                *has_waited = true;
                match sleep.as_pin_mut() {
                    Some(sleep) => sleep.poll(cx).map(|()| Err(Elapsed::new())),
                    None => Poll::Pending,
                }
            }
        }
    }
}
