//! What is counted while hunting: by strategy, and merged over jobs.

use std::collections::BTreeMap;

use super::lock_order::Nestings;
use super::seen::{ClassCounts, Seen};
use crate::choice::Label;
use crate::class::{Awaits, Class};
use crate::properties;
use crate::run::Outcome;
use crate::strategy::portfolio::CALIBRATION_RUNS;

/// What one strategy's runs came to. Calibration runs, the plain one among them, count for none:
/// they are not drawn like the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrategyCounts {
    /// Its runs.
    pub runs: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// The happens-before classes of its runs.
    pub classes: ClassCounts,
}

/// What is counted of a run, but for what it passed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ran {
    pub(super) failed: bool,
    /// Whether a schedule choice was made.
    pub(super) has_chosen: bool,
    pub(super) class: Option<Class>,
    pub(super) awaits: Option<Awaits>,
    /// Whether something was still held by whoever will not let go of it.
    pub(super) holds_left: bool,
}

/// Runs that passed, and at whose end something was still held by tasks that wait for ever or have
/// ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// How many.
    pub runs: u64,
    /// The number of the first of them, if there is one.
    pub first: Option<u64>,
}

impl Left {
    fn add(&mut self, other: Left) {
        self.runs += other.runs;
        self.first = match (self.first, other.first) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// What one job, or all, have counted. Merging commutes, so that the sum does not depend on which
/// job made which run.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    strategies: BTreeMap<String, Counted>,
    /// The classes of the calibration runs.
    calibration: Seen,
    /// What the runs passed, those of the calibration too.
    pub(super) properties: properties::Tally,
    pub(super) awaits: Awaits,
    pub(super) left: Left,
    /// Whether a schedule choice was ever made.
    pub(super) has_chosen: bool,
    /// What was taken while something else was held, in runs that passed.
    pub(super) nestings: Nestings,
}

#[derive(Clone, Debug, Default)]
struct Counted {
    runs: u64,
    failed: u64,
    seen: Seen,
}

impl Tally {
    /// Counts a run.
    pub(super) fn add(&mut self, number: u64, strategy: &str, outcome: &Outcome<()>) {
        self.properties.add(&outcome.properties);
        let choices = &outcome.tape.choices;
        let has_chosen =
            self.has_chosen || choices.iter().any(|choice| choice.label() == Label::Schedule);
        let (failed, class, awaits) = (outcome.result.is_err(), outcome.class, outcome.awaits);
        let holds_left = !failed && outcome.held > 0;
        self.count(number, strategy, &Ran { failed, has_chosen, class, awaits, holds_left });
    }

    /// Counts a run, but for what it passed.
    pub(super) fn count(&mut self, number: u64, strategy: &str, ran: &Ran) {
        if let Some(awaits) = ran.awaits {
            self.awaits.pending += awaits.pending;
            self.awaits.unknown += awaits.unknown;
        }
        if ran.holds_left {
            self.left.add(Left { runs: 1, first: Some(number) });
        }
        self.has_chosen |= ran.has_chosen;
        if number < CALIBRATION_RUNS {
            self.calibration.extend(ran.class);
            return;
        }
        let counted = match self.strategies.get_mut(strategy) {
            Some(counted) => counted,
            None => self.strategies.entry(strategy.to_owned()).or_default(),
        };
        counted.runs += 1;
        counted.failed += u64::from(ran.failed);
        counted.seen.extend(ran.class);
    }

    /// A run of this strategy that was counted turns out to have failed.
    pub(super) fn fail(&mut self, strategy: &str) {
        if let Some(counted) = self.strategies.get_mut(strategy) {
            counted.failed += 1;
        }
    }

    pub(super) fn merge(&mut self, other: Tally) {
        self.properties.merge(&other.properties);
        for (strategy, counted) in other.strategies {
            let sum = self.strategies.entry(strategy).or_default();
            sum.runs += counted.runs;
            sum.failed += counted.failed;
            sum.seen.merge(&counted.seen);
        }
        self.calibration.merge(&other.calibration);
        self.awaits.pending += other.awaits.pending;
        self.awaits.unknown += other.awaits.unknown;
        self.left.add(other.left);
        self.has_chosen |= other.has_chosen;
        self.nestings.merge(other.nestings);
    }

    /// The counts by strategy.
    pub(super) fn strategies(&self) -> BTreeMap<String, StrategyCounts> {
        let counts = |counted: &Counted| StrategyCounts {
            runs: counted.runs,
            failed: counted.failed,
            classes: counted.seen.counts(),
        };
        self.strategies.iter().map(|(name, counted)| (name.clone(), counts(counted))).collect()
    }

    /// The classes of all runs.
    pub(super) fn classes(&self) -> ClassCounts {
        let mut all = self.calibration.clone();
        for counted in self.strategies.values() {
            all.merge(&counted.seen);
        }
        all.counts()
    }
}
