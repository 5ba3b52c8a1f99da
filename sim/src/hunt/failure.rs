//! A run that failed, and its report.

mod source;
mod text;

use std::fmt;
use std::time::Duration;

use super::explain::{Explanation, Minimal, Replayed};
use super::regressions::Alignment;
use crate::finding::Finding;
use crate::seed::RunId;
use crate::tape::Tape;

/// A run that failed. It prints as its report.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The name of the hunt that found it.
    pub hunt: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Which run it was; of one that was kept, the run in which it was found, if that is known, or
    /// else run 0.
    pub id: RunId,
    /// How many runs the hunt would have made.
    pub runs_max: u64,
    /// How much wall-clock time the hunt had taken by then; the report leaves out less than a
    /// tenth of a second.
    pub after: Duration,
    /// The name of the strategy that made it.
    pub strategy: String,
    /// What went wrong.
    pub finding: Finding,
    /// What was decided in it.
    pub tape: Tape,
    /// What was found out about it; `None` if the hunt was not to.
    pub explanation: Option<Explanation>,
    /// How it is made again, a line each.
    pub rerun: Vec<String>,
    /// Where it is kept as a regression, or why not; `None` if the hunt keeps none.
    pub kept: Option<String>,
    /// Where the report is; `None` if the hunt writes none.
    pub report: Option<String>,
}

/// Where a failure comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A run of this hunt.
    Hunt,
    /// A run beyond those of this hunt, steered to confirm a suspicion.
    Steered,
    /// A run that somebody named.
    Given,
    /// It was kept, and replayed before anything else.
    Kept {
        /// The file, and the number of the entry in it.
        from: String,
        /// How well it still fits the program.
        alignment: Alignment,
    },
}

impl Failure {
    /// What came of replaying it; `None` if it was not.
    #[must_use]
    pub fn replayed(&self) -> Option<&Replayed> {
        self.explanation.as_ref().map(|explanation| &explanation.replayed)
    }

    /// The smallest run that fails in the same way; `None` if that is not known.
    #[must_use]
    pub fn minimal(&self) -> Option<&Minimal> {
        self.explanation.as_ref().and_then(|known| known.minimal.as_ref())
    }

    /// The smallest tape that is known to fail in the same way.
    #[must_use]
    pub fn smallest(&self) -> &Tape {
        self.minimal().map_or(&self.tape, |minimal| &minimal.shrunk.tape)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::render(self))
    }
}
