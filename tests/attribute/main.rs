//! `#[unpick::test]`.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::Duration;

use unpick::primitives::Lock;
use unpick::sim::faults::{Faults, Striking};
use unpick::sim::time::{Instant, sleep};
use unpick::sim::{current_path, pick, spawn, yield_now};
use unpick::{Detectors, buggify, reachable, sometimes};

#[unpick::test]
async fn without_options_it_is_a_hunt() {
    assert_eq!(current_path().as_deref(), Some("main"));
    yield_now().await;
}

#[unpick::test(
    runs = 1_00,
    seed = 0x5eed,
    switching = "both",
    time = "stalling",
    strategy = "pct(3)",
    jobs = 2,
    steps = 1000,
    wall = "10 s",
    distinct = 1,
    vacuous = "fail",
    explain = "unexpected",
    regressions = "off",
    reports = "target/unpick-attribute",
    options = unpick::Options { elapsed_max: Duration::from_secs(60), ..unpick::Options::default() },
    reach = ["ahead"],
    faults = Faults { buggify: Striking::On, ..Faults::OFF },
    detectors = Detectors::DEFAULT,
    crate = "::unpick",
)]
async fn with_all_options_it_is_a_hunt() {
    let ahead = Rc::new(Cell::new(false));
    let other = ahead.clone();
    spawn(async move { sleep(Duration::from_secs(1)).await });
    spawn(async move { other.set(buggify!(0.9)) }).await.expect("nobody aborts it");
    if ahead.get() {
        reachable!("ahead");
    }
    assert!(Instant::now().as_nanos() <= 1_000_000_000);
}

static SHARES: Mutex<Vec<usize>> = Mutex::new(Vec::new());

#[unpick::test(runs = 100, shard = "2/3", detectors = Detectors::OFF, vacuous = "allow")]
async fn a_shard_makes_calibration_and_its_part() {
    let mut made = SHARES.lock().expect("nobody panics");
    made.push(pick(1 << 30));
    assert!(made.len() <= 32 + 68 / 3 + 1, "{} runs", made.len());
}

/// What `options` says stands where no other option says something else.
#[unpick::test(
    switching = "cooperative",
    options = unpick::Options { steps_max: 5, ..unpick::Options::default() },
    expect = "livelock",
    vacuous = "allow",
)]
async fn other_options_build_upon_options() {
    for _ in 0..6 {
        yield_now().await;
    }
}

async fn take(first: Rc<Lock<()>>, second: Rc<Lock<()>>) {
    let _first = first.lock().await;
    let _second = second.lock().await;
}

#[unpick::test(expect = "deadlock")]
async fn an_expected_finding_is_no_failure() {
    let (left, right) = (Rc::new(Lock::new(())), Rc::new(Lock::new(())));
    let other = spawn(take(left.clone(), right.clone()));
    take(right, left).await;
    other.await.expect("nobody aborts it");
}

#[unpick::test(runs = 50)]
async fn it_may_return_a_result() -> Result<(), std::num::ParseIntError> {
    assert_eq!("7".parse::<u32>()?, 7);
    Ok(())
}

#[unpick::test(expect = "error", runs = 50)]
async fn an_error_is_a_finding() -> Result<(), String> {
    Err(String::from("no"))
}

#[unpick::test(leaks = "forbid", expect = "leak")]
async fn leaks_may_be_forbidden() {
    spawn(std::future::pending::<()>());
    yield_now().await;
}

#[unpick::test(runs = 10)]
#[should_panic(expected = "FAILED attribute::a_finding_fails_the_test")]
async fn a_finding_fails_the_test() {
    panic!("the test's own words");
}

#[unpick::test]
#[should_panic(
    expected = "FAILED attribute::labels_of_the_body_are_demanded: `never` was reached in no run"
)]
async fn labels_of_the_body_are_demanded() {
    sometimes!(true, "it holds");
    if false {
        loop {
            reachable!("never");
        }
    }
}

#[cfg(any())]
#[unpick::test]
async fn it_works_beside_cfg() {
    this_does_not_exist();
}

mod inner {
    #[unpick::test(expect = "error", runs = 50)]
    pub(crate) async fn it_may_be_public_and_sit_in_a_module() -> Result<(), String> {
        // The path from which the base seed follows.
        Err(String::from(module_path!()))
    }
}

macro_rules! with_literal {
    ($runs:literal, $kind:literal) => {
        #[unpick::test(runs = $runs, expect = $kind)]
        async fn a_macro_may_fill_options_in() {
            panic!("expected");
        }
    };
}

with_literal!(20, "panic");

#[test]
fn every_kind_can_be_expected_by_its_name() {
    for kind in unpick::Kind::all() {
        assert_eq!(unpick::Kind::of_name(kind.name()), kind);
    }
    let panic = std::panic::catch_unwind(|| unpick::Kind::of_name("deadlok"));
    let message = panic.expect_err("a misspelt name");
    let message = message.downcast_ref::<String>().expect("a text");
    let start = "there is no kind of finding `deadlok`; allowed: panic, error, property, ";
    assert!(message.starts_with(start), "{message}");
}
