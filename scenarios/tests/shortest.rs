//! The shortest schedule of each planted bug, found by trying all that deviate less, and pinned.

use std::fmt::Write;

use unpick::cli::{Expectation, Variant};
use unpick::sim::choice::Choice;
use unpick::sim::hunt::judge;
use unpick::sim::strategy::{Replay, Strictness};
use unpick::sim::tape::Tape;
use unpick::{Kind, Outcome, Run};
use unpick_scenarios::SCENARIOS;

/// More than any of them needs.
const DEVIATIONS_MAX: usize = 3;

/// A run that begins with these choices and goes on plainly.
fn run(variant: &Variant, choices: &[Choice]) -> Outcome<()> {
    let options = variant.options();
    let (switching, time) = (options.switching, options.time);
    let tape = Tape { switching, time, choices: choices.to_vec() };
    let replay = Replay::tape(&tape, Strictness::Lenient);
    judge(Run::with(options).strategy(replay).execute(variant.program))
}

/// The first tape that fails so, of those that begin with these choices and deviate this often
/// after them.
fn search(variant: &Variant, begin: &[Choice], deviations: usize, kind: Kind) -> Option<Tape> {
    let Outcome { result, tape, .. } = run(variant, begin);
    if deviations == 0 {
        let is_found = result.is_err_and(|finding| finding.kind == kind);
        return is_found.then_some(tape);
    }
    let deviating = |number: usize| {
        let choice = tape.choices[number];
        (1..choice.arity()).map(move |taken| Choice::new(choice.label(), choice.arity(), taken))
    };
    let candidates = (begin.len()..tape.len())
        .flat_map(|number| deviating(number).map(move |choice| (number, choice)));
    candidates
        .filter_map(|(number, choice)| {
            let begin = [&tape.choices[..number], &[choice]].concat();
            search(variant, &begin, deviations - 1, kind)
        })
        .next()
}

/// The first of the tapes that deviate least.
fn shortest(variant: &Variant, kind: Kind) -> Option<Tape> {
    (0..=DEVIATIONS_MAX).find_map(|deviations| search(variant, &[], deviations, kind))
}

#[test]
fn the_shortest_schedule_of_each_bug_is_pinned_and_replays() {
    let mut listed = String::new();
    for scenario in SCENARIOS {
        for variant in scenario.variants {
            let Expectation::Finds { kind, .. } = variant.expectation else { continue };
            let tape = shortest(variant, kind);
            let tape = tape.unwrap_or_else(|| panic!("no short schedule of {}", scenario.name));
            let token = tape.token();
            let replayed = judge(Run::new().replay_token(&token).execute(variant.program));
            assert_eq!(replayed.result.expect_err("it fails again").kind, kind);
            assert_eq!(replayed.divergence, None, "{}", scenario.name);
            writeln!(listed, "{:<20} {:<9} {token}", scenario.name, kind.name())
                .expect("a string takes everything");
        }
    }
    insta::assert_snapshot!("shortest_schedules", listed);
}
