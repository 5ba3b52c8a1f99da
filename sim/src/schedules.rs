//! Schedules as proptest's values (feature `proptest`): an ordinary `proptest!` test takes its
//! inputs and a schedule, and proptest shrinks both at once.
//!
//! ```
//! use proptest::prelude::*;
//! use unpick_sim::schedules::schedules;
//! use unpick_sim::{spawn, yield_now};
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn sums_do_not_depend_on_the_schedule(
//!         numbers in prop::collection::vec(0..100_u32, 0..8),
//!         schedule in schedules(),
//!     ) {
//!         schedule.run(|| async {
//!             let tasks: Vec<_> = numbers
//!                 .iter()
//!                 .map(|&number| spawn(async move { yield_now().await; number }))
//!                 .collect();
//!             let mut sum = 0;
//!             for task in tasks {
//!                 sum += task.await.unwrap();
//!             }
//!             assert_eq!(sum, numbers.iter().sum::<u32>());
//!         })?;
//!     }
//! }
//! # sums_do_not_depend_on_the_schedule();
//! ```
//!
//! **How it shrinks.** A schedule has a slot into which its run writes what was decided. Once a
//! run has failed, that tape is the value, and proptest's `simplify` makes choices of it plain. A
//! tape that is run with other inputs is followed as far as it goes: choice by choice of the same
//! label, and plainly beyond its end. If it does not fail with smaller inputs, [`RETRIES`] other
//! schedules are tried, so that inputs shrink although every schedule is of its inputs.
//!
//! What is claimed belongs inside of the run: only then the schedule knows that it failed.
//!
//! **Environment.** `UNPICK_TAPE` is replayed in place of every schedule, `UNPICK_STRATEGY` makes the
//! schedules if it learns nothing, and a base seed in `UNPICK_SEED` is mixed into proptest's. What
//! asks for something else (a run of a hunt, a strategy that learns) is an error, and variables that
//! say nothing here, such as `UNPICK_RUNS`, are named on standard error: `PROPTEST_CASES` is how many
//! cases there are.
//!
//! **Regressions.** proptest's own files keep the seed of its generator, which remakes inputs and
//! schedule. The failing value is printed with its token, which `Run::replay_token` replays.

mod follow;
mod shrinking;
mod wishes;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::{TestCaseError, TestRunner};

use self::follow::Follow;
use self::shrinking::Shrinking;
use self::wishes::Wishes;
use crate::environment::Environment;
use crate::finding::{Finding, Kind};
use crate::hunt::Verdict;
use crate::options::{Options, Switching, TimeModel};
use crate::run::{Outcome, Run};
use crate::tape::{Tape, Token};

/// How many other schedules are tried when a recorded one does not fail with smaller inputs.
pub const RETRIES: u64 = 20;

/// Random schedules, by random walk, partial-order sampling and random priorities in turn, with
/// default options.
#[must_use]
pub fn schedules() -> Schedules {
    Schedules { options: Arc::default(), environment: None }
}

/// The proptest strategy that [`schedules`] gives.
#[derive(Clone, Debug)]
pub struct Schedules {
    options: Arc<Options>,
    /// In the place of the process's.
    environment: Option<Environment>,
}

impl Schedules {
    /// How runs are carried out.
    #[must_use]
    pub fn options(mut self, options: Options) -> Schedules {
        self.options = Arc::new(options);
        self
    }

    /// Where another task may come in between.
    #[must_use]
    pub fn switching(mut self, switching: Switching) -> Schedules {
        Arc::make_mut(&mut self.options).switching = switching;
        self
    }

    /// How virtual time passes.
    #[must_use]
    pub fn time(mut self, time: TimeModel) -> Schedules {
        Arc::make_mut(&mut self.options).time = time;
        self
    }

    /// Takes this for what the environment says, rather than that of the process. With
    /// [`Environment::default`] nothing but the code counts.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Schedules {
        self.environment = Some(environment);
        self
    }

    /// # Panics
    /// If the environment makes no sense.
    fn wishes(&self) -> Wishes {
        match &self.environment {
            None => Wishes::of_process(),
            Some(environment) => Wishes::of(environment.clone())
                .unwrap_or_else(|error| panic!("schedules(): {error}")),
        }
    }
}

impl Strategy for Schedules {
    type Tree = ScheduleTree;
    type Value = Schedule;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let seed = proptest::num::u64::ANY.new_tree(runner)?.current();
        let (options, wishes) = (self.options.clone(), Arc::new(self.wishes()));
        Ok(ScheduleTree {
            options,
            wishes,
            seed,
            slot: Arc::default(),
            shrinking: None,
            candidate: None,
        })
    }
}

/// What the runs of one value wrote down.
#[derive(Debug, Default)]
struct Slot {
    /// The tape of the first run.
    first: Option<Tape>,
    /// The tape of the last run that failed.
    failed: Option<Tape>,
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A schedule that proptest shrinks.
#[derive(Debug)]
pub struct ScheduleTree {
    options: Arc<Options>,
    wishes: Arc<Wishes>,
    seed: u64,
    slot: Arc<Mutex<Slot>>,
    /// From the first simplification on.
    shrinking: Option<Shrinking>,
    /// A simpler tape that is being tried.
    candidate: Option<Tape>,
}

impl ValueTree for ScheduleTree {
    type Value = Schedule;

