//! Failures that are kept, replayed after edits of their programs.

mod programs;

use unpick::sim::hunt::explain::{Budget, explain};
use unpick::sim::hunt::regressions::{self, Alignment, Entry};
use unpick::sim::hunt::{Hunt, judge};
use unpick::{Options, Run};

use programs::{BUGS, Bug, Edit};

/// The minimal failure of a bug, as a file keeps it.
fn entry(name: &str, bug: Bug) -> Entry {
    let program = || bug(Edit::None);
    let report = Hunt::new(name).quiet().unexplained().run(program);
    let failure = report.failure().unwrap_or_else(|| panic!("{name} is found"));
    let options = Options::default();
    let known = explain(&program, &options, &failure.tape, &failure.finding, Budget::default());
    let minimal = known.minimal.unwrap_or_else(|| panic!("{name} fails again"));
    Entry::new(&minimal.shrunk.finding, &minimal.shrunk.tape, &minimal.trace, "2026-11-25")
}

/// How many of the bugs are met again after this edit; each of the others by its name.
fn missed(edit: Edit) -> Vec<String> {
    let mut missed = Vec::new();
    for (name, bug) in BUGS {
        let entry = entry(name, bug);
        let replay = regressions::replay(&|| bug(edit), &Options::default(), &entry);
        let is_met = replay.failing.as_ref().is_some_and(|(_, finding)| entry.is_of(finding));
        if let Some((tape, finding)) = &replay.failing {
            let again = judge(Run::new().replay(tape).execute(|| bug(edit))).result;
            let again = again.expect_err("the tape replays");
            assert_eq!(again.signature(), finding.signature(), "{name}");
        }
        if !is_met || replay.alignment.is_stale() {
            missed.push(format!("{name}: {replay:?}\n{entry}"));
        }
    }
    missed
}

#[track_caller]
fn check(edit: Edit, missed_max: usize) {
    let missed = missed(edit);
    assert!(
        missed.len() <= missed_max,
        "{edit:?}: {} are missed\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn a_program_that_was_not_edited_fails_exactly() {
    for (name, bug) in BUGS {
        let entry = entry(name, bug);
        let replay = regressions::replay(&|| bug(Edit::None), &Options::default(), &entry);
        assert_eq!(replay.alignment, Alignment::Exact, "{name}");
        assert!(replay.failing.is_some_and(|(_, finding)| entry.is_of(&finding)), "{name}");
    }
}

#[test]
fn kept_failures_survive_new_names() {
    check(Edit::Renamed, 0);
}

#[test]
fn kept_failures_survive_an_unrelated_task() {
    check(Edit::Neighbour, 0);
}

#[test]
fn kept_failures_survive_one_more_await() {
    check(Edit::Journal, 0);
}
