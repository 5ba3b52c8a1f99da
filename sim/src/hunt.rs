//! Hunting: many runs of one program, looking for a finding.
//!
//! # What a green hunt is worth
//!
//! A report of a hunt that found nothing prints how many runs there were, and of how many distinct
//! [classes](crate::class::Class): runs that differ only in the order of steps that have nothing
//! to do with each other count as one. Then, for each strategy, calibration apart:
//!
//! - *runs* and *classes*;
//! - *next is new*: how likely the next run is of a class that was not seen (the Good–Turing
//!   estimate: the share of runs whose class was seen once). Close to zero, more runs show little
//!   that is new; close to one, the hunt has seen a small part of what there is;
//! - *fails below*: with 95 % confidence a run of this strategy fails less often than this (three
//!   out of its number of runs).
//!
//! The last line says how many of the awaits that really waited are instrumented. What is not is
//! seen only where it waits. A hunt in which tasks overlap, and yet no schedule choice ever had
//! two alternatives, has tried nothing: it fails as [vacuous](Vacuous).
//!
//! The [environment](crate::environment) sets seeds, runs, jobs, shards and strategies from
//! outside.

mod course;
pub mod explain;
mod failure;
mod files;
mod findings;
mod green;
mod isolation;
mod jobs;
mod keeping;
mod lock_order;
pub mod nondeterminism;
mod places;
mod progress;
pub mod regressions;
mod repeat;
mod report;
mod seen;
mod shard;
mod surroundings;
mod tally;
mod test;
mod vacuous;
mod verdict;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use failure::{Failure, Origin};
pub use isolation::Isolation;
pub(crate) use isolation::tell_hang;
pub use report::Report;
pub use seen::ClassCounts;
pub use tally::StrategyCounts;
pub use test::TestInfo;
pub use vacuous::Vacuous;
pub use verdict::{Verdict, judge};

use self::course::{Assigned, Course, Switchings};
use self::explain::Budget;
use self::findings::Caught;
use self::isolation::Role;
use self::jobs::Harvest;
use self::keeping::{Again, Keeping, Place};
use self::shard::Shard;
use self::surroundings::Adjusted;
use crate::engine;
use crate::environment::Environment;
use crate::faults::Faults;
use crate::finding::{Finding, Kind};
use crate::options::{Detectors, Leaks, Options, Switching, TimeModel};
use crate::properties;
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::Order;
use crate::strategy::portfolio::{CALIBRATION_RUNS, Member};
use crate::tape::Tape;

/// Many runs of one program, by the portfolio of strategies or by one of them.
///
/// The first runs calibrate: they use strategies that learn nothing, the first of them the plain
/// one, and measure the program. What was learnt is then frozen, so that base seed and number
/// remake any run, whatever the jobs and shards.
///
/// # Examples
/// ```
/// use unpick_sim::finding::Kind;
/// use unpick_sim::hunt::Hunt;
///
/// let report = Hunt::new("never").quiet().run(|| std::future::pending::<()>());
/// report.assert_finds(Kind::Deadlock);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a hunt does nothing until it is run"]
pub struct Hunt {
    name: String,
    seed: u64,
    /// Whether the code names a seed.
    is_seeded: bool,
    runs: u64,
    wall_max: Option<Duration>,
    jobs: usize,
    shard: Shard,
    options: Options,
    switchings: Switchings,
    member: Option<Member>,
    calibration: Calibration,
    expected: Option<Kind>,
    distinct_max: usize,
    vacuity: Vacuity,
    /// Labels that some run must come to.
    demanded: Vec<String>,
    /// The order of points that is kept to.
    order: Option<Arc<Order>>,
    /// Which test it is, if it is one.
    test: Option<TestInfo>,
    voice: Voice,
    /// In the place of the process's.
    environment: Option<Environment>,
    explaining: Explaining,
    keeping: Keeping,
    isolation: Isolation,
    /// If other processes make its runs: the how-manieth hunt of its name it is.
    ordinal: Option<u64>,
}

/// From how many runs on a property that none of them met fails the hunt.
const PROPERTIES_RUNS: u64 = 100;

/// Whether findings of calibration runs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calibration {
    /// They end the hunt.
    Counts,
    /// They are passed over.
    Passed,
}

/// What becomes of a hunt whose tasks overlap without a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vacuity {
    /// It fails.
    Fails,
    /// It passes.
    Passes,
}

/// Which failures are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Explaining {
    /// Those that are not expected.
    Unexpected,
    /// None.
    None,
}

