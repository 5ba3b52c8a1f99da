//! What a hunt came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::interleaved::Interleaved;
use super::seen::ClassCounts;
use super::tally::{Left, StrategyCounts};
use super::vacuous::Vacuous;
use super::{Failure, Hunt};
use crate::class::Awaits;
use crate::finding::{Finding, Kind};
use crate::properties::{Tally, Unmet};
use crate::strategy::Kept;

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
    /// What the environment made of the hunt, and what is to be said of kept failures that do
    /// not fit the program any more.
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
    /// How many interleavings were made, where there are few.
    pub interleaved: Vec<Interleaved>,
    /// How many awaits of all runs are instrumented.
    pub awaits: Awaits,
    /// The runs that passed, and at whose end something was still held.
    pub left: Left,
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

    /// Demands that something of this kind was found, and nothing else. Of a hunt that keeps an
    /// order, also that each of its points was passed in some run, since a misspelt one orders
    /// nothing.
    ///
    /// # Panics
    /// With the report, if nothing was, or something of another kind, or a point was not passed.
    #[track_caller]
    pub fn assert_finds(&self, kind: Kind) {
        let finds = |failure: &Failure| failure.finding.kind == kind;
        let is_so = !self.failures.is_empty() && self.failures.iter().all(finds);
        assert!(is_so, "expected a finding of kind {kind}, but {self}");
        let unknown = self.order.as_ref().and_then(|order| order.unknown.as_ref());
        assert!(
            unknown.is_none(),
            "expected an order of points, all of which some run passes; take out what comes after \
             the finding\n{self}"
        );
    }

    /// What is there before any run was made.
    pub(super) fn none(hunt: &Hunt) -> Report {
        Report {
            name: hunt.name.clone(),
            seed: hunt.seed,
            runs: 0,
            notes: Vec::new(),
            failures: Vec::new(),
            expected: hunt.expected,
            strategies: BTreeMap::new(),
            classes: ClassCounts::default(),
            interleaved: Vec::new(),
            awaits: Awaits::default(),
            left: Left::default(),
            order: None,
            vacuous: None,
            properties: Tally::default(),
            judges_properties: false,
            is_out_of_time: false,
            wall: Duration::ZERO,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failures.is_empty() {
            self.fmt_green(f)?;
        }
        let kept = self.order.as_ref().filter(|order| order.stuck.is_none());
        if let (true, Some(order)) = (self.failures.is_empty(), kept) {
            write!(f, "\n  {order}")?;
        }
        if !self.judges_properties {
            for unmet in self.unmet() {
                write!(f, "\n  not judged by so few runs: {unmet}")?;
            }
        }
        for (number, failure) in self.failures.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "\n" })?;
            write!(f, "{failure}")?;
        }
        let unknown = self.order.as_ref().and_then(|order| order.unknown.as_ref());
        if let (false, Some(unknown)) = (self.failures.is_empty(), unknown) {
            write!(f, "\n  order: {unknown}")?;
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
