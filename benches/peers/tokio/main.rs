//! Plain tokio, on one thread, with its clock paused.

#[path = "../common/among.rs"]
mod among;
#[path = "../common/first_panic.rs"]
mod first_panic;
#[path = "../common/measure.rs"]
mod measure;
#[path = "../common/tokio_like.rs"]
mod tokio_like;

use std::future::Future;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

fn run<F: Future<Output = ()>>(program: impl Fn() -> F) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, program());
}

fn repeat<F: Future<Output = ()>>(runs: u64, program: impl Fn() -> F) {
    (0..runs).for_each(|_| run(&program));
}

/// Searches for the bug of a program; every run is the same.
macro_rules! search {
    ($program:expr) => {
        |_, max| first_panic::first_panic(max, |_| run(|| $program))
    };
}

fn main() {
    measure::main(&measure::Peer {
        workloads: &[
            ("empty", |_, runs| repeat(runs, || async {})),
            ("step_2", |_, runs| repeat(runs, || tokio_like::steps(2, 1000))),
            ("step_1000", |_, runs| repeat(runs, || tokio_like::steps(1000, 100))),
            ("timer", |_, runs| repeat(runs, || tokio_like::timers(1000, 100))),
            ("lost_update_10", |_, runs| repeat(runs, tokio_like::lost_update)),
            ("lock_over_yield_10", |_, runs| repeat(runs, tokio_like::lock_over_yield)),
            ("bounded_queue_20", |_, runs| repeat(runs, tokio_like::bounded_queue)),
            ("spawn", |_, runs| repeat(runs, || tokio_like::spawns(100_000))),
        ],
        programs: &[
            ("reorder_3", search!(tokio_like::reorder(2))),
            ("reorder_5", search!(tokio_like::reorder(4))),
            ("reorder_10", search!(tokio_like::reorder(9))),
            ("reorder_20", search!(tokio_like::reorder(19))),
            ("reorder_50", search!(tokio_like::reorder(49))),
            ("twostage", search!(tokio_like::twostage(1))),
            ("twostage_20", search!(tokio_like::twostage(19))),
            ("twostage_50", search!(tokio_like::twostage(49))),
            ("wronglock", search!(tokio_like::wronglock(3))),
            ("account", search!(tokio_like::account())),
            ("bluetooth", search!(tokio_like::bluetooth())),
            ("deadlock01", search!(tokio_like::deadlock01())),
            ("stringbuffer", search!(tokio_like::stringbuffer())),
            ("philosophers_3", search!(tokio_like::philosophers(3))),
            ("philosophers_5", search!(tokio_like::philosophers(5))),
            ("among_20", search!(tokio_like::among_20())),
        ],
        exhausted: &[],
        among: Some(|_, runs| among::told(|| repeat(runs, tokio_like::among_told))),
    });
}
