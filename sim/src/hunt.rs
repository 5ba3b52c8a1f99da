//! Hunting: many runs of one program, looking for a finding.

use std::fmt;
use std::future::Future;

use crate::finding::{Finding, Kind};
use crate::options::{Options, Switching, TimeModel};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::{Chooser, Fifo};
use crate::tape::Tape;

/// Many runs of one program: the first is plain, the others are random.
///
/// # Examples
/// ```
/// use unpick_sim::finding::Kind;
/// use unpick_sim::hunt::Hunt;
///
/// let report = Hunt::new("never").run(|| std::future::pending::<()>());
/// assert_eq!(report.finding().map(|finding| finding.kind), Some(Kind::Deadlock));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a hunt does nothing until it is run"]
pub struct Hunt {
    name: String,
    seed: u64,
    runs: u64,
    options: Options,
}

impl Hunt {
    /// A hunt of 1000 runs under seed 0.
    pub fn new(name: impl Into<String>) -> Hunt {
        Hunt { name: name.into(), seed: 0, runs: 1000, options: Options::default() }
    }

    /// The base seed.
    pub fn seed(mut self, seed: u64) -> Hunt {
        self.seed = seed;
        self
    }

    /// How many runs to make at the most.
    pub fn runs(mut self, runs: u64) -> Hunt {
        self.runs = runs;
        self
    }

    /// How each run is carried out.
    pub fn options(mut self, options: Options) -> Hunt {
        self.options = options;
        self
    }

    /// Where another task may come in between.
    pub fn switching(mut self, switching: Switching) -> Hunt {
        self.options.switching = switching;
        self
    }

    /// How virtual time passes.
    pub fn time(mut self, time: TimeModel) -> Hunt {
        self.options.time = time;
        self
    }

    /// Runs the program until there is a finding, or all runs are made. An output that is an
    /// error is a finding.
    ///
    /// # Panics
    /// If there are no runs to make, the options are refused, or inside of a run.
    #[track_caller]
    pub fn run<F, Fut>(&self, program: F) -> Report
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        assert!(self.runs > 0, "hunt `{}` has no runs to make; allowed: at least 1", self.name);
        for number in 0..self.runs {
            let id = RunId::new(self.seed, number);
            if let Some(failure) = self.run_one(id, &program) {
                return Report {
                    name: self.name.clone(),
                    runs: number + 1,
                    failure: Some(failure),
                };
            }
        }
        Report { name: self.name.clone(), runs: self.runs, failure: None }
    }

    /// Makes one run of the hunt again.
    #[track_caller]
    pub fn run_one<F, Fut>(&self, id: RunId, program: F) -> Option<Failure>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let (name, chooser) = strategy_of(id.number);
        let run = Run::with(self.options.clone()).id(id).strategy(chooser);
        let outcome = judge(run.execute(program));
        match outcome.result {
            Ok(()) => None,
            Err(finding) => Some(Failure { id, strategy: name, finding, tape: outcome.tape }),
        }
    }
}

/// Which strategy a run of a hunt uses.
fn strategy_of(number: u64) -> (&'static str, Chooser) {
    match number {
        0 => ("fifo", Fifo.into()),
        _ => ("random", Chooser::RandomWalk),
    }
}

/// Turns an output that is an error into a finding.
pub fn judge<T: Verdict>(outcome: Outcome<T>) -> Outcome<()> {
    let Outcome { result, divergence, tape, trace, steps, tasks, unfinished, elapsed, chooser } =
        outcome;
    let result = result.and_then(|output| match output.complaint() {
        None => Ok(()),
        Some(message) => {
            let mut finding = Finding::new(Kind::Error, message, elapsed);
            finding.task = Some(String::from("main"));
            Err(finding)
        }
    });
    Outcome { result, divergence, tape, trace, steps, tasks, unfinished, elapsed, chooser }
}

/// Whether a program's output says that something went wrong.
pub trait Verdict {
    /// What went wrong, or `None`.
    fn complaint(&self) -> Option<String>;
}

impl Verdict for () {
    fn complaint(&self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Debug> Verdict for Result<T, E> {
    fn complaint(&self) -> Option<String> {
        self.as_ref().err().map(|error| format!("the program returned an error: {error:?}"))
    }
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which run it was.
    pub id: RunId,
    /// The name of the strategy that made it.
    pub strategy: &'static str,
    /// What went wrong.
    pub finding: Finding,
    /// What was decided in it.
    pub tape: Tape,
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
        let Failure { id, strategy, finding, tape } = failure;
        writeln!(f, "FAILED {}     {finding}", self.name)?;
        writeln!(f, "  found in run {} of {}, strategy {strategy}", id.number, self.runs)?;
        writeln!(f, "  seed  {id}")?;
        write!(f, "  tape  {}", tape.token())
    }
}
