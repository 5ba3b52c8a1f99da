//! Taking every interleaving of a program that has few of them, and knowing which were taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::learning::Learnt;
use super::unrepeated::Interleavings;

/// Of how many interleavings a program may have, at the most, for the portfolio to take all of
/// them before anything else: about as many as a hunt makes runs unless it is told otherwise. Of
/// more it would rather be varied than half-way through.
const SWEPT_MAX: u64 = 1024;

/// The interleavings of a program's tasks, and which of them were made.
#[derive(Debug)]
pub(super) struct Sweep {
    interleavings: Interleavings,
    /// A bit each.
    made: Vec<AtomicU64>,
    /// Whether a run that made one had something else to choose.
    asks_more: AtomicBool,
}

impl Sweep {
    pub(super) fn new(interleavings: Interleavings) -> Sweep {
        let words = interleavings.number().div_ceil(u64::from(u64::BITS));
        let made = (0..words).map(|_| AtomicU64::new(0)).collect();
        Sweep { interleavings, made, asks_more: AtomicBool::new(false) }
    }

    pub(super) fn interleavings(&self) -> &Interleavings {
        &self.interleavings
    }

    /// Notes that a run made the interleaving of this rank, event by event.
    pub(super) fn make(&self, rank: u64, asks_more: bool) {
        let bit = 1 << (rank % u64::from(u64::BITS));
        self.made[(rank / u64::from(u64::BITS)) as usize].fetch_or(bit, Ordering::Relaxed);
        self.asks_more.fetch_or(asks_more, Ordering::Relaxed);
    }

    fn made(&self) -> u64 {
        self.made.iter().map(|word| u64::from(word.load(Ordering::Relaxed).count_ones())).sum()
    }
}

/// A walk through the interleavings while strategies learn.
#[derive(Clone, Debug, Default)]
pub(super) struct Walked {
    sweep: Option<Arc<Sweep>>,
    /// The number of the calibration run that took the first.
    from: u64,
    /// How many were taken in it.
    taken: u64,
    /// How many runs took one.
    runs: u64,
    /// Whether the counts did not hold.
    is_off: bool,
}

impl Walked {
    /// What this calibration run is to take, if what is learnt so far says that there are few
    /// interleavings, and every one that was to be made has been.
    pub(super) fn next(&mut self, number: u64, learnt: &Learnt) -> Option<(Arc<Sweep>, u64)> {
        self.is_off |= !self.holds();
        let few = Interleavings::of(learnt).filter(|few| few.number() <= SWEPT_MAX);
        let few = few.filter(|_| !self.is_off)?;
        let sweep = match &self.sweep {
            Some(sweep) if *sweep.interleavings() == few => sweep.clone(),
            // Counts that change do not hold.
            Some(_) => {
                self.is_off = true;
                return None;
            }
            None => {
                self.from = number;
                self.sweep.insert(Arc::new(Sweep::new(few))).clone()
            }
        };
        // By number, so that a run which ended its process, and is left out when what was learnt
        // is learnt again, moves no other.
        let index = number - self.from;
        if index >= sweep.interleavings().number() {
            return None;
        }
        (self.taken, self.runs) = (index + 1, self.runs + 1);
        Some((sweep, index))
    }

    fn holds(&self) -> bool {
        self.sweep.as_ref().is_none_or(|sweep| sweep.made() == self.runs)
    }

    /// What later runs make of it.
    pub(super) fn freeze(&self, learnt: &Learnt) -> Option<Few> {
        let few = Interleavings::of(learnt)?;
        let walked = self.sweep.as_ref().filter(|sweep| *sweep.interleavings() == few);
        let is_swept = walked.is_some() && !self.is_off && self.holds();
        let taken = is_swept.then_some(self.taken);
        let sweep = walked.cloned().unwrap_or_else(|| Arc::new(Sweep::new(few)));
        Some(Few { sweep, taken })
    }
}

/// The interleavings of a program that does not have very many.
#[derive(Clone, Debug)]
pub(super) struct Few {
    pub(super) sweep: Arc<Sweep>,
    /// If the portfolio is to take all of them first: how many were taken in calibration.
    taken: Option<u64>,
}

/// What a run of the portfolio is while interleavings are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It takes the interleaving of this index.
    Takes(u64),
    /// It is the how-manieth of those that the other strategies have, lest what they find is
    /// missed for long if the counts do not hold after all.
    Others(u64),
}

/// One of so many runs is one of the other strategies'.
const ROUND: u64 = 16;

impl Few {
    /// What the run of this number after calibration is; `None` once all are taken.
    pub(super) fn turn(&self, number: u64) -> Option<Turn> {
        let (round, place) = (number / ROUND, number % ROUND);
        let index = self.taken? + round * (ROUND - 1) + place;
        let is_left = index < self.sweep.interleavings().number();
        is_left.then_some(if place == ROUND - 1 { Turn::Others(round) } else { Turn::Takes(index) })
    }

    /// The index of the first that is taken once more.
    pub(super) fn again(&self) -> u64 {
        if self.taken.is_some() { self.sweep.interleavings().number() } else { 0 }
    }

    /// How far it has come, if all are to be taken.
    pub(super) fn swept(&self) -> Option<Swept> {
        self.taken?;
        let Sweep { interleavings, made, asks_more } = &*self.sweep;
        Some(Swept {
            tasks: interleavings.tasks() as u64,
            interleavings: interleavings.number(),
            made: made.iter().map(|word| word.load(Ordering::Relaxed)).collect(),
            asks_more: asks_more.load(Ordering::Relaxed),
        })
    }
}

/// How many of a program's interleavings the runs of a hunt have made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// How many tasks are interleaved: those that spawned no other.
    pub(crate) tasks: u64,
    /// How many interleavings of their events there are.
    pub(crate) interleavings: u64,
    /// Which of them were made, a bit each.
    pub(crate) made: Vec<u64>,
    /// Whether there was something else to choose.
    pub(crate) asks_more: bool,
}

impl Swept {
    /// Takes together what several have made of the same.
    pub(crate) fn merge(&mut self, other: &Swept) {
        self.made.iter_mut().zip(&other.made).for_each(|(mine, theirs)| *mine |= theirs);
        self.asks_more |= other.asks_more;
    }

    /// How many were made.
    pub(crate) fn count(&self) -> u64 {
        self.made.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}
