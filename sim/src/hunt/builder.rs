//! What a hunt is told: what to hunt, how long, and how.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::course::Switchings;
use super::keeping::{Keeping, Place};
use super::shard::Shard;
use super::{Isolation, TestInfo};
use crate::environment::Environment;
use crate::faults::Faults;
use crate::finding::Kind;
use crate::options::{Detectors, Leaks, Options, Switching, TimeModel};
use crate::probe::Manner;
use crate::strategy::Order;
use crate::strategy::portfolio::Member;

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
    pub(super) name: String,
    pub(super) seed: u64,
    /// Whether the code names a seed.
    pub(super) is_seeded: bool,
    pub(super) runs: u64,
    pub(super) wall_max: Option<Duration>,
    pub(super) jobs: usize,
    pub(super) shard: Shard,
    pub(super) options: Options,
    pub(super) switchings: Switchings,
    pub(super) member: Option<Member>,
    pub(super) calibration: Calibration,
    pub(super) expected: Option<Kind>,
    pub(super) distinct_max: usize,
    pub(super) vacuity: Vacuity,
    /// Labels that some run must come to.
    pub(super) demanded: Vec<String>,
    /// The order of points that is kept to.
    pub(super) order: Option<Arc<Order>>,
    /// Which test it is, if it is one.
    pub(super) test: Option<TestInfo>,
    pub(super) voice: Voice,
    /// In the place of the process's.
    pub(super) environment: Option<Environment>,
    pub(super) explaining: Explaining,
    pub(super) keeping: Keeping,
    pub(super) isolation: Isolation,
    /// How many processes may be lost in cutting a crash down.
    pub(super) processes_max: usize,
    /// If other processes make its runs: the how-manieth hunt of its name it is.
    pub(super) ordinal: Option<u64>,
    /// How the runs of its jobs are made.
    pub(super) manner: Manner,
}
/// Whether findings of calibration runs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calibration {
    /// They end the hunt.
    Counts,
    /// They are passed over.
    Passed,
}

/// What becomes of a hunt whose tasks overlap without a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vacuity {
    /// It fails.
    Fails,
    /// It passes.
    Passes,
}

/// Which failures are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Explaining {
    /// Those that are not expected.
    Unexpected,
    /// None.
    None,
}

/// Whether anything is printed while hunting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
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
            processes_max: 100,
            ordinal: None,
            manner: Manner::ForGood,
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
    /// alternatives: see [`Vacuous`](super::Vacuous).
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
    /// [`assert_ok`](super::Report::assert_ok) fails. Such a hunt has one job: each run learns from
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

    /// Says how many processes may be lost in cutting down a run that ends its process; finding out
    /// which choice decided may cost twice as many again. 100 by default. With none, such a run is
    /// reported as it was.
    pub fn processes_max(mut self, processes: usize) -> Hunt {
        self.processes_max = processes;
        self
    }
}
