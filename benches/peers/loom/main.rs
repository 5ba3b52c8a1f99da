//! loom: exhaustive, so that it is measured where the question is when a bug is found.

#[path = "../common/measure.rs"]
mod measure;
#[path = "../common/sct_threads.rs"]
mod sct_threads;
#[path = "../common/until_panic.rs"]
mod until_panic;

mod peer {
    pub use loom::{sync, thread};
}

use loom::sync::{Arc, Mutex};
use loom::thread;

fn check(runs_max: u64, preemption_bound: Option<usize>, program: fn()) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemption_bound;
    // It stops one before.
    model.max_permutations = Some(runs_max as usize + 1);
    model.check(until_panic::counting(program));
}

/// With the bound on preemptions that its documentation recommends.
fn search(runs_max: u64, program: fn()) -> Option<u64> {
    until_panic::first_panic(|| check(runs_max, Some(2), program))
}

/// Without a bound.
fn exhaust(runs_max: u64, program: fn()) -> u64 {
    check(runs_max, None, program);
    until_panic::count()
}

fn philosophers(count: usize) {
    let forks: Arc<Vec<Mutex<()>>> = Arc::new((0..count).map(|_| Mutex::new(())).collect());
    let handles: Vec<_> = (0..count)
        .map(|seat| {
            let forks = forks.clone();
            thread::spawn(move || {
                let _left = forks[seat].lock().unwrap();
                let _right = forks[(seat + 1) % forks.len()].lock().unwrap();
            })
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
}

fn among_20() {
    use loom::sync::atomic::{AtomicUsize, Ordering};
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let steps =
        thread::spawn(move || (1..=20).for_each(|step| counter.store(step, Ordering::SeqCst)));
    let readers = [0, 1].map(|_| {
        let count = count.clone();
        thread::spawn(move || count.load(Ordering::SeqCst))
    });
    let seen = readers.map(|reader| reader.join().unwrap());
    steps.join().unwrap();
    assert!(seen != [10, 15], "the one schedule");
}

fn main() {
    measure::main(&measure::Peer {
        workloads: &[],
        // It has room for five threads, the main one among them.
        programs: &[
            ("reorder_3", |_, max| search(max, || sct_threads::reorder(2))),
            ("twostage", |_, max| search(max, || sct_threads::twostage(1))),
            ("wronglock", |_, max| search(max, || sct_threads::wronglock(3))),
            ("account", |_, max| search(max, || sct_threads::account())),
            ("bluetooth", |_, max| search(max, || sct_threads::bluetooth())),
            ("deadlock01", |_, max| search(max, || sct_threads::deadlock01())),
            ("stringbuffer", |_, max| search(max, || sct_threads::stringbuffer())),
            ("philosophers_3", |_, max| search(max, || philosophers(3))),
            ("among_20", |_, max| search(max, among_20)),
        ],
        exhausted: &[
            ("locks_3", |max| exhaust(max, sct_threads::locks_3)),
            ("lost_update_4", |max| exhaust(max, sct_threads::lost_update_4)),
        ],
        among: None,
    });
}
