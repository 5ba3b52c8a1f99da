//! Crashes and hangs are kept like other failures, and replayed where they end no hunt.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use unpick::sim::hunt::regressions::Alignment;
use unpick::sim::hunt::{Isolation, Origin};
use unpick::sim::options::Options;
use unpick::sim::pick;
use unpick::{Kind, Report};

use crate::isolation::{aborts, fatal_order, isolated};

/// Where a test's failures are kept. The workers of the test come by here, too, and must leave it
/// alone.
fn file_of(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("isolation-{test}.txt"));
    if std::env::var_os("UNPICK_WORKER").is_none() {
        // It may not be there.
        let _ = fs::remove_file(&path);
    }
    path
}

#[track_caller]
fn check_is_kept(report: &Report, kind: Kind, alignment: Alignment, what: &str) {
    assert_eq!(report.runs, 0, "no other run was made: {report}");
    let failure = report.failure().expect("it is there still");
    assert_eq!(failure.finding.kind, kind, "{report}");
    assert_eq!(failure.finding.task.as_deref(), Some("main.2 second"), "{report}");
    let Origin::Kept { alignment: aligned, .. } = failure.origin else { panic!("{report}") };
    assert_eq!(aligned, alignment, "{report}");
    assert!(failure.kept.as_ref().is_some_and(|kept| kept.ends_with(what)), "{report}");
}

#[test]
fn a_crash_in_the_very_first_turn_is_explained_and_kept() {
    let path = file_of("first-turn");
    // What was found out is known here alone, and not to the second one's workers: so it is looked
    // at when both are over.
    let report = isolated("first turn").processes_max(8).regressions(&path).run(aborts);
    let again = isolated("first turn").processes_max(8).regressions(&path).run(aborts);
    let failure = report.failure().expect("it aborts");
    let minimal = failure.minimal().expect("it does so again");
    assert!(minimal.shrunk.tape.is_empty(), "{report}");
    assert!(failure.kept.as_ref().is_some_and(|kept| kept.ends_with("(new; commit it)")));
    assert_eq!((again.runs, again.finding().map(|it| it.kind)), (0, Some(Kind::Crash)), "{again}");
}

#[test]
fn a_crash_is_kept_and_replayed_first_and_never_in_the_hunts_own_process() {
    let path = file_of("crash");
    let hunt = isolated("crash").processes_max(8).regressions(&path);
    let crashes = || fatal_order(|| std::process::abort());
    let first = hunt.run(crashes);
    assert!(first.failure().is_some_and(|it| it.kept.is_some()), "{first}");

    let second = hunt.clone().seed(1).run(crashes);
    check_is_kept(&second, Kind::Crash, Alignment::Exact, "(there already)");
    // Nor does it end the process of a hunt that is not isolated.
    let here = hunt.clone().isolate(Isolation::None).run(crashes);
    check_is_kept(&here, Kind::Crash, Alignment::Exact, "(there already)");

    // An await more, in front: it is looked for, and kept anew.
    let edited = hunt.clone().run(|| async {
        let _lead = pick(3);
        crashes().await;
    });
    check_is_kept(
        &edited,
        Kind::Crash,
        Alignment::Edited { matched: 1, of: 1 },
        "(renewed; commit it)",
    );

    // Once it is mended, a hunt goes on to its own runs, isolated or not.
    for isolation in [Isolation::Process, Isolation::None] {
        let mended = hunt.clone().isolate(isolation).runs(50).run(|| fatal_order(|| ()));
        mended.assert_ok();
        assert_eq!(mended.runs, 50);
        let told = "1 kept failure was replayed, and passes now";
        assert!(mended.to_string().contains(told), "{mended}");
    }
    let smallest = |report: &Report| report.failure().map(|it| it.smallest().clone());
    assert_eq!(smallest(&second), smallest(&first));
}

#[test]
fn a_kept_failure_that_has_become_a_crash_is_reported_as_that() {
    let path = file_of("became");
    let hunt = isolated("became").processes_max(8).regressions(&path);
    let first = hunt.run(|| fatal_order(|| panic!("it would abort")));
    first.assert_finds(Kind::Panic);
    let second = hunt.processes_max(0).run(|| fatal_order(|| std::process::abort()));
    let failure = second.failure().expect("it fails still");
    assert_eq!((second.runs, failure.finding.kind), (0, Kind::Crash), "{second}");
}

#[test]
fn a_hang_is_kept_and_replayed_first() {
    let path = file_of("hang");
    let spin: fn() = || loop {
        std::hint::spin_loop();
    };
    let options = Options { poll_max: Some(Duration::from_millis(200)), ..Options::default() };
    let hunt = isolated("kept hang").processes_max(3).options(options).regressions(&path);
    hunt.run(|| fatal_order(spin)).assert_finds(Kind::Hang);
    let again = hunt.isolate(Isolation::None).run(|| fatal_order(spin));
    check_is_kept(&again, Kind::Hang, Alignment::Exact, "(there already)");
}