    fn current(&self) -> Schedule {
        let plan = match (&self.wishes.tape, &self.candidate) {
            (Some(token), _) => Plan::Token(token.clone()),
            (None, Some(tape)) => Plan::Exactly(tape.clone()),
            (None, None) => {
                let slot = lock(&self.slot);
                let known = slot.failed.as_ref().or(slot.first.as_ref());
                known.map_or(Plan::Random, |tape| Plan::First(tape.clone()))
            }
        };
        let (options, wishes) = (self.options.clone(), self.wishes.clone());
        Schedule { options, wishes, seed: self.seed, plan, slot: self.slot.clone() }
    }

    fn simplify(&mut self) -> bool {
        if self.wishes.tape.is_some() {
            return false;
        }
        let failed = {
            let slot = lock(&self.slot);
            slot.failed.clone().or_else(|| slot.first.clone())
        };
        let candidate = self.candidate.take();
        match (&mut self.shrinking, failed) {
            (None, Some(failed)) => self.shrinking = Some(Shrinking::new(failed)),
            (None, None) => return false,
            (Some(shrinking), failed) => {
                if let Some(candidate) = candidate {
                    // A run that failed has written down what it really decided.
                    shrinking.accept(
                        failed.filter(|tape| tape.len() <= candidate.len()).unwrap_or(candidate),
                    );
                }
            }
        }
        self.candidate = self.shrinking.as_mut().and_then(Shrinking::next);
        self.candidate.is_some()
    }

    fn complicate(&mut self) -> bool {
        if self.candidate.take().is_none() {
            return false;
        }
        // Another simplification at once; or, when there is none, back to what failed.
        self.candidate = self.shrinking.as_mut().and_then(Shrinking::next);
        true
    }
}

/// What a run is to decide.
#[derive(Clone, Debug)]
enum Plan {
    /// What the seed says.
    Random,
    /// This tape; and if that does not fail, what other seeds say.
    First(Tape),
    /// This tape, and nothing else.
    Exactly(Tape),
    /// This token, strictly.
    Token(Token),
}

/// How one program is to be run; printed as the token of its last run that failed.
#[derive(Clone)]
pub struct Schedule {
    options: Arc<Options>,
    wishes: Arc<Wishes>,
    seed: u64,
    plan: Plan,
    slot: Arc<Mutex<Slot>>,
}

impl Schedule {
    /// The schedule of a token, to pin a failure: it replays strictly.
    #[must_use]
    pub fn pinned(token: Token) -> Schedule {
        let plan = Plan::Token(token);
        let (options, wishes) = (Arc::default(), Arc::default());
        Schedule { options, wishes, seed: 0, plan, slot: Arc::default() }
    }

    /// Runs a program under this schedule.
    ///
    /// # Errors
    /// If something was found; also an output that is an error. `?` hands it on to proptest.
    ///
    /// # Panics
    /// If the options are refused, or inside of a run.
    #[track_caller]
    pub fn run<F, Fut>(&self, program: F) -> Result<Fut::Output, TestCaseError>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let id = |number| self.wishes.id(self.seed, number);
        let run = || Run::with((*self.options).clone()).id(id(0));
        match &self.plan {
            Plan::Random => self.execute(run().strategy(self.wishes.chooser(id(0).seed)), &program),
            Plan::Exactly(tape) => self.execute(run().strategy(Follow::new(tape)), &program),
            Plan::Token(token) => self.execute(run().replay_token(token), &program),
            Plan::First(tape) => {
                let mut result = self.execute(run().strategy(Follow::new(tape)), &program);
                for number in 1..=RETRIES {
                    if result.is_err() {
                        break;
                    }
                    let chooser = self.wishes.chooser(id(0).seed.wrapping_add(number));
                    let run = run().id(id(number)).strategy(chooser);
                    result = self.execute(run, &program);
                }
                result
            }
        }
    }

    #[track_caller]
    fn execute<F, Fut>(&self, run: Run, program: &F) -> Result<Fut::Output, TestCaseError>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Outcome { result, tape, elapsed, divergence, .. } = run.execute(program);
        if let (Some(divergence), true) = (divergence, self.wishes.tape.is_some()) {
            // It is of other inputs. If no inputs fit it, proptest fails.
            return Err(TestCaseError::reject(format!("UNPICK_TAPE does not fit: {divergence}")));
        }
        let finding = match result {
            Ok(output) => match output.complaint() {
                None => {
                    lock(&self.slot).first.get_or_insert(tape);
                    return Ok(output);
                }
                Some(message) => Finding::new(Kind::Error, message, elapsed),
            },
            Err(finding) => finding,
        };
        let token = tape.token();
        let mut slot = lock(&self.slot);
        slot.first.get_or_insert_with(|| tape.clone());
        slot.failed = Some(tape);
        Err(TestCaseError::fail(format!("{finding}\n  tape   {token}")))
    }

    /// The token of the last run that failed, or of the first one if none has; `None` before.
    #[must_use]
    pub fn token(&self) -> Option<Token> {
        let slot = lock(&self.slot);
        slot.failed.as_ref().or(slot.first.as_ref()).map(Tape::token)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.token(), &self.plan) {
            (Some(token), _) => write!(f, "{token}"),
            (None, Plan::Token(token)) => write!(f, "{token}"),
            (None, _) => write!(f, "schedule {:#x}", self.seed),
        }
    }
}
