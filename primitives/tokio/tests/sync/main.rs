//! Tokio's synchronisation inside of runs, and outside.

mod announced;
mod channels;
mod guards;
mod mutex;
mod notify;
mod once;
mod rwlock;
mod semaphore;

use std::fmt::Debug;
use std::future::Future;

use unpick_sim::finding::Finding;
use unpick_sim::options::Switching;
use unpick_sim::strategy::Lockstep;
use unpick_sim::{Run, spawn};

/// Runs a program under many schedules in both switching modes; its output must not vary.
#[track_caller]
fn check_always<T, Fut>(expected: &T, program: impl Fn() -> Fut)
where
    T: PartialEq + Debug,
    Fut: Future<Output = T>,
{
    for switching in [Switching::Cooperative, Switching::Preemptive] {
        for seed in 0..200 {
            let outcome = Run::new().seed(seed).switching(switching).execute(&program);
            match outcome.result {
                Ok(output) => assert_eq!(output, *expected, "{switching:?}, seed {seed}"),
                Err(finding) => panic!("{switching:?}, seed {seed}: {finding}"),
            }
        }
    }
}

/// What a run finds in which all tasks go forward together.
#[track_caller]
fn found<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Finding {
    Run::new().strategy(Lockstep).execute(program).result.expect_err("a finding")
}

/// Spawns futures, and waits for all of them.
async fn all<T: 'static>(futures: impl IntoIterator<Item = impl Future<Output = T> + 'static>) {
    let tasks: Vec<_> = futures.into_iter().map(spawn).collect();
    for task in tasks {
        task.await.expect("it returns");
    }
}
