//! Hunting: many runs of one program, looking for a finding.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::finding::{Finding, Kind};
use crate::options::{Options, Switching, TimeModel};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::Chooser;
use crate::strategy::learning::{Learnt, Lessons};
use crate::strategy::portfolio::{self, Assignment, CALIBRATION_RUNS, Member};
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

/// Which strategy makes which run.
#[derive(Debug, Default)]
struct Course {
    lessons: Lessons,
    /// What was learnt, from the end of the calibration on.
    learnt: Option<Arc<Learnt>>,
}

impl Course {
    fn assign(&mut self, number: u64, member: Option<Member>) -> Assignment {
        if number < CALIBRATION_RUNS {
            return portfolio::calibrating(number, &self.lessons);
        }
        let learnt = self.learnt.get_or_insert_with(|| Arc::new(self.lessons.learnt()));
        let number = number - CALIBRATION_RUNS;
        match member {
            Some(member) => portfolio::named(member, number, learnt),
            None => portfolio::rotating(number, learnt),
        }
    }
}

/// Turns an output that is an error into a finding.
pub fn judge<T: Verdict>(outcome: Outcome<T>) -> Outcome<()> {
    let Outcome { result, divergence, tape, trace, steps, tasks, unfinished, elapsed, chooser } =
        outcome;
    let result = match result {
        Ok(output) => match output.complaint() {
            None => Ok(()),
            Some(message) => {
                let mut finding = Finding::new(Kind::Error, message, elapsed);
                finding.task = Some(String::from("main"));
                Err(finding)
            }
        },
        Err(finding) => Err(finding),
    };
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
