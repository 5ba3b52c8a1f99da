//! What a hunt refuses, and with which words.

use std::time::Duration;

use unpick::sim::options::Options;
use unpick::{Hunt, Kind};

use crate::sound;

#[track_caller]
fn check_refused(refused: impl FnOnce() + std::panic::UnwindSafe, expected: &str) {
    let panic = std::panic::catch_unwind(refused).expect_err("it is refused");
    let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    assert_eq!(text.as_deref(), Some(expected));
}

#[test]
fn what_cannot_be_carried_out_is_refused_by_name() {
    check_refused(
        || drop(Hunt::new("none").runs(0).run(sound)),
        "hunt `none` has no runs to make; allowed: at least 1",
    );
    check_refused(|| drop(Hunt::new("none").jobs(0)), "a hunt of 0 jobs; allowed: at least 1");
    check_refused(
        || drop(Hunt::new("none").shard(5, 4)),
        "shard 5 of 4; allowed: 1 up to the number of shards",
    );
    check_refused(
        || drop(Hunt::new("none").shard(0, 4)),
        "shard 0 of 4; allowed: 1 up to the number of shards",
    );
    check_refused(
        || drop(Hunt::new("none").collect_distinct(0)),
        "a hunt for 0 distinct findings; allowed: at least 1",
    );
    check_refused(
        || drop(Hunt::new("none").wall_max(Duration::ZERO)),
        "a hunt's `wall_max` is zero; allowed: more than zero",
    );
    let options = Options { steps_max: 0, ..Options::default() };
    check_refused(
        || drop(Hunt::new("none").options(options).run(sound)),
        "hunt `none`: option `steps_max` is zero; allowed: at least 1",
    );
}

#[test]
fn a_hunt_inside_of_a_run_is_refused() {
    let report = Hunt::new("outer").quiet().run(|| async {
        Hunt::new("inner").run(sound).assert_ok();
    });
    report.assert_finds(Kind::Panic);
    let message = &report.failures[0].finding.message;
    assert!(
        message.contains("hunt `inner` was started inside of a run; allowed: outside of any run"),
        "{message}"
    );
}
