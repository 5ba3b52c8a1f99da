//! One run of a program: set up, executed, and what came of it.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::class::{Awaits, Class};
use crate::engine::{self, Nested};
use crate::finding::Finding;
use crate::options::{Detectors, Options, OptionsError, Switching, TimeModel, Tracing};
use crate::panics;
use crate::probe::{Manner, Standing};
use crate::properties::Passed;
use crate::seed::RunId;
use crate::strategy::{Chooser, Divergence, Fifo, Replay, Strictness};
use crate::tape::{Tape, Token};
use crate::time::Instant;
use crate::trace::Trace;
use crate::watchdog;

/// One run that is to be made: random by default, under seed 0.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, spawn, yield_now};
///
/// let program = || async {
///     let other = spawn(async { yield_now().await });
///     yield_now().await;
///     other.await
/// };
/// let outcome = Run::new().seed(0x5eed).execute(program);
/// assert_eq!(outcome.result, Ok(Ok(())));
///
/// let again = Run::new().replay(&outcome.tape).execute(program);
/// assert_eq!(again.tape, outcome.tape);
/// ```
#[derive(Debug)]
#[must_use = "a run does nothing until it is executed"]
pub struct Run {
    options: Options,
    id: RunId,
    chooser: Chooser,
    manner: Manner,
}

impl Default for Run {
    fn default() -> Self {
        Run::new()
    }
}

impl Run {
    /// A random run under seed 0, with default options.
    pub fn new() -> Run {
        Run::with(Options::default())
    }

    /// A random run under seed 0, with these options.
    pub fn with(options: Options) -> Run {
        let (id, chooser) = (RunId::default(), Chooser::RandomWalk);
        Run { options, id, chooser, manner: Manner::ForGood }
    }

    /// Run 0 of this seed.
    pub fn seed(self, seed: u64) -> Run {
        self.id(RunId::new(seed, 0))
    }

    /// Draws what this run of a hunt draws. The hunt's strategy is not remade: that is what
    /// [`Hunt::run_one`](crate::hunt::Hunt::run_one) does.
    pub fn id(mut self, id: RunId) -> Run {
        self.id = id;
        self
    }

    /// Lets this strategy make the choices.
    pub fn strategy(mut self, strategy: impl Into<Chooser>) -> Run {
        self.chooser = strategy.into();
        self
    }

    /// The plain run: first in, first out, no fault, the smallest data.
    pub fn plain(self) -> Run {
        self.strategy(Fifo)
    }

    /// Replays a tape strictly, under its own switching and time model.
    pub fn replay(mut self, tape: &Tape) -> Run {
        self.options.switching = tape.switching;
        self.options.time = tape.time;
        self.strategy(Replay::tape(tape, Strictness::Strict))
    }

    /// Replays a token strictly, under its own switching and time model.
    pub fn replay_token(mut self, token: &Token) -> Run {
        self.options.switching = token.switching();
        self.options.time = token.time();
        self.strategy(Replay::token(token.clone(), Strictness::Strict))
    }

    /// Says where another task may come in between.
    pub fn switching(mut self, switching: Switching) -> Run {
        self.options.switching = switching;
        self
    }

    /// Says how virtual time passes.
    pub fn time(mut self, time: TimeModel) -> Run {
        self.options.time = time;
        self
    }

    /// Records every event.
    pub fn traced(mut self) -> Run {
        self.options.tracing = Tracing::On;
        self
    }

    /// Records the last events, so many of them: a run of many millions then takes little memory.
    /// The trace says how many came before.
    ///
    /// # Examples
    /// ```
    /// use unpick_sim::{Run, yield_now};
    ///
    /// let outcome = Run::new().traced_last(3).execute(|| async {
    ///     for _ in 0..1000 {
    ///         yield_now().await;
    ///     }
    /// });
    /// let text = outcome.trace.unwrap().to_text();
    /// assert!(text.contains("events before this one were not kept"), "{text}");
    /// assert!(text.ends_with("end\n"));
    /// ```
    pub fn traced_last(mut self, events: u32) -> Run {
        self.options.tracing = Tracing::Last(events);
        self
    }

    /// Says which detectors listen.
    pub fn detectors(mut self, detectors: Detectors) -> Run {
        self.options.detectors = detectors;
        self
    }

    /// How many steps it may take before it counts as a livelock.
    pub fn steps_max(mut self, steps_max: u64) -> Run {
        self.options.steps_max = steps_max;
        self
    }

    /// How far the virtual clock may go before it counts as a livelock.
    pub fn elapsed_max(mut self, elapsed_max: Duration) -> Run {
        self.options.elapsed_max = elapsed_max;
        self
    }

    /// Makes it in this manner: on trial only if it can be made again.
    pub(crate) fn manner(mut self, manner: Manner) -> Run {
        self.manner = manner;
        self
    }

