//! Budgets: reaching one is a finding, and never a pass.

use std::future::pending;
use std::time::Duration;

use unpick::sim::finding::Kind;
use unpick::sim::options::{Options, TimeModel};
use unpick::sim::strategy::Systematic;
use unpick::sim::time::{Instant, sleep};
use unpick::sim::{Run, RunError, spawn, task, yield_now};

use crate::finding_of;

#[test]
fn a_run_beyond_its_steps_is_a_livelock_that_says_what_went_round() {
    let outcome = Run::new().steps_max(1000).execute(|| async {
        for name in ["ping", "pong"] {
            task().named(name).spawn(async {
                loop {
                    yield_now().await;
                }
            });
        }
        pending::<()>().await;
    });
    assert_eq!(outcome.steps, 1000);
    let finding = finding_of(outcome, Kind::Livelock);
    assert!(finding.message.contains("its budget of 1000 steps"), "{finding}");
    for name in ["main.1 ping (", "main.2 pong ("] {
        assert!(finding.message.contains(name), "{finding}");
    }
    assert!(!finding.message.contains("main ("), "{finding}");
}

#[test]
fn a_budget_of_steps_is_kept_to_the_step() {
    let program = || async {
        for _ in 0..9 {
            yield_now().await;
        }
    };
    assert_eq!(Run::new().steps_max(10).execute(program).result, Ok(()));
    finding_of(Run::new().steps_max(9).execute(program), Kind::Livelock);
    finding_of(Run::new().steps_max(1).execute(program), Kind::Livelock);
    assert_eq!(Run::new().steps_max(1).execute(|| async {}).result, Ok(()));
}

#[test]
fn a_run_beyond_its_virtual_time_is_a_livelock() {
    let outcome = Run::new().elapsed_max(Duration::from_secs(10)).execute(|| async {
        loop {
            sleep(Duration::from_secs(3)).await;
        }
    });
    assert_eq!(outcome.elapsed, Instant::START + Duration::from_secs(9));
    let finding = finding_of(outcome, Kind::Livelock);
    assert!(finding.message.contains("its budget of 10s of virtual time"), "{finding}");
    assert_eq!(finding.blocked[0].waits[0].operation, "sleep");
    let to_the_end = Run::new()
        .elapsed_max(Duration::from_secs(10))
        .execute(|| async { sleep(Duration::from_secs(10)).await });
    assert_eq!(to_the_end.result, Ok(()));
}

/// Once the clock may go no further, nobody asks whether it should stall.
#[test]
fn a_stalling_clock_that_is_out_of_time_is_not_asked_again() {
    let mut systematic = Systematic::new();
    for _ in 0..1000 {
        let outcome = Run::new()
            .time(TimeModel::Stalling)
            .elapsed_max(Duration::from_secs(1))
            .strategy(systematic.strategy())
            .execute(|| async {
                spawn(sleep(Duration::from_secs(5)));
                yield_now().await;
                yield_now().await;
            });
        assert!(outcome.tape.len() < 20, "{:?}", outcome.tape);
        if !systematic.advance(&outcome.tape) {
            return;
        }
    }
    panic!("the tapes of a program without loops have no end");
}

#[test]
fn budgets_of_zero_are_refused() {
    let no_steps = Run::new().steps_max(0).try_execute(|| async {});
    let error = no_steps.expect_err("it is refused");
    assert_eq!(error.to_string(), "option `steps_max` is zero; allowed: at least 1");
    assert!(matches!(error, RunError::Options(_)));
    let no_time = Run::new().elapsed_max(Duration::ZERO).try_execute(|| async {});
    let error = no_time.expect_err("it is refused");
    assert_eq!(error.to_string(), "option `elapsed_max` is zero; allowed: more than zero");
    let no_poll = Options { poll_max: Some(Duration::ZERO), ..Options::default() };
    let error = Run::with(no_poll).try_execute(|| async {}).expect_err("it is refused");
    assert_eq!(error.to_string(), "option `poll_max` is zero; allowed: None, or more than zero");
}
