//! Three failures that a reader meets first, and one of each other shape: their whole reports.

pub(crate) mod bank;
mod pool;
mod worker;

use std::future::Future;
use std::time::Duration;

use unpick::Hunt;
use unpick::sim::hunt::TestInfo;

/// The report of a hunt that finds something, without how long it took.
fn report<F>(hunt: &Hunt, program: fn() -> F) -> String
where
    F: Future<Output = ()>,
{
    let mut report = hunt.run(program);
    assert!(!report.failures.is_empty(), "nothing was found: {report}");
    for failure in &mut report.failures {
        failure.after = Duration::ZERO;
    }
    format!("{report}\n")
}

const BANK: TestInfo = TestInfo {
    path: "bank::tests::deposits",
    package: Some("bank"),
    crate_name: Some("bank"),
    binary: None,
    manifest_dir: None,
    is_integration_test: false,
    file: "src/lib.rs",
    wish: None,
};

#[test]
fn the_bank_loses_an_update() {
    let hunt = Hunt::new("bank::tests::deposits").seed(0x5eed).runs(2000).quiet();
    insta::assert_snapshot!("bank", report(&hunt, bank::deposits));
}

/// What a test's report says of running it again, and nothing that is written anywhere.
#[test]
fn a_test_is_run_again_by_its_command() {
    let hunt = Hunt::for_test(BANK).seed(0x5eed).runs(2000);
    let report = report(&hunt.without_regressions().quiet(), bank::deposits);
    let command =
        "UNPICK_TAPE='1pe:3@1=1~5f0964' cargo test -p bank --lib -- --exact tests::deposits";
    assert!(report.contains(&format!("  rerun  {command}\n")), "{report}");
    assert!(report.contains("  (original run: UNPICK_SEED=0x5eed/1)\n"), "{report}");
}

#[test]
fn the_pool_deadlocks_in_a_ring() {
    let hunt = Hunt::new("pool::tests::churn").seed(0x5eed).runs(2000).quiet();
    insta::assert_snapshot!("pool", report(&hunt, pool::churn));
}

#[test]
fn the_worker_loses_a_wake_up() {
    let hunt = Hunt::new("worker::tests::drain").seed(0x5eed).runs(2000).quiet();
    insta::assert_snapshot!("worker", report(&hunt, worker::drain));
}

/// The plain run fails: there is nothing to switch back.
#[test]
fn a_panic_of_the_plain_run_says_what_the_code_said() {
    async fn overdraw() {
        let balance = 100;
        assert!(balance > 120, "the balance is {balance}");
    }
    let hunt = Hunt::new("overdraw").seed(0x5eed).quiet();
    insta::assert_snapshot!("plain_panic", report(&hunt, overdraw));
}

#[test]
fn a_message_of_several_lines_is_there_in_full() {
    async fn compare() {
        assert_eq!(vec![1, 2], vec![1, 3], "both sums");
    }
    let hunt = Hunt::new("compare").seed(0x5eed).quiet();
    insta::assert_snapshot!("several_lines", report(&hunt, compare));
}
