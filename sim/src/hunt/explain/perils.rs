//! Runs that may end their process: what is known of them, so that none is made twice.
//!
//! What explains a crash is made in workers, one after the other. Each makes the same trials in the
//! same order, but for those of which an earlier one has told: what ended its process is taken from
//! what was told, and the next one goes on behind it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::Limit;
use crate::choice::Choice;
use crate::finding::Finding;
use crate::seed::RunId;
use crate::strategy::Chooser;

/// A trial that ended its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hunt) struct Lost {
    /// How it ended.
    pub(in crate::hunt) finding: Finding,
    /// What was chosen until then.
    pub(in crate::hunt) choices: Vec<Choice>,
    /// How often another task than the one before had a turn.
    pub(in crate::hunt) switches: u64,
    /// How many turns there were, the last one among them.
    pub(in crate::hunt) turns: u64,
}

/// Who is told of trials.
pub(in crate::hunt) trait Sentry {
    /// A trial of which nothing is known begins; its chooser is to be this one.
    fn begins(&self, key: u64, chooser: Chooser, id: RunId) -> Chooser;

    /// It came to its end, whatever that was.
    fn survives(&self, key: u64);
}

/// What is known of trials.
pub(in crate::hunt) struct Perils<'a> {
    pub(in crate::hunt) lost: BTreeMap<u64, Lost>,
    pub(in crate::hunt) survived: BTreeSet<u64>,
    /// If no trial is to be made of which nothing is known.
    pub(in crate::hunt) limit: Cell<Option<Limit>>,
    /// The limit that a trial was refused for.
    pub(in crate::hunt) refused: Cell<Option<Limit>>,
    pub(in crate::hunt) sentry: &'a dyn Sentry,
}

/// What is to be done about a trial.
pub(super) enum Foreseen<'a> {
    /// It has ended a process.
    Lost(&'a Lost),
    /// It has not.
    Harmless,
    /// It is not known.
    Unknown,
    /// It is not known, and is not to be.
    Refused,
}

impl<'a> Perils<'a> {
    /// Nothing is known of any trial, and all may be made.
    pub(in crate::hunt) fn unknown(sentry: &'a dyn Sentry) -> Perils<'a> {
        let (lost, survived) = (BTreeMap::new(), BTreeSet::new());
        Perils { lost, survived, limit: Cell::new(None), refused: Cell::new(None), sentry }
    }

    pub(super) fn foresee(&self, key: u64) -> Foreseen<'_> {
        if let Some(lost) = self.lost.get(&key) {
            return Foreseen::Lost(lost);
        }
        if self.survived.contains(&key) {
            return Foreseen::Harmless;
        }
        if self.limit.get().is_some() {
            self.refused.set(self.limit.get());
            return Foreseen::Refused;
        }
        Foreseen::Unknown
    }
}
