//! Which choice decided that a run fails: flip tests, and what follows each choice drawn anew.

mod rate;

use std::future::Future;

pub use rate::Rate;

use super::Limit;
use super::laboratory::Laboratory;
use super::plan::{Plan, Rest};
use crate::finding::{Finding, Signature};
use crate::hunt::Verdict;
use crate::options::Options;
use crate::seed::RunId;
use crate::tape::Tape;

/// A deviation of a failing tape, and what becomes of the run without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The number of the choice, from 0.
    pub number: usize,
    /// What the run comes to when this choice is plain.
    pub without: Without,
}

/// What a run comes to without one of its deviations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Without {
    /// Nothing goes wrong: the choice was necessary.
    Passes,
    /// Something else goes wrong: its headline. The choice was necessary for this failure.
    FailsOtherwise(String),
    /// The same goes wrong: the choice was not necessary.
    FailsAlike,
}

/// The choice at which the chance of failing rises most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decisive {
    /// The number of the choice, from 0.
    pub number: usize,
    /// How many fail of runs that take all before this choice from the tape, and draw the rest.
    pub before: Rate,
    /// How many fail of runs that take this choice from the tape as well.
    pub after: Rate,
}

/// What is known of each deviation of a failing tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decisions {
    /// The flip test of each deviation, in order.
    pub flips: Vec<Flip>,
    /// `None` if the tape has no deviations, if it made no difference that shows in the samples
    /// which of them is taken, or if that was not found out because it was cut short.
    pub decisive: Option<Decisive>,
    /// What cut it short, if anything did: the budget of steps where runs are too long to make
    /// many of them, or, of a run that ends its process, that of processes or time.
    pub cut_short: Option<Limit>,
}

/// How many runs each rate is measured in; fewer if they are long.
const SAMPLES: u64 = 100;

/// Of fewer runs than this no rate is worth anything.
const SAMPLES_MIN: u32 = 10;

/// How many steps a rate may take.
const STEPS_MAX: u64 = 1_000_000;

/// How many deviations are looked at: of more, the last ones.
const DEVIATIONS_MAX: usize = 12;

/// Finds out which of a tape's deviations decided that its run fails as `finding` says. Best asked
/// of a tape that was [shrunk](super::shrink()).
///
/// What is drawn follows from the tape, so that the same tape has the same rates. Of more than
/// 12 deviations, the last 12 are looked at.
///
/// # Panics
/// If the options are refused, or inside of a run.
#[track_caller]
pub fn decide<F, Fut>(program: &F, options: &Options, tape: &Tape, finding: &Finding) -> Decisions
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    decide_in(&Laboratory::new(program, options, tape), tape, finding, SAMPLES)
}

/// The same, in a laboratory for runs like the one with this tape.
pub(in crate::hunt) fn decide_in<F, Fut>(
    laboratory: &Laboratory<'_, F>,
    tape: &Tape,
    finding: &Finding,
    samples_max: u64,
) -> Decisions
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let steps = laboratory.try_plan(Plan::masked(&tape.choices, |_| true)).steps;
    let laboratory = laboratory.capped_at(steps, finding.kind);
    let signature = finding.signature();
    let deviations = tape.choices.iter().enumerate().filter(|(_, choice)| !choice.is_plain());
    let deviations: Vec<usize> = deviations.map(|(number, _)| number).collect();
    let looked_at = &deviations[deviations.len().saturating_sub(DEVIATIONS_MAX)..];
    let flips = looked_at.iter().map(|&number| {
        let plan = Plan::with(&tape.choices, number, 0);
        let without = match laboratory.try_plan(plan).result {
            Ok(()) => Without::Passes,
            Err(found) if found.signature() == signature => Without::FailsAlike,
            Err(found) => Without::FailsOtherwise(found.headline()),
        };
        Flip { number, without }
    });
    // One that was not to be made says nothing.
    let flips = flips.take_while(|_| laboratory.refused().is_none()).collect();
    let samples = (STEPS_MAX / steps.max(1)).min(samples_max) as u32;
    if samples < SAMPLES_MIN {
        let cut_short = laboratory.refused().or((!looked_at.is_empty()).then_some(Limit::Steps));
        return Decisions { flips, decisive: None, cut_short };
    }
    let rises = looked_at.iter().map(|&number| Decisive {
        number,
        before: rate(&laboratory, tape, number, &signature, samples),
        after: rate(&laboratory, tape, number + 1, &signature, samples),
    });
    // Of equal rises the first counts: what comes after it follows.
    let decisive =
        rises.rev().max_by_key(|rise| rise.after.failed.saturating_sub(rise.before.failed));
    let cut_short = laboratory.refused();
    let decisive = decisive.filter(|_| cut_short.is_none());
    let decisive = decisive.filter(|rise| rise.before.is_surely_below(rise.after));
    Decisions { flips, decisive, cut_short }
}

/// How many runs fail that take this many choices from the tape and draw the rest.
fn rate<F, Fut>(
    laboratory: &Laboratory<'_, F>,
    tape: &Tape,
    from: usize,
    signature: &Signature,
    samples: u32,
) -> Rate
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let seed = u64::from(tape.checksum());
    let fails = |number: &u32| {
        let plan = Plan::masked(&tape.choices[..from], |_| true);
        let id = RunId::new(seed, u64::from(*number));
        let trial = laboratory.try_drawn(plan, Rest::Drawn { from }, id);
        trial.result.is_err_and(|finding| finding.signature() == *signature)
    };
    Rate { failed: (0..samples).filter(fails).count() as u32, of: samples }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::explain::{Budget, shrink};
    use crate::{Run, pick, yield_now};

    /// Fails if the first draw is 1, whatever the second is.
    async fn draws() -> Result<(), String> {
        let first = pick(4);
        yield_now().await;
        let _second = pick(4);
        if first == 1 { Err(String::from("one")) } else { Ok(()) }
    }

    fn failing() -> (Tape, Finding) {
        let runs = (0..100).map(|seed| crate::hunt::judge(Run::new().seed(seed).execute(draws)));
        let mut failing =
            runs.filter_map(|outcome| outcome.result.err().map(|finding| (outcome.tape, finding)));
        let found = failing.find(|(tape, _)| tape.deviations() == 2);
        found
            .expect("one run in four fails, and most of them draw something else than 0 after that")
    }

    #[test]
    fn the_choice_that_decides_is_told_from_one_that_does_not_matter() {
        let (tape, finding) = failing();
        let decisions = decide(&draws, &Options::default(), &tape, &finding);
        let [first, second] = decisions.flips.as_slice() else { panic!("{decisions:?}") };
        assert_eq!((first.number, &first.without), (0, &Without::Passes));
        assert_eq!((second.number, &second.without), (1, &Without::FailsAlike));
        let decisive = decisions.decisive.expect("the first draw decides");
        assert_eq!((decisive.number, decisive.after.per_cent()), (0, 100));
        let (low, high) = decisive.before.interval();
        assert!(low <= 25 && 25 <= high, "one in four: {decisive:?}");
    }

    #[test]
    fn the_same_tape_has_the_same_rates() {
        let (tape, finding) = failing();
        let decisions = || decide(&draws, &Options::default(), &tape, &finding);
        assert_eq!(decisions(), decisions());
    }

    #[test]
    fn data_is_shrunk_to_the_one_draw_that_matters() {
        let (tape, finding) = failing();
        let shrunk = shrink(&draws, &Options::default(), &tape, &finding, Budget::default());
        let shrunk = shrunk.expect("it fails again");
        assert!(shrunk.tape.token().to_string().starts_with("1pe:2@0=1~"), "{:?}", shrunk.tape);
    }
}
