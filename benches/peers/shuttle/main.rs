//! shuttle: asynchronous tasks on its own executor. The strategy is in the variable
//! `PEER_STRATEGY`: `random`, `pct` (of depth 3) or `urw`.

#[path = "../common/among.rs"]
mod among;
#[path = "../common/measure.rs"]
mod measure;
#[path = "../common/sct_threads.rs"]
mod sct_threads;
#[path = "../common/until_panic.rs"]
mod until_panic;

mod peer {
    pub use shuttle::{sync, thread};
}

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness};
use shuttle::future::{block_on, spawn_local, yield_now};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, UrwRandomScheduler};
use shuttle::sync::{Mutex, mpsc};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

fn config() -> Config {
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(10_000_000);
    config
}

fn repeat(seed: u64, runs: u64, program: impl Fn() + Send + Sync + 'static) {
    let runs = runs as usize;
    match std::env::var("PEER_STRATEGY").as_deref() {
        Ok("pct") => {
            Runner::new(PctScheduler::new_from_seed(seed, 3, runs), config()).run(program);
        }
        Ok("urw") => {
            Runner::new(UrwRandomScheduler::new_from_seed(seed, runs), config()).run(program);
        }
        _ => {
            Runner::new(RandomScheduler::new_from_seed(seed, runs), config()).run(program);
        }
    }
}

fn search(seed: u64, runs_max: u64, program: fn()) -> Option<u64> {
    until_panic::first_panic(|| repeat(seed, runs_max, until_panic::counting(program)))
}

/// Its depth-first search, without reduction.
fn exhaust(runs_max: u64, program: fn()) -> u64 {
    let scheduler = DfsScheduler::new(Some(runs_max as usize), false);
    Runner::new(scheduler, config()).run(until_panic::counting(program));
    until_panic::count()
}

