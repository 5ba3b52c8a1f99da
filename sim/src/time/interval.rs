//! Ticking at a fixed period of virtual time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{Instant, Sleep, sleep_until};
use crate::engine::expect_run;

/// Ticks at once, and then every `period`. What becomes of ticks that were missed says
/// [`MissedTickBehavior`].
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
    Interval { sleep: sleep_until(start), period, missed: MissedTickBehavior::default() }
}

/// What becomes of the ticks that an [`Interval`] missed because nobody waited for them: as in
/// tokio.
///
/// A tick that is at most five milliseconds late counts as in time: the next one comes a period
/// after the instant for which it was set.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_sim::{Run, time};
/// use unpick_sim::time::MissedTickBehavior::{self, Burst, Delay, Skip};
///
/// const MINUTE: Duration = Duration::from_secs(60);
///
/// /// At which minutes four ticks come, when two and a half minutes go by after the first.
/// async fn minutes(missed: MissedTickBehavior) -> [String; 4] {
///     let mut ticks = time::interval(MINUTE);
///     ticks.set_missed_tick_behavior(missed);
///     let mut came = Vec::new();
///     for number in 0..4 {
///         ticks.tick().await;
///         came.push(time::Instant::now().to_string());
///         if number == 0 {
///             time::sleep(MINUTE * 5 / 2).await;
///         }
///     }
///     came.try_into().expect("four ticks came")
/// }
///
/// let ticks_of = |missed| Run::new().execute(move || minutes(missed)).result;
/// let came = |seconds: [&str; 4]| Ok(seconds.map(String::from));
/// assert_eq!(ticks_of(Burst), came(["0.000", "150.000", "150.000", "180.000"]));
/// assert_eq!(ticks_of(Delay), came(["0.000", "150.000", "210.000", "270.000"]));
/// assert_eq!(ticks_of(Skip), came(["0.000", "150.000", "180.000", "240.000"]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// They come at once, one after the other, and the later ones when they would have come
    /// anyway.
    #[default]
    Burst,
    /// They do not come: the next one comes a period after the late one was waited for.
    Delay,
    /// They do not come: the next one comes when one would have come anyway.
    Skip,
}

/// How late a tick may be without another having been missed.
const LATE: Duration = Duration::from_millis(5);

/// The ticks of [`interval`] and [`interval_at`].
#[derive(Debug)]
pub struct Interval {
    /// Ends at the next tick.
    sleep: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
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
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let (tick, now) = (self.sleep.deadline(), Instant::now());
        self.sleep.reset(match self.missed {
            MissedTickBehavior::Delay if now > tick + LATE => now + self.period,
            MissedTickBehavior::Skip if now > tick + LATE => self.next_multiple(tick, now),
            _ => tick + self.period,
        });
        Poll::Ready(tick)
    }

    /// The first instant after `now` that is so many periods after `tick`.
    fn next_multiple(&self, tick: Instant, now: Instant) -> Instant {
        let into_ns = (now - tick).as_nanos() % self.period.as_nanos();
        // Both fit: it is less than an instant has.
        let into = Duration::from_nanos(u64::try_from(into_ns).unwrap_or(u64::MAX));
        now + (self.period - into)
    }

    /// Has the next tick come one period from now. Whoever waits for a tick waits for that one:
    /// so with the others that set it.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use unpick_sim::{Run, time};
    ///
    /// let outcome = Run::new().execute(|| async {
    ///     let mut ticks = time::interval(Duration::from_secs(10));
    ///     ticks.tick().await;
    ///     time::sleep(Duration::from_secs(7)).await;
    ///     ticks.reset();
    ///     ticks.tick().await.to_string()
    /// });
    /// assert_eq!(outcome.result.as_deref(), Ok("17.000"));
    /// ```
    #[track_caller]
    pub fn reset(&mut self) {
        self.reset_at(Instant::now() + self.period);
    }

    /// Has the next tick come at once, and the one after it a period later.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use unpick_sim::{Run, time};
    ///
    /// let outcome = Run::new().execute(|| async {
    ///     let mut ticks = time::interval(Duration::from_secs(10));
    ///     ticks.tick().await;
    ///     time::sleep(Duration::from_secs(7)).await;
    ///     ticks.reset_immediately();
    ///     [ticks.tick().await, ticks.tick().await].map(|tick| tick.to_string())
    /// });
    /// assert_eq!(outcome.result, Ok(["7.000", "17.000"].map(String::from)));
    /// ```
    #[track_caller]
    pub fn reset_immediately(&mut self) {
        self.reset_at(Instant::now());
    }

    /// Has the next tick come in `after`, and the one after it a period later.
    ///
    /// # Panics
    /// Outside of a run.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use unpick_sim::{Run, time};
    ///
    /// let outcome = Run::new().execute(|| async {
    ///     let mut ticks = time::interval(Duration::from_secs(10));
    ///     ticks.reset_after(Duration::from_secs(3));
    ///     [ticks.tick().await, ticks.tick().await].map(|tick| tick.to_string())
    /// });
    /// assert_eq!(outcome.result, Ok(["3.000", "13.000"].map(String::from)));
    /// ```
    #[track_caller]
    pub fn reset_after(&mut self, after: Duration) {
        self.reset_at(Instant::now() + after);
    }

    /// Has the next tick come at `deadline`, however far off, and the one after it a period
    /// later. Ticks that were missed before do not count; a deadline that has passed is a tick
    /// that is late.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use unpick_sim::{Run, time};
    ///
    /// let outcome = Run::new().execute(|| async {
    ///     let mut ticks = time::interval(Duration::from_secs(10));
    ///     ticks.reset_at(time::Instant::START + Duration::from_secs(25));
    ///     [ticks.tick().await, ticks.tick().await].map(|tick| tick.to_string())
    /// });
    /// assert_eq!(outcome.result, Ok(["25.000", "35.000"].map(String::from)));
    /// ```
    pub fn reset_at(&mut self, deadline: Instant) {
        self.sleep.reset(deadline);
    }

    /// What becomes of ticks that were missed.
    #[must_use]
    pub const fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Says what is to become of ticks that are missed: see [`MissedTickBehavior`].
    pub const fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}
