//! Futures that know nothing of the engine, unmodified: under random schedules, both ways of
//! switching, with their own invariants asserted.

mod channels;
mod locks;
mod nondeterminism;
mod tokio_sync;

use std::fmt::Debug;

use unpick::sim::seed::RunId;
use unpick::sim::{JoinHandle, Outcome, spawn};

use crate::{COOPERATIVE, PREEMPTIVE, run_in};

/// Runs a program, plainly and at random, both ways of switching: it always comes to this, and
/// each run can be replayed.
#[track_caller]
fn check<F, Fut>(expected: &Fut::Output, program: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output: Debug + PartialEq>,
{
    for (run, outcome) in check_outputs(expected, &program) {
        let again = run_in(PREEMPTIVE).id(run).traced().replay(&outcome.tape);
        let is_same = again.execute(&program).trace == outcome.trace;
        assert!(is_same, "run {run} is another one when it is replayed");
    }
}

/// The same for futures that look at the wall clock, which no tape controls.
#[track_caller]
fn check_outputs<F, Fut>(expected: &Fut::Output, program: F) -> Vec<(RunId, Outcome<Fut::Output>)>
where
    F: Fn() -> Fut,
    Fut: Future<Output: Debug + PartialEq>,
{
    let mut outcomes = Vec::new();
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let plain = run_in(mode).plain().execute(&program);
        assert_eq!(plain.result.as_ref(), Ok(expected), "plain");
        for number in 0..60 {
            let run = RunId::new(0xf0, number);
            let outcome = run_in(mode).id(run).traced().execute(&program);
            assert_eq!(outcome.result.as_ref(), Ok(expected), "run {run}");
            outcomes.push((run, outcome));
        }
    }
    outcomes
}

/// Spawns what this makes of each number.
fn spawn_each<F, Fut>(numbers: std::ops::Range<u32>, make: F) -> Vec<JoinHandle<Fut::Output>>
where
    F: Fn(u32) -> Fut,
    Fut: Future<Output: 'static> + 'static,
{
    numbers.map(|number| spawn(make(number))).collect()
}

async fn join_all<T: 'static>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.expect("it returns"));
    }
    outputs
}
