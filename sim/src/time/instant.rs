//! An instant of virtual time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

use crate::engine::expect_run;

/// An instant of virtual time: nanoseconds since the run began.
///
/// Arithmetic saturates at the run's beginning and at [`Instant::NEVER`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanos: u64,
}

impl Instant {
    /// The beginning of the run.
    pub const START: Instant = Instant { nanos: 0 };

    /// Beyond the end of time, some 584 years: a timer for it is never due.
    pub const NEVER: Instant = Instant { nanos: u64::MAX };

    /// The current instant of the run.
    ///
    /// # Panics
    /// Outside of a run.
    #[must_use]
    #[track_caller]
    pub fn now() -> Instant {
        expect_run("sim::time::Instant::now", |core| core.now())
    }

    /// The instant `nanos` nanoseconds after the beginning of the run.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Instant {
        Instant { nanos }
    }

    /// Nanoseconds since the beginning of the run.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }

    /// The time since an earlier instant; zero if that is not earlier.
    #[must_use]
    pub const fn duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }

    /// The time that has passed since this instant; zero if it lies ahead.
    ///
    /// # Panics
    /// Outside of a run.
    #[must_use]
    #[track_caller]
    pub fn elapsed(self) -> Duration {
        Instant::now().duration_since(self)
    }

    /// This instant and a duration later, unless that lies beyond the end of time.
    #[inline]
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Instant> {
        self.nanos.checked_add(nanos_of(duration)?).map(Instant::from_nanos)
    }

    /// This instant and a duration earlier, unless that lies before the run began.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Instant> {
        self.nanos.checked_sub(nanos_of(duration)?).map(Instant::from_nanos)
    }
}

/// A duration in nanoseconds, unless that is beyond the end of time.
#[inline]
const fn nanos_of(duration: Duration) -> Option<u64> {
    match duration.as_secs().checked_mul(1_000_000_000) {
        Some(nanos) => nanos.checked_add(duration.subsec_nanos() as u64),
        None => None,
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// Saturates at [`Instant::NEVER`].
    #[inline]
    fn add(self, duration: Duration) -> Instant {
        self.checked_add(duration).unwrap_or(Instant::NEVER)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    /// Saturates at [`Instant::START`].
    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration).unwrap_or(Instant::START)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    /// Saturates at zero.
    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

/// Seconds, with as many digits as are needed, but at least three: `1.500`, `0.000000001`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Instant::NEVER {
            return f.pad("never");
        }
        let (seconds, nanos) = (self.nanos / 1_000_000_000, self.nanos % 1_000_000_000);
        let text = if nanos % 1_000_000 == 0 {
            format!("{seconds}.{:03}", nanos / 1_000_000)
        } else if nanos % 1_000 == 0 {
            format!("{seconds}.{:06}", nanos / 1_000)
        } else {
            format!("{seconds}.{nanos:09}")
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let second = Duration::from_secs(1);
        assert_eq!(Instant::START - second, Instant::START);
        assert_eq!(Instant::NEVER + second, Instant::NEVER);
        assert_eq!(Instant::START + Duration::MAX, Instant::NEVER);
        assert_eq!(Instant::NEVER - Duration::MAX, Instant::START);
        assert_eq!(Instant::START - (Instant::START + second), Duration::ZERO);
        assert_eq!((Instant::START + second).checked_sub(2 * second), None);
    }

    #[test]
    fn an_instant_prints_as_seconds() {
        let texts = [0, 1_500_000_000, 1_000, 1, 61_000_001_000].map(Instant::from_nanos);
        let texts = texts.map(|instant| instant.to_string());
        assert_eq!(texts, ["0.000", "1.500", "0.000001", "0.000000001", "61.000001"]);
        assert_eq!(Instant::NEVER.to_string(), "never");
    }
}
