//! Failing runs of random programs, cut down: every promise of shrinking, over many of them.

use std::time::Duration;

use unpick::Run;
use unpick::sim::hunt::explain::{self, Budget};
use unpick::sim::hunt::judge;
use unpick::sim::tape::Tape;

use super::{MODES, options_of};
use crate::support::programs::{Form, Program, Size, execute, expecting, generate};

/// Of runs alone, so that the same is tried everywhere.
const BUDGET: Budget = Budget { runs_max: 2000, steps_max: u64::MAX, wall_max: Duration::MAX };

/// Shrinks a run of this program that fails, if one of a few does: with a deadlock, or because
/// its variables are not those of the plain run.
fn check(program: &Program, seed: u64) -> Option<usize> {
    let mode = MODES[seed as usize % MODES.len()];
    let options = options_of(mode);
    let plain = execute(Run::with(options.clone()).plain(), program).summary.variables;
    let future = || expecting(program, &plain);
    let mut runs = (0..20).map(|number| {
        let run = Run::with(options.clone()).seed(seed * 1000 + number);
        judge(run.execute(future))
    });
    let (tape, finding) =
        runs.find_map(|outcome| outcome.result.err().map(|finding| (outcome.tape, finding)))?;
    let shrunk = explain::shrink(&future, &options, &tape, &finding, BUDGET);
    let shrunk = shrunk.unwrap_or_else(|| panic!("it fails again:\n{program}"));

    let context = format!("{} became {}:\n{program}", tape.token(), shrunk.tape.token());
    assert_eq!(shrunk.finding.signature(), finding.signature(), "{context}");
    let size = |tape: &Tape| (tape.deviations(), tape.len());
    assert!(size(&shrunk.tape) <= size(&tape), "{context}");
    let again = judge(Run::with(options.clone()).replay(&shrunk.tape).traced().execute(future));
    assert_eq!((again.divergence, again.result), (None, Err(shrunk.finding)), "{context}");
    let same = explain::shrink(&future, &options, &tape, &finding, BUDGET);
    assert_eq!(same.map(|shrunk| shrunk.tape), Some(shrunk.tape.clone()), "{context}");
    if shrunk.cut_short.is_none() {
        let choices = shrunk.tape.choices.iter().enumerate();
        for (number, _) in choices.filter(|(_, choice)| !choice.is_plain()) {
            let flipped = explain::flip(&future, &options, &shrunk.tape, number).result;
            let fails = flipped.is_err_and(|found| found.signature() == finding.signature());
            assert!(!fails, "choice {number} could be plain: {context}");
        }
    }
    Some(shrunk.tape.deviations())
}

#[test]
fn a_shrunk_run_fails_the_same_way_and_none_of_its_deviations_could_be_plain() {
    let mut left: Vec<usize> = Vec::new();
    for seed in 0..360 {
        let (size, form) = match seed % 3 {
            0 => (Size::Small, Form::Balanced),
            1 => (Size::Medium, Form::Free),
            _ => (Size::Medium, Form::Balanced),
        };
        left.extend(check(&generate(seed, size, form), seed));
    }
    left.sort_unstable();
    assert!(left.len() >= 200, "only {} programs fail", left.len());
    assert!(left[left.len() / 2] <= 2, "deviations that are left: {left:?}");
}