/// Whether anything is printed while hunting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// A failure's seed and tape, as soon as it is there.
    Telling,
    /// Nothing.
    Quiet,
}

impl Hunt {
    /// A hunt of 1000 runs by one job. The base seed follows from the name: see
    /// [`seed_of`](Self::seed_of).
    pub fn new(name: impl Into<String>) -> Hunt {
        let name = name.into();
        Hunt {
            seed: Hunt::seed_of(&name),
            is_seeded: false,
            name,
            runs: 1000,
            wall_max: None,
            jobs: 1,
            shard: Shard::WHOLE,
            options: Options::default(),
            switchings: Switchings::One,
            member: None,
            calibration: Calibration::Counts,
            expected: None,
            distinct_max: 1,
            vacuity: Vacuity::Fails,
            demanded: Vec::new(),
            order: None,
            test: None,
            voice: Voice::Telling,
            environment: None,
            explaining: Explaining::Unexpected,
            keeping: Keeping::default(),
            isolation: Isolation::None,
            ordinal: None,
        }
    }

    /// The base seed of hunts of this name: its 64-bit FNV-1a hash. So each test has a seed of
    /// its own, and the same one every time.
    #[must_use]
    pub const fn seed_of(name: &str) -> u64 {
        let bytes = name.as_bytes();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        hash
    }

    /// The base seed.
    pub fn seed(mut self, seed: u64) -> Hunt {
        self.seed = seed;
        self.is_seeded = true;
        self
    }

    /// How many runs to make at the most.
    pub fn runs(mut self, runs: u64) -> Hunt {
        self.runs = runs;
        self
    }

    /// How much wall-clock time the runs may take; a run that has begun is not broken off. The
    /// report says so when this cut the hunt short. No limit by default.
    ///
    /// # Panics
    /// If it is zero.
    #[track_caller]
    pub fn wall_max(mut self, wall_max: Duration) -> Hunt {
        assert!(!wall_max.is_zero(), "a hunt's `wall_max` is zero; allowed: more than zero");
        self.wall_max = Some(wall_max);
        self
    }

