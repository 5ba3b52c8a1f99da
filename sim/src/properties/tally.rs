//! What the runs of a hunt passed, taken together.

use std::collections::BTreeMap;
use std::fmt;

use super::{Claim, Passed};
use crate::finding::Place;

/// How often something was claimed and held, in runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// In how many runs it was passed.
    pub passed: u64,
    /// In how many of these it held.
    pub held: u64,
    /// Where; the first of several places with the same label.
    pub place: Option<Place>,
}

/// The properties that the runs of a hunt passed, by claim and label. Several places with the
/// same claim and label are one property.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<(Claim, String), Count>,
}

/// A property that no run met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// What was claimed.
    pub claim: Claim,
    /// The label.
    pub label: String,
    /// In how many runs it was passed, and did not hold.
    pub passed: u64,
    /// Where it is, if any run came there.
    pub place: Option<Place>,
}

impl Tally {
    /// Adds what one run passed.
    pub fn add(&mut self, run: &[Passed]) {
        for (number, passed) in run.iter().enumerate() {
            let (claim, label) = (passed.site.claim(), passed.site.label());
            let is_same =
                |other: &&Passed| (other.site.claim(), other.site.label()) == (claim, label);
            if run[..number].iter().any(|other| is_same(&other)) {
                // Counted with the first place of the same label.
                continue;
            }
            let held = run.iter().filter(is_same).any(|other| other.held);
            let count = self.entry(claim, label);
            count.passed += 1;
            count.held += u64::from(held);
            let place = passed.site.place();
            if count.place.as_ref().is_none_or(|known| place < *known) {
                count.place = Some(place);
            }
        }
    }

    /// Names a label that some run must come to: a `reachable!`, or a `sometimes!` that holds.
    pub fn demand(&mut self, label: &str) {
        let known = |claim| self.counts.contains_key(&(claim, label.to_owned()));
        if !known(Claim::Sometimes) && !known(Claim::Reachable) {
            self.entry(Claim::Reachable, label);
        }
    }

    /// Adds what other runs passed.
    pub fn merge(&mut self, other: &Tally) {
        for ((claim, label), more) in &other.counts {
            self.count(*claim, label, more);
        }
    }

    /// Adds what other runs came to of one property.
    pub(crate) fn count(&mut self, claim: Claim, label: &str, more: &Count) {
        let count = self.entry(claim, label);
        count.passed += more.passed;
        count.held += more.held;
        let places = [count.place.take(), more.place.clone()];
        count.place = places.into_iter().flatten().min();
    }

    /// Every property with its counts, by claim and label.
    pub fn iter(&self) -> impl Iterator<Item = (Claim, &str, &Count)> {
        self.counts.iter().map(|((claim, label), count)| (*claim, label.as_str(), count))
    }

    /// Those that no run met.
    #[must_use]
    pub fn unmet(&self) -> Vec<Unmet> {
        let unmet = self.iter().filter(|(_, _, count)| count.held == 0);
        let unmet = unmet.map(|(claim, label, count)| Unmet {
            claim,
            label: label.to_owned(),
            passed: count.passed,
            place: count.place.clone(),
        });
        unmet.collect()
    }

    fn entry(&mut self, claim: Claim, label: &str) -> &mut Count {
        let fresh = Count { passed: 0, held: 0, place: None };
        self.counts.entry((claim, label.to_owned())).or_insert(fresh)
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unmet { claim, label, passed, place } = self;
        match place {
            Some(place) => write!(f, "{claim} `{label}` held in none of {passed} runs ({place})"),
            None => write!(f, "`{label}` was reached in no run"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Site;
    use super::*;

    static EMPTY: Site = Site::new(Claim::Sometimes, "it is empty", "src/pool.rs", 3, 1);
    static AGAIN: Site = Site::new(Claim::Sometimes, "it is empty", "src/pool.rs", 9, 1);
    static FULL: Site = Site::new(Claim::Sometimes, "it is full", "src/pool.rs", 4, 1);

    #[test]
    fn a_label_is_met_wherever_it_held() {
        let mut tally = Tally::default();
        let passed = |site, held| Passed { site, held };
        tally.add(&[passed(&EMPTY, false), passed(&FULL, false), passed(&AGAIN, true)]);
        let mut other = Tally::default();
        other.add(&[passed(&FULL, false)]);
        tally.merge(&other);
        tally.demand("it is full");
        tally.demand("it shrinks");
        let unmet: Vec<String> = tally.unmet().iter().map(Unmet::to_string).collect();
        assert_eq!(
            unmet,
            [
                "sometimes `it is full` held in none of 2 runs (src/pool.rs:4)",
                "`it shrinks` was reached in no run",
            ]
        );
    }
}
