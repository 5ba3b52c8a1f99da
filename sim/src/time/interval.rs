//! Ticking at a fixed period of virtual time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Instant, Sleep, sleep_until};
use crate::engine::expect_run;

/// Ticks at once, and then every `period`.
///
/// # Panics
/// Outside of a run, or if `period` is zero.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_sim::{Run, time};
///
/// let outcome = Run::new().execute(|| async {
///     let mut ticks = time::interval(Duration::from_secs(10));
///     ticks.tick().await;
///     ticks.tick().await;
///     ticks.tick().await.to_string()
/// });
/// assert_eq!(outcome.result.as_deref(), Ok("20.000"));
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    let now = expect_run("sim::time::interval", |core| core.now());
    interval_at(now, period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
/// If `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval's period is more than zero");
    Interval { sleep: sleep_until(start), period }
}

/// The ticks of [`interval`] and [`interval_at`].
///
/// A tick that comes late is followed by the missed ones at once, and the later ones come when
/// they would have come anyway.
#[derive(Debug)]
pub struct Interval {
    /// Ends at the next tick.
    sleep: Sleep,
    period: Duration,
}

impl Interval {
    /// Waits for the next tick, and returns the instant for which it was set.
    ///
    /// # Cancel safety
    /// No tick is lost when it is dropped.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        match Pin::new(&mut self.sleep).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                let tick = self.sleep.deadline();
                self.sleep.reset(tick + self.period);
                Poll::Ready(tick)
            }
        }
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}
