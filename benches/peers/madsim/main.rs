//! madsim: its runtime, a seed a run. Built with `--cfg madsim`.

#[path = "../common/among.rs"]
mod among;
#[path = "../common/first_panic.rs"]
mod first_panic;
#[path = "../common/measure.rs"]
mod measure;
#[path = "../common/tokio_like.rs"]
mod tokio_like;

use std::future::Future;

use madsim::runtime::Runtime;

fn run<F: Future<Output = ()>>(seed: u64, program: impl Fn() -> F) {
    Runtime::with_seed_and_config(seed, madsim::Config::default()).block_on(program());
}

fn repeat<F: Future<Output = ()>>(seed: u64, runs: u64, program: impl Fn() -> F) {
    (0..runs).for_each(|run_number| run(seed + run_number, &program));
}

/// Searches for the bug of a program: under a seed a run.
macro_rules! search {
    ($program:expr) => {
        |seed, max| first_panic::first_panic(max, |number| run(seed << 32 | number, || $program))
    };
}

fn main() {
    measure::main(&measure::Peer {
        workloads: &[
            ("empty", |seed, runs| repeat(seed, runs, || async {})),
            ("step_2", |seed, runs| repeat(seed, runs, || tokio_like::steps(2, 1000))),
            ("step_1000", |seed, runs| repeat(seed, runs, || tokio_like::steps(1000, 100))),
            ("timer", |seed, runs| repeat(seed, runs, || tokio_like::timers(1000, 100))),
            ("lost_update_10", |seed, runs| repeat(seed, runs, tokio_like::lost_update)),
            ("lock_over_yield_10", |seed, runs| repeat(seed, runs, tokio_like::lock_over_yield)),
            ("bounded_queue_20", |seed, runs| repeat(seed, runs, tokio_like::bounded_queue)),
            ("spawn", |seed, runs| repeat(seed, runs, || tokio_like::spawns(100_000))),
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
        among: Some(|seed, runs| among::told(|| repeat(seed << 32, runs, tokio_like::among_told))),
    });
}
