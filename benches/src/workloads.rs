//! Programs whose cost is measured, and in which unit.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use unpick::primitives::{Lock, Queue};
use unpick::sim::options::{Detection, Detectors};
use unpick::sim::strategy::{Interest, Pct, Pos, Strategy, Surw};
use unpick::sim::time::sleep;
use unpick::sim::{Shared, spawn, yield_now};
use unpick::{Options, Run};

/// A run of a program, and how many units of work it is.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name on the command line.
    pub name: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// How many of them one run has.
    pub units: u64,
    /// Makes the run with this number.
    pub run: fn(u64),
}

/// Every workload.
pub const WORKLOADS: &[Workload] = &[
    Workload { name: "empty", unit: "run", units: 1, run: empty },
    Workload { name: "step_2", unit: "step", units: 2_000, run: |seed| steps(seed, 2, 1000) },
    Workload {
        name: "step_1000",
        unit: "step",
        units: 100_000,
        run: |seed| steps(seed, 1000, 100),
    },
    Workload {
        name: "step_1000_pct",
        unit: "step",
        units: 20_000,
        run: |seed| by(seed, Pct::new(3, 20_000)),
    },
    Workload {
        name: "step_1000_pos",
        unit: "step",
        units: 20_000,
        run: |seed| by(seed, Pos::new()),
    },
    Workload {
        name: "step_1000_urw",
        unit: "step",
        units: 20_000,
        run: |seed| by(seed, uniform_walk()),
    },
    Workload {
        name: "step_2_beside_10_asleep",
        unit: "step",
        units: 400_000,
        run: |seed| beside(seed, 10, 200_000, Idling::Asleep),
    },
    Workload {
        name: "step_2_beside_1000_asleep",
        unit: "step",
        units: 400_000,
        run: |seed| beside(seed, 1000, 200_000, Idling::Asleep),
    },
    Workload {
        name: "step_2_beside_1000_waiting",
        unit: "step",
        units: 400_000,
        run: |seed| beside(seed, 1000, 200_000, Idling::Waiting),
    },
    Workload {
        name: "step_2_after_1000_ended",
        unit: "step",
        units: 400_000,
        run: |seed| beside(seed, 1000, 200_000, Idling::Ended),
    },
    Workload { name: "timer", unit: "sleep", units: 100_000, run: |seed| timers(seed, 1000, 100) },
    Workload {
        name: "lost_update_10",
        unit: "run",
        units: 1,
        run: |seed| lost_update(Run::new().seed(seed)),
    },
    Workload {
        name: "lock_over_yield_10",
        unit: "run",
        units: 1,
        run: |seed| lock_over_yield(Run::new().seed(seed)),
    },
    Workload {
        name: "bounded_queue_20",
        unit: "run",
        units: 1,
        run: |seed| bounded_queue(Run::new().seed(seed)),
    },
    Workload {
        name: "lost_update_10_hashed",
        unit: "run",
        units: 1,
        run: |seed| lost_update(hashed(seed)),
    },
    Workload {
        name: "lock_over_yield_10_hashed",
        unit: "run",
        units: 1,
        run: |seed| lock_over_yield(hashed(seed)),
    },
    Workload {
        name: "bounded_queue_20_hashed",
        unit: "run",
        units: 1,
        run: |seed| bounded_queue(hashed(seed)),
    },
    Workload {
        name: "cell_under_lock_10",
        unit: "run",
        units: 1,
        run: |seed| cell_under_lock(Run::new().seed(seed)),
    },
    Workload {
        name: "shared_under_lock_10",
        unit: "run",
        units: 1,
        run: |seed| shared_under_lock(Run::new().seed(seed)),
    },
    Workload { name: "shared_by_1000", unit: "access", units: 10_000, run: shared_by_1000 },
    Workload { name: "spawn", unit: "task", units: 100_000, run: |seed| spawns(seed, 100_000) },
];

