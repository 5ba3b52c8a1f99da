//! Ticking at a fixed period.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{DELAY_MAX, Instant, MissedTickBehavior, Sleep, sleep_until};
use crate::inside::is_inside;

/// Ticks at once, and then every `period`.
///
/// # Panics
/// If `period` is zero, and outside of a run and of a runtime that has time turned on.
///
/// # Examples
/// ```
/// use unpick_tokio::time::{Duration, Instant, interval};
///
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     let begin = Instant::now();
///     let mut ticks = interval(Duration::from_secs(10));
///     ticks.tick().await;
///     ticks.tick().await;
///     begin.elapsed()
/// });
/// assert_eq!(outcome.result, Ok(Duration::from_secs(10)));
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(!period.is_zero(), "`period` must be non-zero.");
    interval_at(Instant::now(), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
/// If `period` is zero, and outside of a run and of a runtime that has time turned on.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "`period` must be non-zero.");
    Interval(if is_inside() {
        Kind::Run(OfRun {
            sleep: Box::pin(sleep_until(start)),
            period: period.min(DELAY_MAX),
            missed: MissedTickBehavior::default(),
        })
    } else {
        Kind::Tokio(tokio::time::interval_at(start.into(), period))
    })
}

/// The ticks of [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval(Kind);

#[derive(Debug)]
enum Kind {
    Tokio(tokio::time::Interval),
    Run(OfRun),
}

/// The ticks in a run.
#[derive(Debug)]
struct OfRun {
    /// Ends at the next tick.
    sleep: Pin<Box<Sleep>>,
    period: Duration,
    missed: MissedTickBehavior,
}

impl OfRun {
    fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        // As tokio has it: what comes this little late has missed nothing.
        const LATE: Duration = Duration::from_millis(5);
        ready!(self.sleep.as_mut().poll(cx));
        let (tick, now) = (self.sleep.deadline(), Instant::now());
        let next =
            if now > tick + LATE { self.after_missed(tick, now) } else { tick + self.period };
        self.sleep.as_mut().reset(next);
        Poll::Ready(tick)
    }

    /// When to tick next after ticks were missed.
    fn after_missed(&self, tick: Instant, now: Instant) -> Instant {
        match self.missed {
            MissedTickBehavior::Burst => tick + self.period,
            MissedTickBehavior::Delay => now + self.period,
            MissedTickBehavior::Skip => {
                let into_ns = (now - tick).as_nanos() % self.period.as_nanos();
                // Less than the period, which is at most some 30 years.
                now + (self.period - Duration::from_nanos(into_ns as u64))
            }
        }
    }
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
        match &mut self.0 {
            Kind::Tokio(interval) => interval.poll_tick(cx).map(Instant::from),
            Kind::Run(of_run) => of_run.poll_tick(cx),
        }
    }

    /// Has the next tick one period from now.
    pub fn reset(&mut self) {
        match &mut self.0 {
            Kind::Tokio(interval) => interval.reset(),
            Kind::Run(of_run) => of_run.sleep.as_mut().reset(Instant::now() + of_run.period),
        }
    }

    /// Has the next tick now.
    pub fn reset_immediately(&mut self) {
        self.reset_at(Instant::now());
    }

    /// Has the next tick in `after`.
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(Instant::now() + after.min(DELAY_MAX));
    }

    /// Has the next tick at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        match &mut self.0 {
            Kind::Tokio(interval) => interval.reset_at(deadline.into()),
            Kind::Run(of_run) => of_run.sleep.as_mut().reset(deadline),
        }
    }

    /// What becomes of ticks that were missed.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        match &self.0 {
            Kind::Tokio(interval) => interval.missed_tick_behavior(),
            Kind::Run(of_run) => of_run.missed,
        }
    }

    /// Says what becomes of ticks that were missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        match &mut self.0 {
            Kind::Tokio(interval) => interval.set_missed_tick_behavior(behavior),
            Kind::Run(of_run) => of_run.missed = behavior,
        }
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        match &self.0 {
            Kind::Tokio(interval) => interval.period(),
            Kind::Run(of_run) => of_run.period,
        }
    }
}
