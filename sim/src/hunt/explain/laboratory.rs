//! Where a failing program is tried out: one run after another, all counted.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use super::plan::{Plan, Planned, Rest, Switches};
use crate::finding::{Finding, Kind};
use crate::hunt::{Verdict, judge};
use crate::options::{Options, Tracing};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::tape::Tape;

/// A program, and how its runs are carried out.
#[derive(Debug)]
pub(in crate::hunt) struct Laboratory<'a, F> {
    program: &'a F,
    options: Options,
    spent: Cell<u64>,
    steps: Cell<u64>,
}

/// What came of a trial.
#[derive(Debug)]
pub(in crate::hunt) struct Trial {
    pub(in crate::hunt) result: Result<(), Finding>,
    pub(in crate::hunt) tape: Tape,
    /// How often another task than the one before had a turn.
    pub(in crate::hunt) switches: u64,
    pub(in crate::hunt) steps: u64,
}

impl<'a, F, Fut> Laboratory<'a, F>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    /// A laboratory for runs like the one that made this tape.
    pub(in crate::hunt) fn new(program: &'a F, options: &Options, tape: &Tape) -> Self {
        let Tape { switching, time, .. } = *tape;
        let options = Options { switching, time, tracing: Tracing::Off, ..options.clone() };
        Laboratory { program, options, spent: Cell::new(0), steps: Cell::new(0) }
    }

    /// A laboratory that gives up runs which take much longer than one of so many steps. One that
    /// is given up counts as a livelock; if that is what is looked for, none is given up.
    pub(in crate::hunt) fn capped_at(&self, steps: u64, kind: Kind) -> Self {
        let mut options = self.options.clone();
        if kind != Kind::Livelock {
            options.steps_max = options.steps_max.min(steps.saturating_mul(4) + 1000);
        }
        Laboratory { program: self.program, options, spent: Cell::new(0), steps: Cell::new(0) }
    }

    /// How its runs are carried out.
    pub(in crate::hunt) fn options(&self) -> &Options {
        &self.options
    }

    /// How many runs were made.
    pub(in crate::hunt) fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// How many steps they took.
    pub(in crate::hunt) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Makes the run that this plan leads to, plain where the plan ends.
    #[track_caller]
    pub(in crate::hunt) fn try_plan(&self, plan: Plan) -> Trial {
        self.try_drawn(plan, Rest::Plain, RunId::default())
    }

    /// Makes a run that follows this plan and goes on as said; `id` is what draws.
    #[track_caller]
    pub(in crate::hunt) fn try_drawn(&self, plan: Plan, rest: Rest, id: RunId) -> Trial {
        let switches = Rc::new(Cell::new(0));
        let planned = Planned::new(plan, rest, switches.clone());
        let run = Run::with(self.options.clone()).id(id).strategy(planned);
        let Outcome { result, tape, steps, .. } = self.make(run);
        Trial { result, tape, switches: switches.get(), steps }
    }

    /// Makes the run that this plan leads to, with all that it leaves.
    #[track_caller]
    pub(in crate::hunt) fn follow(&self, plan: Plan, tracing: Tracing) -> Outcome<()> {
        let options = Options { tracing, ..self.options.clone() };
        let planned = Planned::new(plan, Rest::Plain, Switches::default());
        self.make(Run::with(options).strategy(planned))
    }

    /// Replays a tape strictly.
    #[track_caller]
    pub(in crate::hunt) fn replay(&self, tape: &Tape, tracing: Tracing) -> Outcome<()> {
        let options = Options { tracing, ..self.options.clone() };
        self.make(Run::with(options).replay(tape))
    }

    #[track_caller]
    fn make(&self, run: Run) -> Outcome<()> {
        self.spent.set(self.spent.get() + 1);
        let outcome = judge(run.execute(self.program));
        self.steps.set(self.steps.get() + outcome.steps);
        outcome
    }
}