    /// On how many OS threads runs are made at once. What is found does not depend on it.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn jobs(mut self, jobs: usize) -> Hunt {
        assert!(jobs > 0, "a hunt of 0 jobs; allowed: at least 1");
        self.jobs = jobs;
        self
    }

    /// Makes only part `ordinal` (from 1) of `count` of the runs: for several machines, which
    /// make all of them between them. Calibration is every part's.
    ///
    /// # Panics
    /// If there is no such part.
    #[track_caller]
    pub fn shard(mut self, ordinal: u64, count: u64) -> Hunt {
        let shard = Shard::new(ordinal, count);
        self.shard = shard.unwrap_or_else(|| {
            panic!("shard {ordinal} of {count}; allowed: 1 up to the number of shards")
        });
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
        self.switchings = Switchings::One;
        self.options.switching = switching;
        self
    }

    /// Makes runs under both switchings in turn: those with an even number preemptively, those
    /// with an odd one cooperatively. Each strategy makes as many of the ones as of the others.
    pub fn both_switchings(mut self) -> Hunt {
        self.switchings = Switchings::Both;
        self
    }

    /// How virtual time passes.
    pub fn time(mut self, time: TimeModel) -> Hunt {
        self.options.time = time;
        self
    }

    /// Which detectors listen.
    pub fn detectors(mut self, detectors: Detectors) -> Hunt {
        self.options.detectors = detectors;
        self
    }

    /// Whether what a run leaves behind is a finding.
    pub fn leaks(mut self, leaks: Leaks) -> Hunt {
        self.options.leaks = leaks;
        self
    }

    /// Which faults may strike.
    pub fn faults(mut self, faults: Faults) -> Hunt {
        self.options.faults = faults;
        self
    }

    /// How many steps a run may take before it counts as a livelock.
    pub fn steps_max(mut self, steps_max: u64) -> Hunt {
        self.options.steps_max = steps_max;
        self
    }

    /// Demands that some run comes to each of these labels: to a [`reachable!`](crate::reachable!),
    /// or to a [`sometimes!`](crate::sometimes!) whose condition holds. Without it, a label that no
    /// run comes to is not missed, since nobody knows of it.
    pub fn must_reach<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Hunt {
        self.demanded.extend(labels.into_iter().map(Into::into));
        self
    }

    /// Lets a hunt pass in which tasks overlap, and yet no schedule choice ever has two
    /// alternatives: see [`Vacuous`].
    pub fn allow_vacuous(mut self) -> Hunt {
        self.vacuity = Vacuity::Passes;
        self
    }

    /// Tries only schedules in which these points are passed in this order: each a label of
    /// [`point!`](crate::point!), or `task:label` with the name or the path of a task. A point
    /// that is passed more often than it stands here is free afterwards.
    ///
    /// A task is held back when, as far as earlier runs tell, its next step would pass a point
    /// before its turn. A run that leaves the order is broken off and says nothing. If no run
    /// keeps the order, the report says where they got stuck, and
    /// [`assert_ok`](Report::assert_ok) fails. Such a hunt has one job: each run learns from
    /// those before.
    ///
    /// # Panics
    /// If there are no points, or one of them is not of this form.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    /// use unpick_sim::hunt::Hunt;
    /// use unpick_sim::{point, spawn, step};
    ///
    /// let hunt = Hunt::new("ticket 17").order(["main.1:read", "main:wrote", "main.1:wrote"]);
    /// let report = hunt.quiet().run(|| async {
    ///     let balance = Rc::new(Cell::new(100));
    ///     let deposit = |amount| {
    ///         let balance = balance.clone();
    ///         async move {
    ///             let seen = balance.get();
    ///             point!("read");
    ///             step().await;
    ///             balance.set(seen + amount);
    ///             point!("wrote");
    ///         }
    ///     };
    ///     let teller = spawn(deposit(10));
    ///     deposit(20).await;
    ///     teller.await.unwrap();
    ///     assert_eq!(balance.get(), 130);
    /// });
    /// assert!(report.finding().is_some());
    /// ```
    #[track_caller]
    pub fn order<L: AsRef<str>>(mut self, points: impl IntoIterator<Item = L>) -> Hunt {
        match Order::new(points) {
            Ok(order) => self.order = Some(Arc::new(order)),
            Err(error) => panic!("hunt `{}`: {error}", self.name),
        }
        self
    }

    /// From how many runs before it the run of this number learns.
    fn learns_from(&self, number: u64) -> u64 {
        match (&self.order, number) {
            (Some(_), _) => number,
            (None, ..CALIBRATION_RUNS) => 0,
            (None, _) => CALIBRATION_RUNS,
        }
    }

    /// How many jobs there really are: with an order, each run learns from those before.
    fn jobs_made(&self) -> usize {
        if self.order.is_some() { 1 } else { self.jobs }
    }

    /// Demands a finding of this kind: the report is in order if that is found, and not if
    /// anything else is, or nothing.
    pub fn expect(mut self, kind: Kind) -> Hunt {
        self.expected = Some(kind);
        self
    }

    /// Goes on until there are so many distinct findings. Two are the same if they have
    /// the same [signature](crate::finding::Signature).
    ///
    /// # Panics
    /// If it is zero.
    #[track_caller]
    pub fn collect_distinct(mut self, distinct_max: usize) -> Hunt {
        assert!(distinct_max > 0, "a hunt for 0 distinct findings; allowed: at least 1");
        self.distinct_max = distinct_max;
        self
    }

    /// Prints nothing while hunting. Otherwise a failure's seed and tape go to standard error as
    /// soon as it is there, so that a test that is killed has told.
    pub fn quiet(mut self) -> Hunt {
        self.voice = Voice::Quiet;
        self
    }

    /// Takes failures as they are: none is replayed, cut down or explained.
    pub fn unexplained(mut self) -> Hunt {
        self.explaining = Explaining::None;
        self
    }

    /// Keeps failures in this file, and replays those that are there first. A hunt that knows its
    /// test keeps them beside the package unless it is told otherwise; any other keeps none.
    pub fn regressions(mut self, path: impl Into<PathBuf>) -> Hunt {
        self.keeping.regressions = Place::File(path.into());
        self
    }

    /// Keeps no failures, and replays none.
    pub fn without_regressions(mut self) -> Hunt {
        self.keeping.regressions = Place::Off;
        self
    }

    /// Writes reports of failures into this folder. A hunt that knows its test writes them into
    /// `unpick/` in the target folder unless it is told otherwise; any other writes none.
    pub fn report_dir(mut self, folder: impl Into<PathBuf>) -> Hunt {
        self.keeping.report_dir = Some(folder.into());
        self
    }

    /// Says in which process runs are made: in one of their own, what aborts the process,
    /// overflows its stack or never returns from a poll is a finding like any other.
    pub fn isolate(mut self, isolation: Isolation) -> Hunt {
        self.isolation = isolation;
        self
    }

    fn talks(&self) -> bool {
        self.voice == Voice::Telling
    }

    /// Runs the program until there is a finding, or all runs are made. An output that is an
    /// error is a finding.
    ///
    /// # Panics
    /// If there are no runs to make, the options or the [environment](crate::environment) are
    /// refused, a file with regressions cannot be read, or inside of a run. Never on a finding:
    /// ask the report.
    #[track_caller]
    pub fn run<F, Fut>(&self, program: F) -> Report
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Adjusted { mut hunt, only, mut notes } = self.adjusted();
        hunt.check();
        if hunt.isolation == Isolation::Process {
            match isolation::role(&hunt) {
                Role::Parent(ordinal) => hunt.ordinal = Some(ordinal),
                Role::Worker(orders) => isolation::work(&hunt, only.as_ref(), &orders, &program),
                Role::Bystander => return Report::none(&hunt),
            }
        }
        let can_replay = match (&only, hunt.ordinal) {
            (Some(_), _) => false,
            (None, None) => true,
            (None, Some(_)) if !hunt.has_kept() => false,
            (None, Some(ordinal)) => match isolation::rehearse_kept(&hunt, ordinal) {
                Ok(()) => true,
                Err(how) => {
                    notes.push(format!(
                        "kept failures were not replayed here: a process that tried it {how}"
                    ));
                    false
                }
            },
        };
        if can_replay {
            let (again, warnings) = hunt.replay_kept(&program);
            notes.extend(warnings);
            if let Some(Again { tape, finding, origin }) = again {
                let (id, strategy) = (RunId::new(hunt.seed, 0), String::from("replay"));
                let caught = Caught { id, strategy, finding, tape };
                let failures = vec![hunt.fail(caught, origin, Duration::ZERO, &program)];
                return Report { failures, notes, ..Report::none(&hunt) };
            }
        }
        let mut harvest = match (&only, hunt.ordinal) {
            (only, Some(ordinal)) => isolation::carry_out(&hunt, only.as_ref(), ordinal),
            (None, None) => jobs::carry_out(&hunt, &program),
            (Some(only), None) => repeat::carry_out(&hunt, only, &program),
        };
        notes.append(&mut harvest.notes);
        let is_whole = only.is_none() && !harvest.is_out_of_time;
        if is_whole && harvest.caught.is_empty() {
            // What an isolated hunt took is known to its worker, which has done this already.
            let mut as_it_is = |_, chooser| chooser;
            harvest.caught.extend(hunt.confirm(&harvest.nestings, &mut as_it_is, &program));
        }
        hunt.report(harvest, notes, only.is_none(), &program)
    }

    fn report<F, Fut>(
        &self,
        harvest: Harvest,
        notes: Vec<String>,
        is_hunt: bool,
        program: &F,
    ) -> Report
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let vacuous = if is_hunt { self.vacuous(&harvest, program) } else { None };
        let tally = harvest.tally;
        let (strategies, classes, awaits) = (tally.strategies(), tally.classes(), tally.awaits);
        let properties = self.properties(tally.properties);
        let is_whole = self.shard == Shard::WHOLE && !harvest.is_out_of_time;
        let judges_properties = is_whole && harvest.runs >= PROPERTIES_RUNS;
        let wall = harvest.wall;
        let failures = harvest.caught.into_iter();
        let failures = failures.map(|caught| {
            let is_steered = caught.strategy == lock_order::STEERED;
            let origin = if is_steered { Origin::Steered } else { Origin::Hunt };
            self.fail(caught, origin, wall, program)
        });
        Report {
            name: self.name.clone(),
            seed: self.seed,
            runs: harvest.runs,
            notes,
            failures: failures.collect(),
            expected: self.expected,
            strategies,
            classes,
            awaits,
            vacuous,
            properties,
            judges_properties,
            order: harvest.order,
            is_out_of_time: harvest.is_out_of_time,
            wall: harvest.wall,
        }
    }

    /// Makes one run of the hunt again, with the hunt's own options: the same strategy, the same
    /// tape. A run after the calibration is preceded by that, whose findings do not count.
    ///
    /// # Panics
    /// If the options are refused, or inside of a run.
    #[track_caller]
    pub fn run_one<F, Fut>(&self, number: u64, program: F) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        self.check();
        self.remake(number, &program).1
    }

    /// The name of the strategy of a run, and that run.
    fn remake<F, Fut>(&self, number: u64, program: &F) -> (String, Outcome<()>)
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut course = Course::new(self);
        for number in 0..self.learns_from(number) {
            let _learns = self.make_assigned(number, course.assign(number), program);
        }
        if number >= CALIBRATION_RUNS {
            course.freeze();
        }
        let assigned = course.assign(number);
        let strategy = assigned.assignment.name.clone();
        (strategy, self.make_assigned(number, assigned, program))
    }

    fn make_assigned<F, Fut>(&self, number: u64, assigned: Assigned, program: &F) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Assigned { assignment, switching } = assigned;
        self.make(RunId::new(self.seed, number), assignment.chooser, switching, program)
    }

    /// Looks for tasks that overlap, if no schedule was ever chosen.
    fn vacuous<F, Fut>(&self, harvest: &Harvest, program: &F) -> Option<Vacuous>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let is_green = harvest.caught.is_empty() && self.vacuity == Vacuity::Fails;
        if !is_green || harvest.tally.has_chosen || self.order.is_some() {
            return None;
        }
        let run = Run::with(self.options.clone()).id(RunId::new(self.seed, 0)).plain().traced();
        vacuous::overlapping(&judge(run.execute(program)).trace?)
    }

    fn properties(&self, mut tally: properties::Tally) -> properties::Tally {
        self.demanded.iter().for_each(|label| tally.demand(label));
        tally
    }

    /// Refuses what cannot be carried out, before anything is.
    #[track_caller]
    fn check(&self) {
        let name = &self.name;
        assert!(self.runs > 0, "hunt `{name}` has no runs to make; allowed: at least 1");
        if let Err(error) = self.options.check() {
            panic!("hunt `{name}`: {error}");
        }
        assert!(
            !engine::is_inside(),
            "hunt `{name}` was started inside of a run; allowed: outside of any run"
        );
    }

    /// Makes a failure of what was caught: finds out about it, and keeps it, unless it was
    /// expected.
    fn fail<F, Fut>(&self, caught: Caught, origin: Origin, after: Duration, program: &F) -> Failure
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Caught { id, strategy, mut finding, tape } = caught;
        let is_unexpected = self.expected != Some(finding.kind);
        // It says something of the tape, not of the program: there is nothing to explain or keep.
        let is_of_the_program = finding.kind != Kind::Divergence;
        let is_explained = is_unexpected
            && is_of_the_program
            && self.explaining == Explaining::Unexpected
            && self.can_explain(&mut finding, &tape);
        let explanation = is_explained
            .then(|| explain::explain(program, &self.options, &tape, &finding, Budget::default()));
        let mut failure = Failure {
            hunt: self.name.clone(),
            origin,
            id,
            runs_max: self.runs,
            after,
            strategy,
            finding,
            tape,
            explanation,
            rerun: Vec::new(),
            kept: None,
            report: None,
        };
        if is_of_the_program {
            failure.rerun = self.rerun(&failure);
        }
        if is_unexpected && is_of_the_program {
            self.keep(&mut failure);
        }
        failure
    }

    /// Whether this process would survive what explains a failure; if not, the finding says why.
    fn can_explain(&self, finding: &mut Finding, tape: &Tape) -> bool {
        if finding.kind.ends_process() {
            return false;
        }
        let Some(ordinal) = self.ordinal else { return true };
        match isolation::rehearse_explaining(self, ordinal, tape) {
            Ok(()) => true,
            Err(how) => {
                let told =
                    format!("it is not explained: a process that replayed runs near it {how}");
                finding.evidence.push(told);
                false
            }
        }
    }

    /// How a failure is made again: the command if this is a test, or else the calls.
    fn rerun(&self, failure: &Failure) -> Vec<String> {
        let (token, RunId { seed, number }) = (failure.smallest().token(), failure.id);
        let name = &self.name;
        let (again, original) = match &self.test {
            Some(test) => (
                format!("UNPICK_TAPE='{token}' {}", test.command()),
                format!("UNPICK_SEED={seed:#x}/{number}"),
            ),
            None => (
                format!("Run::new().replay_token(&\"{token}\".parse()?).execute(program)"),
                format!("Hunt::new({name:?}).seed({seed:#x}).run_one({number}, program)"),
            ),
        };
        match failure.origin {
            Origin::Hunt => vec![again, format!("(original run: {original})")],
            Origin::Steered | Origin::Given | Origin::Kept { .. } => vec![again],
        }
    }
}
