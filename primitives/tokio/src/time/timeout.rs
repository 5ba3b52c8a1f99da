//! Futures that must be done in time.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use unpick_sim::choice::Label;
use unpick_sim::probe::{self, Scope};

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
            let mut sleep = None;
            // Not a `map`, which would be who calls.
            if let Some(deadline) = Instant::now().checked_add(duration) {
                sleep = Some(sleep_until(deadline));
            }
            Kind::Run { held: Held::new(future), sleep, has_waited: false }
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
            let sleep = Some(sleep_until(deadline));
            Kind::Run { held: Held::new(future), sleep, has_waited: false }
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
            held: Held<T>,
            #[pin]
            sleep: Option<Sleep>,
            has_waited: bool,
        },
    }
}

pin_project! {
    /// The future, which is told of when it is dropped because its time is up. That is when the
    /// timeout itself is dropped, as in tokio: until then it can be had.
    #[derive(Debug)]
    struct Held<T> {
        // Invariant: there until it is dropped or taken.
        #[pin]
        future: Option<T>,
        scope: Scope,
        is_late: bool,
    }

    impl<T> PinnedDrop for Held<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if *this.is_late && this.future.is_some() {
                this.scope.time_out(|| this.future.set(None));
            }
        }
    }
}

const IS_THERE: &str = "the future of a timeout is there until it is taken";

impl<T> Held<T> {
    #[track_caller]
    const fn new(future: T) -> Held<T> {
        Held { future: Some(future), scope: Scope::new(), is_late: false }
    }

    fn get(&self) -> &T {
        self.future.as_ref().expect(IS_THERE)
    }
}

impl<T> Timeout<T> {
    /// The future.
    pub fn get_ref(&self) -> &T {
        match &self.kind {
            Kind::Tokio { timeout } => timeout.get_ref(),
            Kind::Run { held, .. } => held.get(),
        }
    }

    /// The future.
    pub fn get_mut(&mut self) -> &mut T {
        match &mut self.kind {
            Kind::Tokio { timeout } => timeout.get_mut(),
            Kind::Run { held, .. } => held.future.as_mut().expect(IS_THERE),
        }
    }

    /// The future.
    pub fn into_inner(self) -> T {
        match self.kind {
            Kind::Tokio { timeout } => timeout.into_inner(),
            Kind::Run { mut held, .. } => held.future.take().expect(IS_THERE),
        }
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Tokio { timeout } => timeout.poll(cx).map_err(Elapsed::from),
            KindProjection::Run { held, sleep, has_waited } => {
                let held = held.project();
                held.scope.polls();
                let future = held.future.as_pin_mut().expect(IS_THERE);
                if let Poll::Ready(value) = future.poll(cx) {
                    // A value that is there at once does not race with anything.
                    let is_late = *has_waited
                        && sleep.as_ref().get_ref().as_ref().is_some_and(Sleep::is_elapsed);
                    if is_late && probe::choose(Label::Time, 2) != 0 {
                        held.scope.time_out(|| drop(value));
                        return Poll::Ready(Err(Elapsed::new()));
                    }
                    return Poll::Ready(Ok(value));
                }
                *has_waited = true;
                let Some(sleep) = sleep.as_pin_mut() else { return Poll::Pending };
                ready!(sleep.poll(cx));
                *held.is_late = true;
                Poll::Ready(Err(Elapsed::new()))
            }
        }
    }
}
