//! Which part of a hunt's runs is made here.

/// One of several parts of a hunt, which together make all of its runs.
///
/// Every shard makes the calibration runs; the others are dealt out in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 0.
    index: u64,
    count: u64,
}

use crate::strategy::portfolio::CALIBRATION_RUNS;

impl Shard {
    /// The only one.
    pub(super) const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// Shard `ordinal` (from 1) of `count`; `None` if there is none such.
    pub(super) const fn new(ordinal: u64, count: u64) -> Option<Shard> {
        if ordinal == 0 || ordinal > count {
            return None;
        }
        Some(Shard { index: ordinal - 1, count })
    }

    /// The number of the shard's run at this place, from 0, after calibration.
    pub(super) fn number(self, place: u64) -> Option<u64> {
        place.checked_mul(self.count)?.checked_add(self.index + CALIBRATION_RUNS)
    }

    /// How many of its runs have a number up to `last`.
    pub(super) const fn runs_up_to(self, last: u64) -> u64 {
        if last < CALIBRATION_RUNS {
            return last + 1;
        }
        let after = last - CALIBRATION_RUNS;
        let own = if after < self.index { 0 } else { (after - self.index) / self.count + 1 };
        CALIBRATION_RUNS + own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_make_every_run_between_them_and_calibration_each() {
        for count in 1..6 {
            let mut made = Vec::new();
            for ordinal in 1..=count {
                let shard = Shard::new(ordinal, count).expect("it is one of them");
                let own: Vec<u64> =
                    (0..).map_while(|place| shard.number(place).filter(|&n| n < 100)).collect();
                assert_eq!(shard.runs_up_to(99), CALIBRATION_RUNS + own.len() as u64);
                assert_eq!(shard.runs_up_to(5), 6);
                made.extend(own);
            }
            made.sort_unstable();
            assert_eq!(made, (CALIBRATION_RUNS..100).collect::<Vec<u64>>());
        }
        assert_eq!((Shard::new(0, 4), Shard::new(5, 4)), (None, None));
        assert_eq!(Shard::new(4, 4).and_then(|shard| shard.number(u64::MAX)), None);
    }
}
