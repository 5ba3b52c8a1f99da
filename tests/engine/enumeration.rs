//! Enumeration: what the engine can come to is what the model says it can come to, no more and
//! no less.

use std::collections::BTreeSet;

use unpick::sim::seed::RunId;
use unpick::sim::strategy::Systematic;

use crate::support::model::{Explored, Mode, explore};
use crate::support::programs::{Form, Program, Size, Summary, execute, generate};
use crate::{MODES, run_in};

/// Outcomes of every tape, and how many tapes there are.
fn enumerate(program: &Program, mode: Mode) -> Explored {
    let mut systematic = Systematic::new();
    let mut explored = Explored { outcomes: BTreeSet::new(), ways: 0 };
    loop {
        let executed = execute(run_in(mode).strategy(systematic.strategy()), program);
        explored.outcomes.insert(executed.summary);
        explored.ways += 1;
        if !systematic.advance(&executed.outcome.tape) {
            return explored;
        }
    }
}

#[track_caller]
fn check_same(program: &Program, mode: Mode, found: &BTreeSet<Summary>, model: &Explored) {
    let too_many: Vec<_> = found.difference(&model.outcomes).collect();
    let missed: Vec<_> = model.outcomes.difference(found).collect();
    assert!(
        too_many.is_empty() && missed.is_empty(),
        "{mode:?}\n{program}not in the model: {too_many:#?}\nnot found: {missed:#?}"
    );
}

const WAYS_MAX: u64 = 20_000;

#[test]
fn enumerating_finds_exactly_the_outcomes_of_the_model() {
    let mut compared = 0;
    let (mut outcomes, mut manifold) = (0, 0);
    for seed in 0..300 {
        let program = generate(seed, Size::Small, Form::Free);
        for mode in MODES {
            let Some(model) = explore(&program, mode, 50_000) else { continue };
            if model.ways > WAYS_MAX {
                continue;
            }
            let engine = enumerate(&program, mode);
            check_same(&program, mode, &engine.outcomes, &model);
            assert_eq!(engine.ways, model.ways, "tapes, {mode:?}\n{program}");
            compared += 1;
            outcomes += engine.outcomes.len();
            manifold += usize::from(engine.outcomes.len() >= 10);
        }
    }
    assert!(compared >= 600, "only {compared} programs are small enough");
    assert!(manifold >= 30, "{outcomes} outcomes of {compared} programs, {manifold} of 10 or more");
}

#[test]
fn enough_random_runs_find_every_outcome_of_the_model() {
    let mut compared = 0;
    for seed in 0..200 {
        let program = generate(seed, Size::Small, Form::Free);
        for mode in MODES {
            let Some(model) = explore(&program, mode, 5_000) else { continue };
            if model.ways > 40 {
                continue;
            }
            let runs = (0..4_000).map(|number| run_in(mode).id(RunId::new(seed, number)));
            let mut found = BTreeSet::new();
            for run in runs {
                found.insert(execute(run, &program).summary);
                if found.len() == model.outcomes.len() {
                    break;
                }
            }
            check_same(&program, mode, &found, &model);
            compared += 1;
        }
    }
    assert!(compared >= 100, "only {compared} programs are small enough");
}

#[test]
fn a_bounded_search_makes_exactly_the_tapes_within_its_bound() {
    for seed in 0..60 {
        let program = generate(seed, Size::Small, Form::Free);
        let mode = Mode { is_preemptive: true, is_stalling: false };
        match explore(&program, mode, 5_000) {
            Some(model) if model.ways <= 500 => {}
            _ => continue,
        }
        let mut all = [0_u64; 3];
        let mut systematic = Systematic::new();
        loop {
            let tape = execute(run_in(mode).strategy(systematic.strategy()), &program).outcome.tape;
            for (bound, count) in all.iter_mut().enumerate() {
                *count += u64::from(tape.deviations() <= bound);
            }
            if !systematic.advance(&tape) {
                break;
            }
        }
        let bounded = [0, 1, 2].map(|bound| {
            let mut systematic = Systematic::bounded(bound);
            let mut count = 0;
            loop {
                let run = run_in(mode).strategy(systematic.strategy());
                let tape = execute(run, &program).outcome.tape;
                assert!(tape.deviations() <= bound);
                count += 1;
                if !systematic.advance(&tape) {
                    break count;
                }
            }
        });
        assert_eq!(bounded, all, "{program}");
    }
}
