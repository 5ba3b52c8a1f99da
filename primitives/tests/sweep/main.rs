//! The cancellation sweep: every task of every program, cancelled at each of its awaits in turn.
//!
//! Whatever is cancelled, nothing stays locked, no permit is lost or gained, no item is lost, and
//! nobody waits for ever who should not: the programs end and check it.

mod programs;
mod random;
mod victim;

use std::future::Future;

use unpick_sim::Run;
use unpick_sim::options::{Switching, TimeModel};
use unpick_sim::seed::RunId;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use victim::{Manner, Victim};

/// How many random programs there are, always the same ones. `cargo run --release -p
/// unpick-primitives --example sweep` tries more.
const PROGRAMS: u32 = 250;

/// How many schedules each cancellation is tried under, in each switching mode.
const SEEDS: u64 = 12;
/// No task of these programs suspends more often than this.
const AWAITS_MAX: u32 = 60;

/// Runs a program without a cancellation, and then with each of its tasks cancelled at each of
/// its awaits, in both manners, under random schedules.
#[track_caller]
fn sweep<F, Fut>(tasks: u32, program: F)
where
    F: Fn(Victim) -> Fut,
    Fut: Future<Output = ()>,
{
    let mut cancelled = 0_u32;
    check(&program, &Victim::nobody());
    for task in 0..tasks {
        for manner in [Manner::InPlace, Manner::Aborted] {
            let mut at = 0;
            loop {
                assert!(at < AWAITS_MAX, "task {task} suspends more than {AWAITS_MAX} times");
                let victim = Victim::new(task, at, manner);
                check(&program, &victim);
                if !victim.was_struck() {
                    break;
                }
                cancelled += 1;
                at += 1;
            }
        }
    }
    assert!(cancelled >= tasks, "only {cancelled} cancellations took place");
}

#[track_caller]
fn check<F, Fut>(program: &F, victim: &Victim)
where
    F: Fn(Victim) -> Fut,
    Fut: Future<Output = ()>,
{
    for switching in [Switching::Cooperative, Switching::Preemptive] {
        for number in 0..SEEDS {
            let time = if number % 3 == 2 { TimeModel::Stalling } else { TimeModel::Exact };
            let run = Run::new().id(RunId::new(0x5eed, number)).switching(switching).time(time);
            let outcome = run.execute(|| program(victim.clone()));
            if let Err(finding) = outcome.result {
                let tape = outcome.tape.token();
                panic!("{victim:?} under {switching:?}, {tape}: {finding}");
            }
        }
    }
}

#[test]
fn random_programs_hold_whoever_is_cancelled() {
    let config = Config { cases: PROGRAMS, failure_persistence: None, ..Config::default() };
    let always_the_same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let cancelled = std::cell::Cell::new(0);
    let swept = TestRunner::new_with_rng(config, always_the_same).run(&random::programs(), |it| {
        cancelled.set(cancelled.get() + random::sweep(&it).map_err(TestCaseError::fail)?);
        Ok(())
    });
    if let Err(error) = swept {
        panic!("{error}");
    }
    println!("{} cancellations", cancelled.get());
    assert!(cancelled.get() > 10 * PROGRAMS, "only {} cancellations took place", cancelled.get());
}
