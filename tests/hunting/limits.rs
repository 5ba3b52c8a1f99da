//! Where a hunt ends.

use std::time::Duration;

use unpick::{Hunt, Kind};

use crate::{opposite_locks, sound, two_bugs};

#[test]
fn a_hunt_that_its_time_budget_cuts_short_says_so() {
    let hunt = Hunt::new("short").runs(u64::MAX).wall_max(Duration::from_millis(250));
    for jobs in [1, 2] {
        let report = hunt.clone().jobs(jobs).run(sound);
        report.assert_ok();
        assert!(report.is_out_of_time && report.runs > 1, "{report}");
        assert!(report.to_string().contains("cut short by its budget of wall-clock time"));
    }
}

#[test]
fn a_hunt_that_comes_to_its_end_in_time_does_not_say_that_it_was_cut_short() {
    let report = Hunt::new("long").runs(40).wall_max(Duration::from_secs(600)).run(sound);
    assert!(!report.is_out_of_time);
    assert!(report.to_string().starts_with("long: nothing found in 40 runs"), "{report}");
    assert!(!report.to_string().contains("cut short"), "{report}");
}

#[test]
fn however_little_time_there_is_one_run_is_made() {
    let report = Hunt::new("none").wall_max(Duration::from_nanos(1)).run(sound);
    assert!(report.is_out_of_time);
    assert_eq!(report.runs, 1);
}

#[test]
fn a_hunt_for_distinct_findings_goes_on_until_it_has_them() {
    let one = Hunt::new("two bugs").quiet().run(two_bugs);
    assert_eq!(one.failures.len(), 1);
    let two = Hunt::new("two bugs").quiet().collect_distinct(2).run(two_bugs);
    let kinds: Vec<Kind> = two.failures.iter().map(|failure| failure.finding.kind).collect();
    assert_eq!(kinds.len(), 2, "{two}");
    assert!(kinds.contains(&Kind::Deadlock) && kinds.contains(&Kind::LostUpdate), "{two}");
    assert_eq!(two.failures[0].id, one.failures[0].id);
    assert_eq!(two.runs, two.failures[1].id.number + 1);
    let more = Hunt::new("two bugs").quiet().collect_distinct(9).run(two_bugs);
    assert_eq!((more.failures.len(), more.runs), (2, 1000), "there are no more than two");
}

#[test]
fn a_hunt_that_expects_a_kind_is_in_order_only_if_that_is_found() {
    let message = |report: unpick::Report| {
        let panic = std::panic::catch_unwind(|| report.assert_ok()).expect_err("not in order");
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let hunt = Hunt::new("expects").quiet().runs(100).expect(Kind::Deadlock);
    hunt.run(opposite_locks).assert_ok();
    let nothing = message(hunt.run(sound));
    let start = "expected a finding of kind deadlock, but expects: nothing found in 100 runs";
    assert!(nothing.starts_with(start), "{nothing}");
    let other = message(hunt.run(|| async { assert_eq!(1, 2, "no lock at all") }));
    assert!(other.starts_with("expected a finding of kind deadlock, but FAILED"), "{other}");
}
