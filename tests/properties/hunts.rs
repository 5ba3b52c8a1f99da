//! What a hunt makes of claims that none of its runs met.

use unpick::sim::pick;
use unpick::{Hunt, reachable, sometimes};

/// Draws below `bound`, and claims to have drawn 9 at times.
async fn draws(bound: usize) {
    let drawn = pick(bound);
    sometimes!(drawn == 9, "nine");
    if drawn > 20 {
        reachable!("more than twenty");
    }
}

fn panic_of(check: impl FnOnce() + std::panic::UnwindSafe) -> Option<String> {
    let panic = std::panic::catch_unwind(check).err()?;
    Some(panic.downcast_ref::<String>().expect("a text").clone())
}

#[test]
fn a_claim_that_holds_in_one_run_is_met() {
    Hunt::new("met").run(|| draws(10)).assert_ok();
}

#[test]
fn a_claim_that_holds_in_no_run_fails_the_hunt() {
    let report = Hunt::new("unmet").run(|| draws(9));
    assert!(report.failures.is_empty());
    let panic = panic_of(|| report.assert_ok()).expect("it fails");
    let line = line!() - 21;
    let expected = format!(
        "FAILED unmet: sometimes `nine` held in none of 1000 runs (tests/properties/hunts.rs:{line})\n  \
         nothing found in 1000 runs"
    );
    assert!(panic.starts_with(&expected), "{panic}");
}

#[test]
fn a_place_that_no_run_comes_to_is_missed_only_if_it_is_demanded() {
    let hunt = Hunt::new("demanded");
    hunt.clone().run(|| draws(10)).assert_ok();
    let report = hunt.must_reach(["more than twenty", "nine"]).run(|| draws(10));
    let panic = panic_of(|| report.assert_ok()).expect("it fails");
    assert!(
        panic.starts_with("FAILED demanded: `more than twenty` was reached in no run"),
        "{panic}"
    );
    assert!(!panic.contains("nine"), "{panic}");
}

#[test]
fn few_runs_and_single_shards_do_not_judge() {
    let few = Hunt::new("few").runs(99).run(|| draws(9));
    few.assert_ok();
    assert!(few.to_string().contains("not judged by so few runs: sometimes `nine`"), "{few}");
    Hunt::new("shard").shard(1, 2).run(|| draws(9)).assert_ok();
    assert!(panic_of(|| Hunt::new("many").runs(100).run(|| draws(9)).assert_ok()).is_some());
}

#[test]
fn jobs_count_the_same_claims() {
    let report = |jobs| Hunt::new("jobs").jobs(jobs).run(|| draws(12));
    assert_eq!(report(1).properties, report(3).properties);
}
