//! How often each happens-before class was seen, in bounded memory.

use crate::class::Class;

/// How many classes are kept.
const KEPT_MAX: usize = 1 << 14;

/// Counts classes. When there are too many, only those are kept whose hash lies in the lower
/// half of the range, and so on: a sample of the classes, each with all of its runs, since hashes
/// are as good as random.
///
/// Invariant: every run of a class within the range is counted. So what is left after merging does
/// not depend on which part had seen what.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// In how many runs each was seen.
    counts: Counts,
    /// How often the range was halved.
    halvings: u32,
}

/// How many happens-before classes were seen in some runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// How many distinct ones, as far as they were counted: every class of a sample.
    pub distinct: u64,
    /// How many of them were seen in one run only.
    pub once: u64,
    /// How many runs were of one of them.
    pub runs: u64,
    /// How many classes there are to each one in the sample: 1 if all were counted.
    pub scale: u64,
}

impl ClassCounts {
    /// How many distinct classes there were, estimated if there were too many to count.
    #[must_use]
    pub const fn distinct_estimated(&self) -> u64 {
        self.distinct.saturating_mul(self.scale)
    }

    /// How likely the next run is of a class that was not seen, in thousandths: the Good–Turing
    /// estimate (Good 1953), which is the share of runs whose class was seen only once. `None`
    /// without any run.
    #[must_use]
    pub const fn unseen_per_mille(&self) -> Option<u64> {
        match self.runs {
            0 => None,
            runs => Some((self.once * 1000 + runs / 2) / runs),
        }
    }
}

impl Seen {
    fn keeps(&self, hash: u128) -> bool {
        self.halvings == 0 || hash.checked_shr(128 - self.halvings).unwrap_or(0) == 0
    }

    /// Counts a run of this class, if it is known.
    #[inline]
    pub(super) fn extend(&mut self, class: Option<Class>) {
        if let Some(Class(hash)) = class
            && self.keeps(hash)
        {
            self.counts.add(hash, 1);
            self.shrink();
        }
    }

    pub(super) fn merge(&mut self, other: &Seen) {
        self.restrict(self.halvings.max(other.halvings));
        for (hash, count) in other.counts.iter() {
            if self.keeps(hash) {
                self.counts.add(hash, count);
                self.shrink();
            }
        }
    }

    #[inline]
    fn shrink(&mut self) {
        while self.counts.taken > KEPT_MAX {
            self.restrict(self.halvings + 1);
        }
    }

    fn restrict(&mut self, halvings: u32) {
        if halvings > self.halvings {
            self.halvings = halvings;
            let all = std::mem::take(&mut self.counts);
            let kept = all.iter().filter(|&(hash, _)| self.keeps(hash));
            let mut counts = Counts::default();
            kept.for_each(|(hash, count)| counts.add(hash, count));
            self.counts = counts;
        }
    }

    pub(super) fn counts(&self) -> ClassCounts {
        ClassCounts {
            distinct: self.counts.taken as u64,
            once: self.counts.iter().filter(|&(_, count)| count == 1).count() as u64,
            runs: self.counts.iter().map(|(_, count)| u64::from(count)).sum(),
            scale: 1 << self.halvings.min(63),
        }
    }
}

/// A table of counts by hash, with open addressing: the hashes are as good as random, so that
/// their low bits say where to look first.
#[derive(Clone, Debug, Default)]
struct Counts {
    /// As many as a power of two, or none; at most half of them are taken.
    slots: Vec<Slot>,
    taken: usize,
}

/// Invariant: one that is empty has the count 0, any other one has not.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    high: u64,
    low: u64,
    count: u32,
}

/// How many slots a table begins with.
const SLOTS_MIN: usize = 64;

impl Counts {
    #[inline]
    fn add(&mut self, hash: u128, count: u32) {
        if self.taken * 2 >= self.slots.len() {
            self.grow();
        }
        let (high, low, mask) = ((hash >> 64) as u64, hash as u64, self.slots.len() - 1);
        let mut at = low as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.count == 0 {
                *slot = Slot { high, low, count };
                self.taken += 1;
                return;
            }
            if (slot.high, slot.low) == (high, low) {
                slot.count = slot.count.saturating_add(count);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); slots]);
        self.taken = 0;
        for Slot { high, low, count } in old.into_iter().filter(|slot| slot.count > 0) {
            self.add(u128::from(high) << 64 | u128::from(low), count);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u128, u32)> {
        let taken = self.slots.iter().filter(|slot| slot.count > 0);
        taken.map(|slot| (u128::from(slot.high) << 64 | u128::from(slot.low), slot.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64, twice: hashes with no pattern, some of them often.
    fn hash(number: u64) -> u128 {
        let mix = |seed: u64| {
            let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed ^ mixed >> 27
        };
        u128::from(mix(number + 1)) << 64 | u128::from(mix(number + 7))
    }

    fn seen(numbers: impl Iterator<Item = u64>) -> Seen {
        let mut seen = Seen::default();
        numbers.for_each(|number| seen.extend(Some(Class(hash(number)))));
        seen
    }

    #[test]
    fn a_few_classes_are_counted_exactly() {
        let counts = seen([1, 2, 2, 3, 3, 3, 4].into_iter()).counts();
        assert_eq!(counts, ClassCounts { distinct: 4, once: 2, runs: 7, scale: 1 });
        assert_eq!(counts.unseen_per_mille(), Some(286));
        assert_eq!(Seen::default().counts().unseen_per_mille(), None);
    }

    #[test]
    fn many_classes_are_estimated_from_a_sample() {
        let twice = (0..100_000).chain(50_000..100_000);
        let counts = seen(twice).counts();
        assert!(counts.distinct <= KEPT_MAX as u64 && counts.scale > 1, "{counts:?}");
        let distinct = counts.distinct_estimated();
        assert!((95_000..=105_000).contains(&distinct), "{distinct} of 100 000");
        let unseen = counts.unseen_per_mille().expect("there were runs");
        assert!((320..=347).contains(&unseen), "a third of the runs: {unseen}");
    }

    #[test]
    fn however_runs_are_dealt_out_the_merged_counts_are_the_same() {
        let whole = seen(0..60_000).counts();
        for parts in 2..5_u64 {
            let part = |number| seen((0..60_000).filter(move |it| it % parts == number));
            for first in 0..parts {
                let mut merged = part(first);
                (0..parts).filter(|&it| it != first).for_each(|it| merged.merge(&part(it)));
                assert_eq!(merged.counts(), whole);
            }
        }
    }

    #[test]
    fn a_few_classes_merged_with_a_sample_are_sampled_alike() {
        let (few, many) = (seen(0..100), seen(100..60_000));
        assert!(many.counts().scale > 1 && many.counts().distinct + 100 < KEPT_MAX as u64);
        let whole = seen(0..60_000).counts();
        let [mut left, mut right] = [few.clone(), many.clone()];
        left.merge(&many);
        right.merge(&few);
        assert_eq!((left.counts(), right.counts()), (whole, whole));
    }
}