fn steps(tasks: u32, count: u32) {
    block_on(async move {
        let handles: Vec<_> = (0..tasks)
            .map(|_| {
                spawn_local(async move {
                    for _ in 0..count {
                        yield_now().await;
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

fn spawns(tasks: u32) {
    block_on(async move {
        let handles: Vec<_> = (0..tasks).map(|_| spawn_local(yield_now())).collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

fn lost_update() {
    block_on(async {
        let counter = Rc::new(Cell::new(0));
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let counter = counter.clone();
                spawn_local(async move {
                    let seen = counter.get();
                    yield_now().await;
                    counter.set(seen + 1);
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

/// Its asynchronous lock: a semaphore with one permit.
fn lock() -> BatchSemaphore {
    BatchSemaphore::new(1, Fairness::StrictlyFair)
}

fn lock_over_yield() {
    block_on(async {
        let shared = Rc::new((lock(), Cell::new(0)));
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let shared = shared.clone();
                spawn_local(async move {
                    shared.0.acquire(1).await.unwrap();
                    yield_now().await;
                    shared.1.set(shared.1.get() + 1);
                    shared.0.release(1);
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

/// It has no asynchronous channel: tasks block in its channel of threads, as its tasks may.
fn bounded_queue() {
    block_on(async {
        let (sender, receiver) = mpsc::sync_channel(2);
        let receiver = Arc::new(Mutex::new(receiver));
        let produce = |sender: mpsc::SyncSender<u32>| async move {
            for item in 0..10 {
                sender.send(item).unwrap();
            }
        };
        let consume = |receiver: Arc<Mutex<mpsc::Receiver<u32>>>| async move {
            for _ in 0..10 {
                receiver.lock().unwrap().recv().unwrap();
            }
        };
        let handles = [
            spawn_local(produce(sender.clone())),
            spawn_local(produce(sender)),
            spawn_local(consume(receiver.clone())),
            spawn_local(consume(receiver)),
        ];
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

fn philosophers(count: usize) {
    block_on(async move {
        let forks: Rc<Vec<BatchSemaphore>> = Rc::new((0..count).map(|_| lock()).collect());
        let handles: Vec<_> = (0..count)
            .map(|seat| {
                let forks = forks.clone();
                spawn_local(async move {
                    let (left, right) = (&forks[seat], &forks[(seat + 1) % forks.len()]);
                    left.acquire(1).await.unwrap();
                    right.acquire(1).await.unwrap();
                    right.release(1);
                    left.release(1);
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

fn among_20() {
    block_on(async {
        let count = Rc::new(Cell::new(0));
        let counter = count.clone();
        let mut handles = vec![spawn_local(async move {
            for step in 1..=20 {
                yield_now().await;
                counter.set(step);
            }
        })];
        let seen: [Rc<Cell<i32>>; 2] = Default::default();
        for seen in &seen {
            let (count, seen) = (count.clone(), seen.clone());
            handles.push(spawn_local(async move { seen.set(count.get()) }));
        }
        for handle in handles {
            handle.await.unwrap();
        }
        assert!((seen[0].get(), seen[1].get()) != (10, 15), "the one schedule");
    });
}

/// The same, but that it tells whose turn it was and never fails.
fn among_told() {
    block_on(async {
        let handles: Vec<_> = [(b'a', 20), (b'b', 0), (b'c', 0)]
            .into_iter()
            .map(|(name, steps)| {
                spawn_local(async move {
                    among::took(name);
                    for _ in 0..steps {
                        yield_now().await;
                        among::took(name);
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        among::ended();
    });
}

fn main() {
    measure::main(&measure::Peer {
        workloads: &[
            ("empty", |seed, runs| repeat(seed, runs, || block_on(async {}))),
            ("step_2", |seed, runs| repeat(seed, runs, || steps(2, 1000))),
            ("step_1000", |seed, runs| repeat(seed, runs, || steps(1000, 100))),
            ("lost_update_10", |seed, runs| repeat(seed, runs, lost_update)),
            ("lock_over_yield_10", |seed, runs| repeat(seed, runs, lock_over_yield)),
            ("bounded_queue_20", |seed, runs| repeat(seed, runs, bounded_queue)),
            ("spawn", |seed, runs| repeat(seed, runs, || spawns(100_000))),
        ],
        programs: &[
            ("reorder_3", |seed, max| search(seed, max, || sct_threads::reorder(2))),
            ("reorder_5", |seed, max| search(seed, max, || sct_threads::reorder(4))),
            ("reorder_10", |seed, max| search(seed, max, || sct_threads::reorder(9))),
            ("reorder_20", |seed, max| search(seed, max, || sct_threads::reorder(19))),
            ("reorder_50", |seed, max| search(seed, max, || sct_threads::reorder(49))),
            ("twostage", |seed, max| search(seed, max, || sct_threads::twostage(1))),
            ("twostage_20", |seed, max| search(seed, max, || sct_threads::twostage(19))),
            ("twostage_50", |seed, max| search(seed, max, || sct_threads::twostage(49))),
            ("wronglock", |seed, max| search(seed, max, || sct_threads::wronglock(3))),
            ("account", |seed, max| search(seed, max, || sct_threads::account())),
            ("bluetooth", |seed, max| search(seed, max, || sct_threads::bluetooth())),
            ("deadlock01", |seed, max| search(seed, max, || sct_threads::deadlock01())),
            ("stringbuffer", |seed, max| search(seed, max, || sct_threads::stringbuffer())),
            ("philosophers_3", |seed, max| search(seed, max, || philosophers(3))),
            ("philosophers_5", |seed, max| search(seed, max, || philosophers(5))),
            ("among_20", |seed, max| search(seed, max, among_20)),
        ],
        exhausted: &[
            ("locks_3", |max| exhaust(max, sct_threads::locks_3)),
            ("lost_update_4", |max| exhaust(max, sct_threads::lost_update_4)),
        ],
        among: Some(|seed, runs| among::told(|| repeat(seed, runs, among_told))),
    });
}
