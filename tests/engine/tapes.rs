//! Tapes: replaying what was recorded is the identity, and a program that is not the one on the
//! tape is told so, with the place.

mod changed;
mod tokens;

use unpick::sim::seed::RunId;
use unpick::sim::strategy::{Replay, Strictness};
use unpick::sim::tape::Token;

use crate::support::programs::{Form, Size, execute, generate};
use crate::{MODES, run_in};

#[test]
fn replaying_a_recording_is_the_identity() {
    for seed in 0..300 {
        for size in [Size::Small, Size::Medium, Size::Large] {
            let program = generate(seed, size, Form::Free);
            let mode = MODES[seed as usize % MODES.len()];
            let recorded = execute(run_in(mode).id(RunId::new(seed, 3)).traced(), &program);
            let tape = &recorded.outcome.tape;
            let text = tape.token().to_string();
            let token: Token = text.parse().expect("a token survives print and parse");
            assert_eq!(token, tape.token());
            assert_eq!(token.to_string(), text);
            // Under the seed and the mode of another run, which must not matter.
            let elsewhere = || run_in(MODES[1]).id(RunId::new(seed, 3)).traced();
            let lenient = Replay::tape(tape, Strictness::Lenient);
            for run in [
                elsewhere().replay(tape),
                elsewhere().replay_token(&token),
                run_in(mode).id(RunId::new(seed, 3)).traced().strategy(lenient),
            ] {
                let replayed = execute(run, &program);
                assert_eq!(replayed.outcome.divergence, None, "{program}");
                assert_eq!(replayed.outcome.tape, *tape, "{program}");
                assert_eq!(replayed.outcome.result, recorded.outcome.result, "{program}");
                assert_eq!(replayed.outcome.trace, recorded.outcome.trace, "{program}");
                assert_eq!(replayed.outcome.steps, recorded.outcome.steps, "{program}");
                assert_eq!(replayed.summary, recorded.summary, "{program}");
            }
        }
    }
}

#[test]
fn a_replay_draws_nothing_from_its_seed() {
    for seed in 0..50 {
        let program = generate(seed, Size::Medium, Form::Free);
        let recorded = execute(run_in(MODES[1]).seed(seed), &program);
        let replayed =
            execute(run_in(MODES[0]).seed(!seed).replay(&recorded.outcome.tape), &program);
        assert_eq!(replayed.outcome.tape, recorded.outcome.tape);
        assert_eq!(replayed.summary, recorded.summary);
    }
}

#[test]
fn the_plain_run_is_a_tape_of_zeros() {
    for seed in 0..100 {
        let program = generate(seed, Size::Medium, Form::Free);
        let plain = execute(run_in(MODES[1]).seed(seed).plain(), &program);
        assert_eq!(plain.outcome.tape.deviations(), 0);
        assert!(!plain.outcome.tape.token().to_string().contains('@'));
    }
}