/// The programs by which the cost of detectors is told, with all of them off.
pub const UNHEARD: &[Workload] = &[
    Workload {
        name: "lost_update_10_unheard",
        unit: "run",
        units: 1,
        run: |seed| lost_update(unheard(seed)),
    },
    Workload {
        name: "lock_over_yield_10_unheard",
        unit: "run",
        units: 1,
        run: |seed| lock_over_yield(unheard(seed)),
    },
    Workload {
        name: "bounded_queue_20_unheard",
        unit: "run",
        units: 1,
        run: |seed| bounded_queue(unheard(seed)),
    },
    Workload {
        name: "cell_under_lock_10_unheard",
        unit: "run",
        units: 1,
        run: |seed| cell_under_lock(unheard(seed)),
    },
    Workload {
        name: "shared_under_lock_10_unheard",
        unit: "run",
        units: 1,
        run: |seed| shared_under_lock(unheard(seed)),
    },
];

/// The workload of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().chain(UNHEARD).find(|workload| workload.name == name)
}

/// A run whose happens-before class is hashed, as in a hunt.
fn hashed(seed: u64) -> Run {
    Run::with(Options { classes: Detection::On, ..Options::default() }).seed(seed)
}

/// A run to which no detector listens.
fn unheard(seed: u64) -> Run {
    Run::new().detectors(Detectors::OFF).seed(seed)
}

fn empty(seed: u64) {
    let outcome = Run::new().seed(seed).execute(|| async {});
    assert!(outcome.result.is_ok(), "an empty run passes");
}

