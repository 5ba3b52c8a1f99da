//! What a hunt has found so far, and up to which run it still has to look.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::finding::{Finding, Signature};
use crate::seed::RunId;
use crate::tape::Tape;

/// A run that failed, as it was when it did.
#[derive(Debug)]
pub(super) struct Caught {
    pub(super) id: RunId,
    pub(super) strategy: String,
    pub(super) finding: Finding,
    pub(super) tape: Tape,
    /// How long the hunt had gone on by then.
    pub(super) after: Duration,
}

/// Of each signature the failure with the lowest number. So what is found does not depend on
/// which job was faster.
#[derive(Debug)]
pub(super) struct Findings {
    distinct_max: usize,
    by_signature: BTreeMap<Signature, Caught>,
}

impl Findings {
    pub(super) fn new(distinct_max: usize) -> Findings {
        Findings { distinct_max, by_signature: BTreeMap::new() }
    }

    /// Takes in a failure; says whether it is the first of its signature.
    pub(super) fn add(&mut self, caught: Caught) -> bool {
        let signature = caught.finding.signature();
        match self.by_signature.get_mut(&signature) {
            None => {
                self.by_signature.insert(signature, caught);
                true
            }
            Some(known) => {
                if caught.id.number < known.id.number {
                    *known = caught;
                }
                false
            }
        }
    }

    /// No run above this number has to be made: those up to it have everything that is to be
    /// found. It never rises.
    pub(super) fn last(&self) -> u64 {
        let mut numbers: Vec<u64> =
            self.by_signature.values().map(|caught| caught.id.number).collect();
        numbers.sort_unstable();
        numbers.get(self.distinct_max - 1).copied().unwrap_or(u64::MAX)
    }

    pub(super) fn distinct(&self) -> usize {
        self.by_signature.len()
    }

    /// What was found, by run number.
    pub(super) fn into_sorted(self) -> Vec<Caught> {
        let last = self.last();
        let mut caught: Vec<Caught> = self.by_signature.into_values().collect();
        caught.retain(|caught| caught.id.number <= last);
        caught.sort_by_key(|caught| caught.id.number);
        caught
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Kind;
    use crate::time::Instant;

    fn caught(number: u64, kind: Kind) -> Caught {
        let finding = Finding::new(kind, "", Instant::from_nanos(0));
        let (id, strategy) = (RunId::new(0, number), String::new());
        Caught { id, strategy, finding, tape: Tape::default(), after: Duration::ZERO }
    }

    #[test]
    fn whatever_order_they_come_in_the_lowest_numbers_are_kept() {
        let all = [(7, Kind::Panic), (3, Kind::Panic), (9, Kind::Error), (5, Kind::Deadlock)];
        for turn in 0..all.len() {
            let mut findings = Findings::new(2);
            let mut last = u64::MAX;
            for &(number, kind) in all.iter().cycle().skip(turn).take(all.len()) {
                findings.add(caught(number, kind));
                assert!(findings.last() <= last, "it never rises");
                last = findings.last();
            }
            assert_eq!(last, 5);
            let numbers: Vec<u64> =
                findings.into_sorted().iter().map(|caught| caught.id.number).collect();
            assert_eq!(numbers, [3, 5]);
        }
    }
}
