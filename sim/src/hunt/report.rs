//! What a hunt came to.

use std::fmt;

use crate::finding::{Finding, Kind};
use crate::seed::RunId;
use crate::tape::Tape;

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which run it was.
    pub id: RunId,
    /// The name of the strategy that made it.
    pub strategy: String,
    /// What went wrong.
    pub finding: Finding,
    /// What was decided in it.
    pub tape: Tape,
    /// What came of replaying the tape at once.
    pub replayed: Replayed,
}

/// What came of replaying a failure's tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same finding.
    Identically,
    /// This instead: something outside of the tape takes part.
    Otherwise(String),
}

/// What a hunt came to.
#[derive(Clone, Debug)]
#[must_use = "a report may hold a failure"]
pub struct Report {
    /// The hunt's name.
    pub name: String,
    /// How many runs were made.
    pub runs: u64,
    /// The first run that failed.
    pub failure: Option<Failure>,
}

impl Report {
    /// What was found.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        self.failure.as_ref().map(|failure| &failure.finding)
    }

    /// Demands that nothing was found.
    ///
    /// # Panics
    /// With the report, if something was.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(self.failure.is_none(), "{self}");
    }

    /// Demands that something of this kind was found.
    ///
    /// # Panics
    /// With the report, if nothing was, or something of another kind.
    #[track_caller]
    pub fn assert_finds(&self, kind: Kind) {
        let found = self.finding().map(|finding| finding.kind);
        assert!(found == Some(kind), "expected a finding of kind {kind}, but {self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(failure) = &self.failure else {
            return write!(f, "{}: nothing found in {} runs", self.name, self.runs);
        };
        let Failure { id, strategy, finding, tape, replayed } = failure;
        let (RunId { seed, number }, name) = (*id, &self.name);
        writeln!(f, "FAILED {name}     {finding}")?;
        writeln!(f, "  found  in run {number} (the first is 0), strategy {strategy}")?;
        match replayed {
            Replayed::Identically => writeln!(f, "  replay gives the same again")?,
            Replayed::Otherwise(other) => writeln!(
                f,
                "  replay does NOT give the same: {other}\n         Something outside of the tape takes \
                 part: the order of a HashMap, a wall clock, a static, a generator other than \
                 sim::rng"
            )?,
        }
        writeln!(
            f,
            "  seed   {id}: Hunt::new({name:?}).seed({seed:#x}).run_one({number}, program)"
        )?;
        write!(f, "  tape   {0}: Run::new().replay_token(&\"{0}\".parse()?)", tape.token())
    }
}
