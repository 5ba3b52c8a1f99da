//! How many of so many runs failed, and how sure that is.

use std::fmt;

/// How many of a number of independent runs failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many failed.
    pub failed: u32,
    /// Of how many.
    pub of: u32,
}

impl Rate {
    /// In per cent, rounded to the nearest.
    ///
    /// # Panics
    /// If there were no runs.
    #[must_use]
    pub fn per_cent(self) -> u32 {
        assert!(self.of > 0, "a rate of no runs; expected at least 1");
        ((u64::from(self.failed) * 200 + u64::from(self.of)) / (u64::from(self.of) * 2)) as u32
    }

    /// Between which per cents the true rate lies, with 95 % confidence: Wilson's score interval
    /// (1927), rounded to the nearest.
    ///
    /// # Panics
    /// If there were no runs.
    #[must_use]
    #[expect(clippy::float_arithmetic, reason = "statistics of runs that are over")]
    pub fn interval(self) -> (u32, u32) {
        assert!(self.of > 0, "a rate of no runs; expected at least 1");
        const Z: f64 = 1.96;
        let (n, share) = (f64::from(self.of), f64::from(self.failed) / f64::from(self.of));
        let middle = share + Z * Z / (2.0 * n);
        let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 100.0 / (1.0 + Z * Z / n);
        let rounded = |per_cent: f64| per_cent.round().clamp(0.0, 100.0) as u32;
        (rounded((middle - reach) * scale), rounded((middle + reach) * scale))
    }

    /// Whether the two intervals lie apart, this one below.
    #[must_use]
    pub fn is_surely_below(self, other: Rate) -> bool {
        self.interval().1 < other.interval().0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.per_cent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the interval as tables have them.
    #[test]
    fn the_interval_is_wilsons() {
        for (failed, of, interval) in
            [(0, 10, (0, 28)), (10, 10, (72, 100)), (50, 100, (40, 60)), (1, 100, (0, 5))]
        {
            assert_eq!(Rate { failed, of }.interval(), interval, "{failed} of {of}");
        }
    }

    #[test]
    fn rates_that_could_be_the_same_are_not_told_apart() {
        let rate = |failed| Rate { failed, of: 100 };
        assert!(rate(50).is_surely_below(rate(100)));
        assert!(!rate(50).is_surely_below(rate(60)));
        assert!(!rate(100).is_surely_below(rate(50)));
        assert_eq!(rate(50).to_string(), "50 %");
    }
}
