//! Every planted bug is found within its budget, and nothing in any other program.

use unpick::cli::{Expectation, Scenario, Variant};
use unpick::sim::hunt;
use unpick::{Kind, Run};
use unpick_scenarios::SCENARIOS;

fn variants() -> impl Iterator<Item = (&'static Scenario, &'static Variant)> {
    let of = |scenario: &'static Scenario| scenario.variants.iter().map(move |it| (scenario, it));
    SCENARIOS.iter().flat_map(of)
}

fn planted() -> impl Iterator<Item = (&'static Scenario, &'static Variant, Kind, u64)> {
    variants().filter_map(|(scenario, variant)| match variant.expectation {
        Expectation::Finds { kind, runs } => Some((scenario, variant, kind, runs)),
        Expectation::Passes => None,
    })
}

#[test]
fn every_planted_bug_is_found_within_its_budget() {
    for (scenario, variant, kind, runs) in planted() {
        for seed in 0..5 {
            let hunt = variant.hunt(scenario.name).quiet().seed(seed).runs(runs);
            let report = hunt.run(variant.program);
            let found = report.finding().map(|finding| finding.kind);
            assert_eq!(found, Some(kind), "{} {} {seed:#x}", scenario.name, variant.name);
        }
    }
}

#[test]
fn nothing_is_found_in_any_other_program() {
    for (scenario, variant) in variants() {
        if variant.expectation == Expectation::Passes {
            // Ten times what the bug beside it is found in.
            let beside = planted().filter(|(other, ..)| other.name == scenario.name);
            let runs = beside.map(|(.., runs)| 10 * runs).max().unwrap_or(0).max(1000);
            for seed in 0..2 {
                let hunt = variant.hunt(scenario.name).seed(seed).runs(runs);
                hunt.run(variant.program).assert_ok();
            }
        }
    }
}

#[test]
fn every_failure_replays_byte_for_byte_from_its_tape() {
    for (scenario, variant, ..) in planted() {
        let mut report = variant.hunt(scenario.name).quiet().run(variant.program);
        let failure = report.failures.pop().expect("it is found");
        let token = failure.tape.token().to_string().parse().expect("a tape that was printed");
        let replay = || Run::new().replay_token(&token).traced().execute(variant.program);
        let (first, second) = (hunt::judge(replay()), hunt::judge(replay()));
        assert_eq!(first.trace, second.trace, "{}", scenario.name);
        assert_eq!(first.divergence, None, "{}", scenario.name);
        let again = first.result.expect_err("it fails again");
        assert!(again.says_the_same_as(&failure.finding), "{again}\nafter {}", failure.finding);
    }
}

#[test]
fn names_are_unique() {
    for (position, scenario) in SCENARIOS.iter().enumerate() {
        let earlier = &SCENARIOS[..position];
        assert!(earlier.iter().all(|other| other.name != scenario.name), "{}", scenario.name);
    }
}