async fn yields(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

fn steps(seed: u64, tasks: u32, count: u32) {
    let outcome = Run::new().seed(seed).execute(|| async move {
        let handles: Vec<_> = (0..tasks).map(|_| spawn(yields(count))).collect();
        for handle in handles {
            handle.await.expect("a task that yields returns");
        }
    });
    assert!(outcome.result.is_ok(), "yielding passes");
}

/// A thousand tasks that yield twenty times each, under a strategy.
fn by(seed: u64, strategy: impl Strategy + 'static) {
    let run = Run::new().seed(seed).strategy(strategy);
    let outcome = run.execute(|| async {
        let handles: Vec<_> = (0..1000).map(|_| spawn(yields(20))).collect();
        for handle in handles {
            handle.await.expect("a task that yields returns");
        }
    });
    assert!(outcome.result.is_ok(), "yielding passes");
}

fn uniform_walk() -> Surw {
    Surw::new(Arc::default(), Interest::Everything)
}

/// What tasks do that do not run.
#[derive(Clone, Copy)]
enum Idling {
    Asleep,
    Waiting,
    Ended,
}

/// Two tasks that yield, beside others that do not run.
fn beside(seed: u64, others: u32, count: u32, idling: Idling) {
    let outcome = Run::new().seed(seed).execute(|| async move {
        let lock = Rc::new(Lock::new(()));
        let _held = lock.lock().await;
        for _ in 0..others {
            let lock = lock.clone();
            drop(spawn(async move {
                match idling {
                    Idling::Asleep => sleep(Duration::from_secs(1)).await,
                    Idling::Waiting => drop(lock.lock().await),
                    Idling::Ended => {}
                }
            }));
        }
        let handles: Vec<_> = (0..2).map(|_| spawn(yields(count))).collect();
        for handle in handles {
            handle.await.expect("a task that yields returns");
        }
    });
    assert!(outcome.result.is_ok(), "yielding passes");
}

fn timers(seed: u64, tasks: u64, count: u64) {
    let outcome = Run::new().seed(seed).execute(|| async move {
        let handles: Vec<_> = (0..tasks)
            .map(|task| {
                spawn(async move {
                    for round in 0..count {
                        sleep(Duration::from_nanos(1 + (task * 7 + round * 13) % 1000)).await;
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.expect("a task that sleeps returns");
        }
    });
    assert!(outcome.result.is_ok(), "sleeping passes");
}

fn spawns(seed: u64, tasks: u32) {
    let outcome = Run::new().seed(seed).execute(|| async move {
        let handles: Vec<_> = (0..tasks).map(|_| spawn(yield_now())).collect();
        for handle in handles {
            handle.await.expect("a task that yields returns");
        }
    });
    assert!(outcome.result.is_ok(), "spawning passes");
}

/// Ten tasks read a counter, give way, and write it back.
fn lost_update(run: Run) {
    let outcome = run.execute(|| async {
        let counter = Rc::new(Cell::new(0));
        let add = |counter: Rc<Cell<u32>>| async move {
            let seen = counter.get();
            yield_now().await;
            counter.set(seen + 1);
        };
        let handles: Vec<_> = (0..10).map(|_| spawn(add(counter.clone()))).collect();
        for handle in handles {
            handle.await.expect("nobody aborts it");
        }
    });
    assert!(outcome.result.is_ok(), "losing an update is no finding here");
}

/// Ten tasks hold a lock over a yield.
fn lock_over_yield(run: Run) {
    let outcome = run.execute(|| async {
        let counter = Rc::new(Lock::new(0));
        let add = |counter: Rc<Lock<u32>>| async move {
            let mut held = counter.lock().await;
            yield_now().await;
            *held += 1;
        };
        let handles: Vec<_> = (0..10).map(|_| spawn(add(counter.clone()))).collect();
        for handle in handles {
            handle.await.expect("nobody aborts it");
        }
    });
    assert!(outcome.result.is_ok(), "a lock works");
}

/// Ten tasks read and write a variable under a lock that they hold over a yield: a plain one, or
/// one whose accesses are watched.
fn variable_under_lock(
    run: Run,
    get: impl Fn() -> u32 + Clone + 'static,
    set: impl Fn(u32) + Clone + 'static,
) {
    let outcome = run.execute(|| async {
        let lock = Rc::new(Lock::new(()));
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let (lock, get, set) = (lock.clone(), get.clone(), set.clone());
                spawn(async move {
                    let _held = lock.lock().await;
                    let seen = get();
                    yield_now().await;
                    set(seen + 1);
                })
            })
            .collect();
        for handle in handles {
            handle.await.expect("nobody aborts it");
        }
    });
    assert!(outcome.result.is_ok(), "a lock works");
}

fn cell_under_lock(run: Run) {
    let cell = Rc::new(Cell::new(0));
    let set = cell.clone();
    variable_under_lock(run, move || cell.get(), move |value| set.set(value));
}

fn shared_under_lock(run: Run) {
    let shared = Rc::new(Shared::new(0));
    let set = shared.clone();
    variable_under_lock(run, move || shared.get(), move |value| set.set(value));
}

/// A thousand tasks write a shared variable under a lock, one after the other.
fn shared_by_1000(seed: u64) {
    let shared = Rc::new(Shared::new(0));
    let lock = Rc::new(Lock::new(()));
    let outcome = Run::new().seed(seed).execute(|| async move {
        let handles: Vec<_> = (0..1000)
            .map(|_| {
                let (lock, shared) = (lock.clone(), shared.clone());
                spawn(async move {
                    for _ in 0..10 {
                        let _held = lock.lock().await;
                        shared.update(|value| *value += 1);
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.expect("nobody aborts it");
        }
    });
    assert!(outcome.result.is_ok(), "a lock works");
}

/// Two producers put ten items each into a queue with two places, and two consumers get them.
fn bounded_queue(run: Run) {
    let outcome = run.execute(|| async {
        let queue = Rc::new(Queue::new(2));
        let produce = |queue: Rc<Queue<u32>>| async move {
            for item in 0..10 {
                queue.put(item).await.expect("nobody shuts it down");
            }
        };
        let consume = |queue: Rc<Queue<u32>>| async move {
            for _ in 0..10 {
                queue.get().await.expect("nobody shuts it down");
            }
        };
        let handles = [
            spawn(produce(queue.clone())),
            spawn(produce(queue.clone())),
            spawn(consume(queue.clone())),
            spawn(consume(queue.clone())),
        ];
        for handle in handles {
            handle.await.expect("nobody aborts it");
        }
    });
    assert!(outcome.result.is_ok(), "a queue works");
}
