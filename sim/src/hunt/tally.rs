//! What is counted while hunting: by strategy, and merged over jobs.

use std::collections::BTreeMap;

use crate::properties;
use crate::run::Outcome;
use crate::strategy::portfolio::CALIBRATION_RUNS;

/// How often a strategy was used, and how often it found something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrategyCounts {
    /// Its runs, calibration apart.
    pub runs: u64,
    /// Those of them that failed.
    pub failed: u64,
}

/// What one job, or all, have counted. Merging commutes, so that the sum does not depend on which
/// job made which run.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// By the strategy's name with its parameters.
    pub(super) strategies: BTreeMap<String, StrategyCounts>,
    /// What the runs passed, those of the calibration too.
    pub(super) properties: properties::Tally,
}

impl Tally {
    /// Counts a run. Calibration counts for none: its runs are not drawn like the others.
    pub(super) fn add(&mut self, number: u64, strategy: &str, outcome: &Outcome<()>) {
        self.properties.add(&outcome.properties);
        if number < CALIBRATION_RUNS {
            return;
        }
        let counts = match self.strategies.get_mut(strategy) {
            Some(counts) => counts,
            None => self.strategies.entry(strategy.to_owned()).or_default(),
        };
        counts.runs += 1;
        counts.failed += u64::from(outcome.result.is_err());
    }

    pub(super) fn merge(&mut self, other: Tally) {
        self.properties.merge(&other.properties);
        for (strategy, counts) in other.strategies {
            let sum = self.strategies.entry(strategy).or_default();
            sum.runs += counts.runs;
            sum.failed += counts.failed;
        }
    }
}