    /// Executes the program.
    ///
    /// # Panics
    /// If the options are refused, or inside of another run: see [`try_execute`](Self::try_execute).
    #[track_caller]
    pub fn execute<F, Fut>(self, program: F) -> Outcome<Fut::Output>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
        self.carry_out(program)
    }

    /// Executes the program.
    ///
    /// `program` is called inside the run; neither it nor its future needs to be `Send` or
    /// `'static`.
    ///
    /// # Errors
    /// If the options are refused, or inside of another run.
    ///
    /// # Panics
    /// If the strategy panics, or takes an alternative that there is not.
    pub fn try_execute<F, Fut>(self, program: F) -> Result<Outcome<Fut::Output>, RunError>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        self.check()?;
        Ok(self.carry_out(program))
    }

    /// Says whether it can be made here.
    fn check(&self) -> Result<(), RunError> {
        self.options.check().map_err(RunError::Options)?;
        if engine::is_inside() { Err(RunError::Nested) } else { Ok(()) }
    }

    /// Executes the program, as nothing is wrong with the run.
    fn carry_out<F, Fut>(self, program: F) -> Outcome<Fut::Output>
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        if self.options.poll_max.is_some() {
            watchdog::start();
        }
        let Run { options, id, chooser, manner } = self;
        let execute = || engine::execute(options, id, chooser, manner, program);
        let ended = catch_unwind(AssertUnwindSafe(|| logged(execute)));
        let (output, standing) = ended.unwrap_or_else(|panic| {
            let place = panics::take_place();
            let place = place.map_or_else(|| String::from("?"), |place| place.to_string());
            // Outside of the run, so that it is printed.
            panic!("run {id} was broken off by a panic at {place}: {}", panics::caught(panic))
        });
        engine::outcome(output, standing)
    }
}

/// What came of a run.
#[derive(Debug)]
#[must_use = "an outcome may hold a finding"]
pub struct Outcome<T> {
    /// The program's output, or what went wrong.
    pub result: Result<T, Finding>,
    /// Where a strict replay left its tape, whatever else was found.
    pub divergence: Option<Divergence>,
    /// What was left when the main future had ended, and what was lost, a line each: tasks that
    /// wait for ever, what they hold, what was never given back. Known of traced runs without a
    /// finding; a finding has it among its evidence.
    pub remarks: Vec<String>,
    /// How many locks, permits and the like were still held when the main future had ended, by
    /// tasks that wait for ever, daemons apart, or that had ended: whose guards were forgotten, or
    /// that had taken something without one. Of a run with a finding, that finding speaks of it.
    pub held: usize,
    /// Everything that was decided.
    pub tape: Tape,
    /// The properties that were passed, and whether they held.
    pub properties: Vec<Passed>,
    /// Everything that happened, if the run was traced.
    pub trace: Option<Trace>,
    /// What tasks took while they held something else.
    pub(crate) nested: Vec<Nested>,
    /// How many turns were taken.
    pub steps: u64,
    /// How many tasks there were, the main one included.
    pub tasks: usize,
    /// How many of them, daemons apart, had not ended when the run was over.
    pub unfinished: usize,
    /// The virtual time at the end.
    pub elapsed: Instant,
    /// Its happens-before class, if that was hashed.
    pub class: Option<Class>,
    /// How many of its awaits are instrumented, if classes were hashed.
    pub awaits: Option<Awaits>,
    /// Who made the choices.
    pub chooser: Chooser,
    /// What the companion of a run on trial says of it.
    pub(crate) standing: Standing,
}

impl<T> Outcome<T> {
    /// The same run, with what `judge` finds in its output.
    pub(crate) fn judged(self, judge: impl FnOnce(T) -> Option<Finding>) -> Outcome<()> {
        let mut remarks = self.remarks;
        let finding = match self.result {
            Ok(output) => judge(output).map(|mut finding| {
                finding.evidence.append(&mut remarks);
                finding
            }),
            Err(finding) => Some(finding),
        };
        Outcome {
            result: finding.map_or(Ok(()), Err),
            remarks,
            held: self.held,
            divergence: self.divergence,
            properties: self.properties,
            tape: self.tape,
            trace: self.trace,
            nested: self.nested,
            steps: self.steps,
            tasks: self.tasks,
            unfinished: self.unfinished,
            elapsed: self.elapsed,
            class: self.class,
            awaits: self.awaits,
            chooser: self.chooser,
            standing: self.standing,
        }
    }
}

/// Why a run was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// An option has a value with which no run can be made.
    Options(OptionsError),
    /// The thread is inside of another run.
    Nested,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Options(error) => error.fmt(f),
            RunError::Nested => f.write_str(
                "a run was started inside of another one on the same thread; \
                 allowed: one run at a time for each thread",
            ),
        }
    }
}

impl std::error::Error for RunError {}

/// Carries a run out. What it logs joins its trace.
#[cfg(feature = "tracing")]
fn logged<R>(run: impl FnOnce() -> R) -> R {
    crate::logging::inside(run)
}

/// Carries a run out.
#[cfg(not(feature = "tracing"))]
fn logged<R>(run: impl FnOnce() -> R) -> R {
    run()
}
