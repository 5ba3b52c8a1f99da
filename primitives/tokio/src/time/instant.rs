//! An instant, as the clock measures that is the current one.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use unpick_sim::time::Instant as Virtual;

use crate::driven;
use crate::inside::is_inside;

/// An instant of a clock that never goes back: of the run's inside of a run, and of tokio's
/// outside.
///
/// Inside of a run, what `tokio::time::Instant::now` and the conversions say to crates that use
/// tokio themselves agrees with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    std: std::time::Instant,
}

impl Instant {
    /// The current instant.
    ///
    /// # Examples
    /// ```
    /// use unpick_tokio::time::{Duration, Instant, sleep};
    ///
    /// let outcome = unpick_sim::Run::new().execute(|| async {
    ///     let begin = Instant::now();
    ///     sleep(Duration::from_secs(3600)).await;
    ///     begin.elapsed()
    /// });
    /// assert_eq!(outcome.result, Ok(Duration::from_secs(3600)));
    /// ```
    #[must_use]
    pub fn now() -> Instant {
        if is_inside() {
            Instant::of_run(Virtual::now())
        } else {
            Instant { std: tokio::time::Instant::now().into_std() }
        }
    }

    /// The same instant of the standard library's.
    #[must_use]
    pub fn from_std(std: std::time::Instant) -> Instant {
        Instant { std }
    }

    /// The same instant for the standard library.
    #[must_use]
    pub fn into_std(self) -> std::time::Instant {
        self.std
    }

    /// The time since an earlier instant; zero if that is not earlier.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// The time since an earlier instant, if it is earlier.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.std.checked_duration_since(earlier.std)
    }

    /// The time since an earlier instant; zero if that is not earlier.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// The time that has passed since this instant; zero if it lies ahead.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(*self)
    }

    /// This instant and a duration later, if there is such an instant.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.std.checked_add(duration).map(Instant::from_std)
    }

    /// This instant and a duration earlier, if there is such an instant.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.std.checked_sub(duration).map(Instant::from_std)
    }

    /// The same instant, of the run's clock; to be called inside of a run.
    pub(super) fn in_run(self) -> Virtual {
        let since_start = self.std.saturating_duration_since(driven::start());
        Virtual::START + since_start
    }

    fn of_run(at: Virtual) -> Instant {
        Instant { std: driven::start() + at.duration_since(Virtual::START) }
    }
}

impl From<std::time::Instant> for Instant {
    fn from(std: std::time::Instant) -> Instant {
        Instant::from_std(std)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> std::time::Instant {
        instant.into_std()
    }
}

impl From<tokio::time::Instant> for Instant {
    fn from(instant: tokio::time::Instant) -> Instant {
        Instant::from_std(instant.into_std())
    }
}

impl From<Instant> for tokio::time::Instant {
    fn from(instant: Instant) -> tokio::time::Instant {
        tokio::time::Instant::from_std(instant.std)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, other: Duration) -> Instant {
        Instant::from_std(self.std + other)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, other: Duration) {
        *self = *self + other;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Saturates at zero.
    fn sub(self, earlier: Instant) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, other: Duration) -> Instant {
        Instant::from_std(self.std - other)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, other: Duration) {
        *self = *self - other;
    }
}

/// Inside of a run: the time since the run began, in seconds.
impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_inside() { write!(f, "Instant(t={})", self.in_run()) } else { self.std.fmt(f) }
    }
}
