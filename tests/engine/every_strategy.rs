//! Every strategy: reproducible, replayable, within what the model allows, and not blind.

use std::collections::BTreeSet;
use std::sync::Arc;

use unpick::sim::Run;
use unpick::sim::seed::RunId;
use unpick::sim::strategy::learning::{Learnt, Lessons};
use unpick::sim::strategy::portfolio::{self, CALIBRATION_RUNS, MEMBERS, Member};

use crate::support::model::{Mode, explore};
use crate::support::programs::{Form, Program, Size, execute, generate};
use crate::{MODES, run_in};

/// What the calibration runs of a hunt learn of a program.
fn calibrate(program: &Program, mode: Mode) -> Arc<Learnt> {
    let lessons = Lessons::default();
    for number in 0..CALIBRATION_RUNS {
        let assignment = portfolio::calibrating(number, &lessons);
        execute(run_in(mode).id(RunId::new(7, number)).strategy(assignment.chooser), program);
    }
    Arc::new(lessons.learnt())
}

fn run_of(member: Member, number: u64, learnt: &Arc<Learnt>, mode: Mode) -> Run {
    let assignment = portfolio::named(member, number, learnt);
    run_in(mode).id(RunId::new(11, number)).strategy(assignment.chooser)
}

#[test]
fn the_same_run_of_any_strategy_gives_the_same_trace_and_replays() {
    for seed in 0..25 {
        for size in [Size::Small, Size::Medium, Size::Large] {
            let program = generate(seed, size, Form::Free);
            let mode = MODES[seed as usize % MODES.len()];
            let learnt = calibrate(&program, mode);
            for &(name, member) in MEMBERS {
                for number in 0..3 {
                    let run = || run_of(member, number, &learnt, mode).traced();
                    let (first, again) = (execute(run(), &program), execute(run(), &program));
                    assert_eq!(first.outcome.tape, again.outcome.tape, "{name}\n{program}");
                    assert_eq!(first.outcome.trace, again.outcome.trace, "{name}\n{program}");
                    let replay = Run::new().replay(&first.outcome.tape).id(RunId::new(11, number));
                    let replayed = execute(replay.traced(), &program);
                    assert_eq!(replayed.outcome.divergence, None, "{name}\n{program}");
                    assert_eq!(first.outcome.trace, replayed.outcome.trace, "{name}\n{program}");
                }
            }
        }
    }
}

/// Strategies that can come to every outcome of a program, if they are given enough runs. (A
/// delay-bounded one cannot, nor one that changes priorities a few times only.)
const COMPLETE: [Member; 4] = [Member::Random, Member::Pos, Member::Urw, Member::Surw];

#[test]
fn no_strategy_leaves_the_model_and_complete_ones_find_all_of_it() {
    let mut compared = 0;
    for seed in 0..120 {
        let program = generate(seed, Size::Small, Form::Free);
        let mode = Mode { is_preemptive: seed % 2 == 0, is_stalling: false };
        let Some(model) = explore(&program, mode, 5_000) else { continue };
        if model.ways > 60 || model.outcomes.len() < 2 {
            continue;
        }
        let learnt = calibrate(&program, mode);
        for &(name, member) in MEMBERS {
            let mut found = BTreeSet::new();
            let runs_max = if COMPLETE.contains(&member) { 20_000 } else { 100 };
            for number in 0..runs_max {
                let summary = execute(run_of(member, number, &learnt, mode), &program).summary;
                assert!(model.outcomes.contains(&summary), "{name}\n{program}{summary:#?}");
                found.insert(summary);
                if found.len() == model.outcomes.len() {
                    break;
                }
            }
            if COMPLETE.contains(&member) {
                let missed: Vec<_> = model.outcomes.difference(&found).collect();
                assert!(missed.is_empty(), "{name} missed\n{program}{missed:#?}");
            }
        }
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} programs have a few outcomes");
}
