//! The nearest passing run: one that differs from the failing one in as few choices as possible.

use std::future::Future;

use super::laboratory::Laboratory;
use super::plan::Plan;
use crate::choice::Choice;
use crate::hunt::Verdict;
use crate::options::Tracing;
use crate::tape::Tape;
use crate::trace::Trace;

/// A run that passes, close to one that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// What is decided in it.
    pub tape: Tape,
    /// What happens in it.
    pub trace: Trace,
    /// The numbers of the failing tape's choices that were taken otherwise. What follows from them
    /// may be asked otherwise.
    pub changed: Vec<usize>,
}

/// How many single changes are tried.
const TRIALS_MAX: usize = 500;

/// How many steps they may take.
const STEPS_MAX: u64 = 1_000_000;

/// Looks for a run that passes: with one deviation of the failing tape made plain, the one of
/// `first` before others; with one choice taken in any other way; with all of them plain.
pub(super) fn nearest<F, Fut>(
    laboratory: &Laboratory<'_, F>,
    tape: &Tape,
    first: Option<usize>,
) -> Option<Passing>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let choices = &tape.choices;
    let deviating = choices.iter().enumerate().filter(|(_, choice)| !choice.is_plain());
    let deviating: Vec<usize> = deviating.map(|(number, _)| number).collect();
    let flips = first.into_iter().chain(deviating.iter().rev().copied());
    let flips = flips.map(|number| (number, 0));
    let others = choices.iter().enumerate().flat_map(|(number, &choice)| {
        alternatives(choice)
            .filter(move |&taken| taken != choice.taken())
            .map(move |taken| (number, taken))
    });
    let single = flips.chain(others.take(TRIALS_MAX));
    let single = single.take_while(|_| laboratory.steps() < STEPS_MAX);
    let mut single =
        single.map(|(number, taken)| (Plan::with(choices, number, taken), vec![number]));
    let found = single.find(|(plan, _)| laboratory.try_plan(plan.clone()).result.is_ok());
    let (plan, changed) = found.or_else(|| {
        let plain = Plan::default();
        laboratory.try_plan(plain.clone()).result.is_ok().then_some((plain, deviating.clone()))
    })?;
    let outcome = laboratory.follow(plan, Tracing::On);
    Some(Passing { tape: outcome.tape, trace: outcome.trace?, changed })
}

/// What a choice could take: all of it, or of many the first ones and the last.
fn alternatives(choice: Choice) -> impl Iterator<Item = u32> {
    let last = choice.arity() - 1;
    (0..last.min(8)).chain([last])
}
