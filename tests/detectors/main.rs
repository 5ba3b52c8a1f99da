//! Detectors: true positives, true negatives, and near misses.

mod atomicity;
mod controlled;
mod dead_ends;
mod deadlock;
mod edges;
mod futurelock;
mod leak;
mod lock_order;
mod losses;
mod lost_wakeup;
mod nondeterminism;
mod progress;
mod race;
mod random;
mod shared;
mod stale_check;
mod standstill;
mod unfollowed;

use std::future::Future;

use unpick::sim::options::Options;
use unpick::{Finding, Kind, Run, Switching};

/// The kinds of findings of many random runs of a program, and of the plain one.
fn kinds<F, Fut>(switching: Switching, program: F) -> Vec<Option<Kind>>
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()>,
{
    let findings = (0..60).map(|seed| {
        let run = Run::new().switching(switching).seed(seed);
        run.execute(&program).result.err().map(|finding| finding.kind)
    });
    let mut kinds: Vec<_> = findings.collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// What lockstep finds, which lets all tasks go forward together.
fn in_lockstep<Fut: Future<Output = ()>>(
    options: Options,
    program: impl FnOnce() -> Fut,
) -> Option<Finding> {
    let run = Run::with(options).strategy(unpick::sim::strategy::Lockstep);
    run.execute(program).result.err()
}
