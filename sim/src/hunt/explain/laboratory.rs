//! Where a failing program is tried out: one run after another, all counted.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use super::Limit;
use super::perils::{Foreseen, Perils};
use super::plan::{Plan, Planned, Rest, Switches};
use crate::finding::{Finding, Kind};
use crate::hunt::{Verdict, judge};
use crate::options::{Options, Tracing};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::Chooser;
use crate::tape::Tape;
use crate::trace::{EventKind, Trace};

/// A program, and how its runs are carried out.
pub(in crate::hunt) struct Laboratory<'a, F> {
    program: &'a F,
    options: Options,
    /// Where trials may end the process.
    perils: Option<&'a Perils<'a>>,
    spent: Cell<u64>,
    steps: Cell<u64>,
}

/// How often it is tried to stop a run closer to its end.
const STOPS_MAX: u32 = 100;

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
        let (spent, steps) = (Cell::new(0), Cell::new(0));
        Laboratory { program, options, perils: None, spent, steps }
    }

    /// The same, for trials that may end the process.
    pub(in crate::hunt) fn beset_by(self, perils: &'a Perils<'a>) -> Self {
        Laboratory { perils: Some(perils), ..self }
    }

    /// Whether trials may end the process.
    pub(in crate::hunt) fn is_beset(&self) -> bool {
        self.perils.is_some()
    }

    /// Why a trial was refused, if one was.
    pub(in crate::hunt) fn refused(&self) -> Option<Limit> {
        self.perils.and_then(|perils| perils.refused.get())
    }

    /// A laboratory that gives up runs which take much longer than one of so many steps. One that
    /// is given up counts as a livelock; if that is what is looked for, none is given up.
    pub(in crate::hunt) fn capped_at(&self, steps: u64, kind: Kind) -> Self {
        let mut options = self.options.clone();
        if kind != Kind::Livelock {
            options.steps_max = options.steps_max.min(steps.saturating_mul(4) + 1000);
        }
        let (spent, steps) = (Cell::new(0), Cell::new(0));
        Laboratory { program: self.program, options, perils: self.perils, spent, steps }
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
        let key = self.key(&plan, rest, id);
        let switches = Rc::new(Cell::new(0));
        let planned = Chooser::from(Planned::new(plan, rest, switches.clone()));
        let made = |chooser| {
            let run = Run::with(self.options.clone()).id(id).strategy(chooser);
            let Outcome { result, tape, steps, .. } = self.make(run);
            Trial { result, tape, switches: switches.get(), steps }
        };
        let Some(perils) = self.perils else { return made(planned) };
        match perils.foresee(key) {
            Foreseen::Harmless => made(planned),
            Foreseen::Unknown => {
                let trial = made(perils.sentry.begins(key, planned, id));
                perils.sentry.survives(key);
                trial
            }
            Foreseen::Lost(lost) => {
                self.spent.set(self.spent.get() + 1);
                self.steps.set(self.steps.get() + lost.turns);
                let (result, choices) = (Err(lost.finding.clone()), lost.choices.clone());
                let (switches, steps) = (lost.switches, lost.turns);
                Trial { result, tape: self.tape(choices), switches, steps }
            }
            Foreseen::Refused => {
                Trial { result: Ok(()), tape: self.tape(Vec::new()), switches: 0, steps: 0 }
            }
        }
    }

    /// Whether it is known that a trial does not end the process: then it need not be made for
    /// whoever looks for one that does. It counts as made.
    pub(in crate::hunt) fn is_harmless(&self, plan: &Plan) -> bool {
        let Some(perils) = self.perils else { return false };
        let key = self.key(plan, Rest::Plain, RunId::default());
        let is_harmless = matches!(perils.foresee(key), Foreseen::Harmless);
        self.spent.set(self.spent.get() + u64::from(is_harmless));
        is_harmless
    }

    /// What a trial is known by.
    fn key(&self, plan: &Plan, rest: Rest, id: RunId) -> u64 {
        let Options { switching, time, steps_max, tracing, .. } = self.options;
        let from = match rest {
            Rest::Plain => u64::MAX,
            Rest::Drawn { from } => from as u64,
        };
        let modes = [switching as u64, time as u64, u64::from(tracing != Tracing::Off), steps_max];
        let of_run = [plan.hash(), from, id.seed, id.number];
        modes.into_iter().chain(of_run).fold(0xcbf2_9ce4_8422_2325_u64, |hash, word| {
            (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    }

    fn tape(&self, choices: Vec<crate::choice::Choice>) -> Tape {
        Tape { switching: self.options.switching, time: self.options.time, choices }
    }

    /// The trace of a run that ends its process in turn `turns`, up to there; what it takes to make
    /// it again is the number of steps that is given. `None` if it does not come that far.
    pub(in crate::hunt) fn trace_up_to(&self, plan: &Plan, steps: u64) -> Option<Trace> {
        let options = Options { tracing: Tracing::On, steps_max: steps, ..self.options.clone() };
        let (spent, steps) = (Cell::new(0), Cell::new(0));
        let there = Laboratory { program: self.program, options, perils: None, spent, steps };
        let planned = Planned::new(plan.clone(), Rest::Plain, Switches::default());
        there.make(Run::with(there.options.clone()).strategy(planned)).trace
    }

    /// With how many steps at the most a run stops right before turn `turns`, in which it would
    /// end the process: operations that go on in place count as steps, too. `None` if nothing
    /// happens before.
    pub(in crate::hunt) fn steps_before(&self, plan: &Plan, turns: u64) -> Option<u64> {
        let perils = self.perils?;
        let mut found = None;
        let mut steps = turns.checked_sub(1).filter(|&before| before > 0)?;
        for _ in 0..STOPS_MAX {
            let there = Laboratory {
                options: Options { tracing: Tracing::On, steps_max: steps, ..self.options.clone() },
                ..self.capped_at(u64::MAX, Kind::Livelock)
            };
            let key = there.key(plan, Rest::Plain, RunId::default());
            let made = |chooser| there.make(Run::with(there.options.clone()).strategy(chooser));
            let planned =
                Chooser::from(Planned::new(plan.clone(), Rest::Plain, Switches::default()));
            let outcome = match perils.foresee(key) {
                Foreseen::Lost(_) | Foreseen::Refused => break,
                Foreseen::Harmless => made(planned),
                Foreseen::Unknown => {
                    let outcome = made(perils.sentry.begins(key, planned, RunId::default()));
                    perils.sentry.survives(key);
                    outcome
                }
            };
            let events = outcome.trace.map_or_else(Vec::new, |trace| trace.events);
            let is_step = |kind: &EventKind| matches!(kind, EventKind::Step { .. });
            let come = events.iter().filter(|event| is_step(&event.kind)).count() as u64;
            if come >= turns {
                break;
            }
            found = Some(steps);
            steps += (turns - 1 - come).max(1);
        }
        found
    }

    /// Makes the run that this plan leads to, with all that it leaves. Whoever is told of trials is
    /// told of this one, too; it is made whatever is known of it.
    #[track_caller]
    pub(in crate::hunt) fn follow(&self, plan: Plan, tracing: Tracing) -> Outcome<()> {
        let options = Options { tracing, ..self.options.clone() };
        let key = self.key(&plan, Rest::Plain, RunId::default());
        let planned = Chooser::from(Planned::new(plan, Rest::Plain, Switches::default()));
        let make = |chooser| self.make(Run::with(options).strategy(chooser));
        let Some(perils) = self.perils else { return make(planned) };
        let outcome = make(perils.sentry.begins(key, planned, RunId::default()));
        perils.sentry.survives(key);
        outcome
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
