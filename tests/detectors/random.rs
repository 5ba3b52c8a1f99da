//! Random programs over shared variables, on which the detectors are held against ones that
//! keep everything.

pub(crate) mod interpret;
mod naive;
pub(crate) mod programs;

use std::collections::BTreeMap;

use unpick::sim::options::{Detection, Detectors, Options, StaleChecks, Tracing};
use unpick::sim::{Outcome, strategy};
use unpick::{Kind, Run};

use self::naive::History;
use self::programs::{Mix, Program};

/// How many programs each test takes.
const PROGRAMS: u64 = 2_000;

/// A traced run of a program in which only the detectors listen that are asked for.
fn outcome(program: &Program, seed: u64, races: Detection, atomicity: Detection) -> Outcome<()> {
    let detectors =
        Detectors { races, atomicity, stale_checks: StaleChecks::Found, ..Detectors::DEFAULT };
    let run = Run::with(Options { detectors, tracing: Tracing::On, ..Options::default() });
    let run = run.seed(seed);
    let run = if seed.is_multiple_of(4) { run.strategy(strategy::Lockstep) } else { run };
    run.execute(|| interpret::main(program.clone()))
}

/// What was found of one kind, told as evidence is: by the variable.
fn told(outcome: &Outcome<()>, kind: Kind) -> BTreeMap<String, String> {
    let Err(finding) = &outcome.result else { return BTreeMap::new() };
    let subject = finding.subject.as_deref().unwrap_or_default();
    let first = format!("{} on {subject}: {}", finding.kind, finding.message);
    let told = std::iter::once(&first).chain(&finding.evidence);
    let prefix = format!("{kind} on ");
    let told = told.filter_map(|line| line.strip_prefix(&prefix)?.split_once(": "));
    told.map(|(subject, message)| (subject.to_owned(), message.to_owned())).collect()
}

#[test]
fn races_are_those_that_keeping_every_access_and_whole_clocks_finds() {
    let (mut racy, mut clean) = (0, 0);
    for seed in 0..PROGRAMS {
        let program = programs::generate(seed, Mix::Even);
        let outcome = outcome(&program, seed, Detection::On, Detection::Off);
        let told = told(&outcome, Kind::Race);
        let trace = outcome.trace.expect("it was traced");
        let history = History::of(&trace);
        let races = history.first_races();
        let (found, expected): (Vec<_>, Vec<_>) = (told.keys().collect(), races.keys().collect());
        assert_eq!(found, expected, "program {seed}:\n{program:#?}\n{}", trace.to_text());
        for (variable, message) in &told {
            let pairs = &races[variable];
            let is_one = |pair: &String| message.starts_with(pair.as_str());
            assert!(pairs.iter().any(is_one), "program {seed}: {message}\nis none of {pairs:#?}");
        }
        racy += races.len();
        clean += history.variables() - races.len();
    }
    // Neither detector is right by being silent, or by always crying out.
    assert!(racy > 1_000 && clean > 500, "{racy} variables raced, {clean} did not");
}

#[test]
fn lost_updates_and_stale_checks_are_those_that_looking_at_all_accesses_finds() {
    let (mut lost, mut stale) = (0, 0);
    for seed in 0..PROGRAMS {
        let program = programs::generate(seed, Mix::Accesses);
        let outcome = outcome(&program, seed, Detection::Off, Detection::On);
        let [lost_told, stale_told] =
            [Kind::LostUpdate, Kind::StaleCheck].map(|kind| told(&outcome, kind));
        let trace = outcome.trace.expect("it was traced");
        let history = History::of(&trace);
        let expected = history.lost_updates();
        let found: Vec<_> = lost_told.keys().cloned().collect();
        assert_eq!(found, expected, "program {seed}:\n{}", trace.to_text());
        // Of the stale checks that one change makes, the newest read is told.
        let expected = history.stale_checks();
        assert_eq!(stale_told.is_empty(), expected.is_empty(), "program {seed}: {stale_told:?}");
        assert!(stale_told.keys().all(|variable| expected.contains(variable)), "program {seed}");
        lost += found.len();
        stale += stale_told.len();
    }
    assert!(lost > 200 && stale > 200, "{lost} lost updates, {stale} stale checks");
}
