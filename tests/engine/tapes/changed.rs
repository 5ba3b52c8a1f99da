//! Replays of programs that were changed after they had been recorded. The model says where
//! such a replay leaves its tape, and what is asked there.

use unpick::sim::finding::Kind;
use unpick::sim::seed::RunId;
use unpick::sim::strategy::{Replay, Strictness};

use crate::support::model::{divergence, follow};
use crate::support::programs::{Body, End, Executed, Form, Op, Program, Size, execute, generate};
use crate::{MODES, run_in};

/// The ways in which a program is changed.
const CHANGES: [fn(&mut Vec<Op>, usize); 5] = [
    |body, at| body.insert(at, Op::Step),
    |body, at| body.insert(at, Op::Draw(7)),
    |body, at| {
        body.remove(at);
    },
    |body, at| {
        let other = (at + 1) % body.len();
        body.swap(at, other);
    },
    |body, at| body[at] = Op::Yield,
];

/// The program with one change in the main task, or in one that it spawns.
fn change(program: &Program, seed: u64) -> Program {
    let mut main: Vec<Op> = program.main.to_vec();
    let change = CHANGES[seed as usize % CHANGES.len()];
    let place = seed as usize / CHANGES.len();
    let children: Vec<usize> =
        (0..main.len()).filter(|&at| matches!(&main[at], Op::Spawn(_))).collect();
    match children.get(place % (children.len() + 1)) {
        Some(&child) => {
            let Op::Spawn(body) = &main[child] else { unreachable!("it is one that spawns") };
            let mut body = body.to_vec();
            let at = place % body.len();
            change(&mut body, at);
            main[child] = Op::Spawn(Body::from(body));
        }
        None => {
            let at = place % main.len();
            change(&mut main, at);
        }
    }
    Program { main: main.into(), ..program.clone() }
}

#[test]
fn a_strict_replay_of_a_changed_program_says_where_it_left_the_tape() {
    let (mut left, mut kinds) = (0, [0; 3]);
    for seed in 0..1500 {
        let program = generate(seed % 300, Size::Medium, Form::Free);
        let mode = MODES[seed as usize % MODES.len()];
        let recorded = execute(run_in(mode).id(RunId::new(seed, 1)), &program);
        let tape = &recorded.outcome.tape;
        let changed = change(&program, seed);
        let replayed = execute(run_in(mode).replay(tape), &changed);
        let said = replayed.outcome.divergence.as_ref().map(ToString::to_string);
        let Some(expected) = divergence(&changed, mode, tape) else {
            assert_eq!(said, None, "{program}became {changed}");
            assert_eq!(follow(&changed, mode, tape), Ok(replayed.summary));
            continue;
        };
        let lead = "the program is not the one on the tape: ";
        assert_eq!(said, Some(format!("{lead}{expected}")), "{program}became {changed}");
        check_finding(&replayed, &said.expect("it was compared with a text"));
        left += 1;
        let kind = ["at choice", "the tape ends", "the tape has"];
        let kind = kind.iter().position(|kind| expected.starts_with(kind));
        kinds[kind.expect("there are three kinds")] += 1;
    }
    assert!(left > 300 && kinds.iter().all(|&count| count > 5), "{left} of 1500; {kinds:?}");
}

/// A deadlock that was found before stands; otherwise the divergence is the finding.
#[track_caller]
fn check_finding(replayed: &Executed, said: &str) {
    match &replayed.outcome.result {
        Ok(()) => panic!("a strict replay that left its tape does not pass: {said}"),
        Err(finding) if finding.kind == Kind::Divergence => assert_eq!(finding.message, said),
        Err(finding) => assert_eq!(finding.kind, Kind::Deadlock, "{finding}"),
    }
}

#[test]
fn a_lenient_replay_of_a_changed_program_goes_on_plainly() {
    let mut left = 0;
    for seed in 0..500 {
        let program = generate(seed % 100, Size::Medium, Form::Free);
        let mode = MODES[seed as usize % MODES.len()];
        let recorded = execute(run_in(mode).id(RunId::new(seed, 1)), &program);
        let tape = &recorded.outcome.tape;
        let changed = change(&program, seed);
        let lenient = Replay::tape(tape, Strictness::Lenient);
        let replayed = execute(run_in(mode).strategy(lenient), &changed);
        assert_eq!(replayed.outcome.divergence, None);
        assert!(!matches!(replayed.summary.end, End::Other(_)), "{:?}", replayed.summary);
        let made = &replayed.outcome.tape.choices;
        let asked_both = made.iter().zip(&tape.choices);
        let kept = asked_both.take_while(|(made, taped)| {
            (made.label(), made.arity()) == (taped.label(), taped.arity())
        });
        let kept = kept.count();
        assert_eq!(made[..kept], tape.choices[..kept], "the tape is followed as far as it fits");
        assert!(made[kept..].iter().all(|choice| choice.is_plain()), "and then all is plain");
        assert_eq!(follow(&changed, mode, &replayed.outcome.tape), Ok(replayed.summary));
        left += usize::from(kept < made.len());
    }
    assert!(left > 100, "only {left} replays left their tapes");
}
