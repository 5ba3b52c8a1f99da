//! Random programs: what the generator promises, and the engine against the model on each.

use unpick::sim::Run;
use unpick::sim::choice::Label;
use unpick::sim::seed::RunId;

use crate::support::model::follow;
use crate::support::programs::{End, Form, Program, Size, execute, generate};
use crate::{MODES, run_in};

const SIZES: [Size; 3] = [Size::Small, Size::Medium, Size::Large];

#[test]
fn a_seed_makes_the_same_program_again_and_another_seed_another_one() {
    for size in SIZES {
        for form in [Form::Free, Form::Balanced] {
            let texts: Vec<String> =
                (0..50).map(|seed| generate(seed, size, form).to_string()).collect();
            let again: Vec<String> =
                (0..50).map(|seed| generate(seed, size, form).to_string()).collect();
            assert_eq!(texts, again);
            let mut distinct = texts;
            distinct.sort();
            distinct.dedup();
            assert!(distinct.len() >= 49, "{} of 50 {size:?} programs", distinct.len());
        }
    }
}

#[test]
fn a_program_prints_as_indented_lines() {
    let text = generate(3, Size::Small, Form::Free).to_string();
    assert!(text.starts_with("2 variables, 2 locks, channels"), "{text}");
    assert!(text.contains("\n  spawn\n    "), "{text}");
}

#[test]
fn balanced_programs_finish_under_every_schedule() {
    for seed in 0..150 {
        for size in SIZES {
            let program = generate(seed, size, Form::Balanced);
            for mode in MODES {
                let executed = execute(run_in(mode).id(RunId::new(seed, 1)), &program);
                assert_eq!(executed.summary.end, End::Finished, "{seed} {size:?}\n{program}");
                assert_eq!(executed.summary.unfinished, 0, "{seed} {size:?}\n{program}");
                assert!(executed.summary.results.iter().all(Option::is_some));
            }
        }
    }
}

#[test]
fn free_programs_come_to_every_kind_of_end() {
    let programs = (0..200).map(|seed| generate(seed, Size::Medium, Form::Free));
    let ended: Vec<_> = programs.map(|program| execute(Run::new(), &program)).collect();
    let finished = ended.iter().filter(|executed| executed.summary.end == End::Finished).count();
    let stuck = ended.iter().filter(|executed| executed.summary.end == End::Deadlock).count();
    assert_eq!(finished + stuck, 200, "nothing else ends such a program");
    assert!(finished >= 20 && stuck >= 20, "{finished} finished, {stuck} got stuck");
    assert!(ended.iter().any(|executed| executed.summary.unfinished > 0));
    for label in [Label::Schedule, Label::Data] {
        let with = ended.iter().filter(|executed| {
            executed.outcome.tape.choices.iter().any(|choice| choice.label() == label)
        });
        assert!(with.count() >= 20, "{label} choices");
    }
}

#[track_caller]
fn check_against_model(seed: u64, program: &Program) {
    for mode in MODES {
        for run in [run_in(mode).plain(), run_in(mode).id(RunId::new(seed, 7))] {
            let executed = execute(run, program);
            let modelled = follow(program, mode, &executed.outcome.tape);
            assert_eq!(modelled, Ok(executed.summary), "seed {seed}, {mode:?}\n{program}");
        }
    }
}

/// Not only the same outcome: the same questions, with as many alternatives, in the same order.
#[test]
fn every_run_asks_what_the_model_asks_and_comes_to_what_the_model_comes_to() {
    for seed in 0..400 {
        for size in SIZES {
            check_against_model(seed, &generate(seed, size, Form::Free));
        }
        check_against_model(seed, &generate(seed, Size::Large, Form::Balanced));
    }
}
