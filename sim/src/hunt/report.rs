//! What a hunt came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::lock_order::STEERED;
use super::seen::ClassCounts;
use super::tally::StrategyCounts;
use super::vacuous::Vacuous;
use crate::class::Awaits;
use crate::finding::{Finding, Kind};
use crate::properties::{Tally, Unmet};
use crate::seed::RunId;
use crate::strategy::Kept;
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
    /// The base seed.
    pub seed: u64,
    /// How many runs were made: of a hunt that ended with a finding, those up to that run.
    pub runs: u64,
    /// What the environment made of the hunt.
    pub notes: Vec<String>,
    /// The runs that failed, by number, the first one of each signature.
    pub failures: Vec<Failure>,
    /// What was to be found, if anything was.
    pub expected: Option<Kind>,
    /// How often each strategy was used, calibration apart, and how often it found something.
    /// A hunt of several jobs that ends with a finding may have made a few runs more than
    /// [`runs`](Self::runs) says.
    pub strategies: BTreeMap<String, StrategyCounts>,
    /// The happens-before classes of all runs.
    pub classes: ClassCounts,
    /// How many awaits of all runs are instrumented.
    pub awaits: Awaits,
    /// Why the hunt tried nothing, if it did not: it fails.
    pub vacuous: Option<Vacuous>,
    /// The properties that the runs passed.
    pub properties: Tally,
    /// Whether a property that no run met counts against the hunt: if it made 100 runs or more,
    /// and is neither one shard of several nor cut short.
    pub judges_properties: bool,
    /// What came of the order of points, for a hunt that keeps to one.
    pub order: Option<Kept>,
    /// Whether the budget of wall-clock time cut the hunt short.
    pub is_out_of_time: bool,
    /// How long it took.
    pub wall: Duration,
}

impl Report {
    /// The first run that failed.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failures.first()
    }

    /// What was found first.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        self.failure().map(|failure| &failure.finding)
    }

    /// The properties that no run met, if nothing was found: see
    /// [`properties`](mod@crate::properties).
    #[must_use]
    pub fn unmet(&self) -> Vec<Unmet> {
        if self.failures.is_empty() { self.properties.unmet() } else { Vec::new() }
    }

    /// Whether no schedule kept to the order of points that was demanded.
    fn is_stuck(&self) -> bool {
        self.failures.is_empty() && self.order.as_ref().is_some_and(|order| order.stuck.is_some())
    }

    pub(super) fn misses_properties(&self) -> bool {
        self.judges_properties && !self.unmet().is_empty()
    }

    /// Demands that nothing was found, every property met, the order kept if there is one, and
    /// something tried; or, of a hunt that [expects](crate::hunt::Hunt::expect) a kind of finding,
    /// nothing but that.
    ///
    /// # Panics
    /// With the report, if it was not so.
    #[track_caller]
    pub fn assert_ok(&self) {
        match self.expected {
            Some(kind) => self.assert_finds(kind),
            None => assert!(self.is_green(), "{self}"),
        }
    }

    /// Whether nothing was found, every property met, and something tried.
    #[must_use]
    pub fn is_green(&self) -> bool {
        let has_all = !self.misses_properties() && !self.is_stuck();
        self.failures.is_empty() && has_all && self.vacuous.is_none()
    }

    /// Demands that something of this kind was found, and nothing else.
    ///
    /// # Panics
    /// With the report, if nothing was, or something of another kind.
    #[track_caller]
    pub fn assert_finds(&self, kind: Kind) {
        let finds = |failure: &Failure| failure.finding.kind == kind;
        let is_so = !self.failures.is_empty() && self.failures.iter().all(finds);
        assert!(is_so, "expected a finding of kind {kind}, but {self}");
    }

    fn fmt_failure(&self, failure: &Failure, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { id, strategy, finding, tape, replayed } = failure;
        let (RunId { seed, number }, name) = (*id, &self.name);
        writeln!(f, "FAILED {name}     {finding}")?;
        let is_steered = strategy == STEERED;
        match is_steered {
            true => {
                writeln!(f, "  found  in a run beyond the {} of the hunt, {strategy}", self.runs)?
            }
            false => {
                writeln!(f, "  found  in run {number} (the first is 0), strategy {strategy}")?;
            }
        }
        match replayed {
            Replayed::Identically => writeln!(f, "  replay gives the same again")?,
            Replayed::Otherwise(other) => writeln!(
                f,
                "  replay does NOT give the same: {other}\n         Something outside of the tape takes \
                 part: the order of a HashMap, a wall clock, a static, a generator other than \
                 sim::rng"
            )?,
        }
        if !is_steered {
            writeln!(
                f,
                "  seed   {id}: Hunt::new({name:?}).seed({seed:#x}).run_one({number}, program)"
            )?;
        }
        write!(f, "  tape   {0}: Run::new().replay_token(&\"{0}\".parse()?)", tape.token())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failures.is_empty() {
            self.fmt_green(f)?;
        }
        if let (true, Some(order)) = (self.failures.is_empty(), &self.order) {
            write!(f, "\n  {order}")?;
        }
        for unmet in self.unmet() {
            let lead = if self.judges_properties { "but" } else { "not judged by so few runs:" };
            write!(f, "\n  {lead} {unmet}")?;
        }
        for (number, failure) in self.failures.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "\n" })?;
            self.fmt_failure(failure, f)?;
        }
        if self.is_out_of_time {
            write!(
                f,
                "\n  cut short by its budget of wall-clock time, after {:.1} s",
                self.wall.as_secs_f64()
            )?;
        }
        for note in &self.notes {
            write!(f, "\n  {note}")?;
        }
        Ok(())
    }
}
