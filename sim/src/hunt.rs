//! Hunting: many runs of one program, looking for a finding.

mod course;
mod report;
mod verdict;

use std::future::Future;

pub use report::{Failure, Replayed, Report};
pub use verdict::{Verdict, judge};

use self::course::Course;
use crate::finding::Finding;
use crate::options::{Options, Switching, TimeModel};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::Chooser;
use crate::strategy::portfolio::{CALIBRATION_RUNS, Member};
use crate::tape::Tape;

/// Many runs of one program, by the portfolio of strategies or by one of them.
///
/// The first runs calibrate: they use strategies that learn nothing, the first of them the plain
/// one, and measure the program. What was learnt is then frozen, so that a run's number and the
/// base seed remake it.
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
    member: Option<Member>,
    calibration: Calibration,
}

impl Hunt {
    /// A hunt of 1000 runs under seed 0.
    pub fn new(name: impl Into<String>) -> Hunt {
        Hunt {
            name: name.into(),
            seed: 0,
            runs: 1000,
            options: Options::default(),
            member: None,
            calibration: Calibration::Counts,
        }
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

    /// Hunts with one strategy alone, after calibration, rather than with the portfolio.
    pub fn strategy(mut self, member: Member) -> Hunt {
        self.member = Some(member);
        self
    }

    /// Goes on whatever calibration runs find, so that the first finding is by the strategy that
    /// was asked for.
    pub fn past_calibration(mut self) -> Hunt {
        self.calibration = Calibration::Passed;
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
        let mut course = Course::default();
        for number in 0..self.runs {
            let id = RunId::new(self.seed, number);
            let assignment = course.assign(number, self.member);
            let strategy = assignment.name;
            let outcome = self.make(id, assignment.chooser, &program);
            let counts = number >= CALIBRATION_RUNS || self.calibration == Calibration::Counts;
            if let Err(finding) = outcome.result
                && counts
            {
                let replayed = self.replay(id, &outcome.tape, &finding, &program);
                let failure = Failure { id, strategy, finding, tape: outcome.tape, replayed };
                let name = self.name.clone();
                return Report { name, runs: number + 1, failure: Some(failure) };
            }
        }
        Report { name: self.name.clone(), runs: self.runs, failure: None }
    }

    /// Makes one run of the hunt again, with the hunt's own options: the same strategy, the same
    /// tape. A run after the calibration is preceded by that, whose findings do not count.
    #[track_caller]
    pub fn run_one<F, Fut>(&self, number: u64, program: F) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut course = Course::default();
        if number >= CALIBRATION_RUNS {
            for number in 0..CALIBRATION_RUNS {
                let chooser = course.assign(number, self.member).chooser;
                let _learns = self.make(RunId::new(self.seed, number), chooser, &program);
            }
        }
        let chooser = course.assign(number, self.member).chooser;
        self.make(RunId::new(self.seed, number), chooser, &program)
    }

    #[track_caller]
    fn make<F, Fut>(&self, id: RunId, chooser: Chooser, program: &F) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let run = Run::with(self.options.clone()).id(id).strategy(chooser);
        judge(run.execute(program))
    }

    /// Replays a failure at once, so that nobody is handed a tape that does not reproduce it.
    #[track_caller]
    fn replay<F, Fut>(&self, id: RunId, tape: &Tape, finding: &Finding, program: &F) -> Replayed
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let run = Run::with(self.options.clone()).id(id).replay(tape);
        let again = judge(run.execute(program));
        match (again.divergence, again.result) {
            (Some(divergence), _) => Replayed::Otherwise(divergence.to_string()),
            (None, Ok(())) => Replayed::Otherwise(String::from("it passes")),
            (None, Err(other)) if other == *finding => Replayed::Identically,
            (None, Err(other)) => Replayed::Otherwise(format!("{}: {}", other.kind, other.message)),
        }
    }
}

/// Whether findings of calibration runs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calibration {
    /// They end the hunt.
    Counts,
    /// They are passed over.
    Passed,
}
