//! loom: exhaustive, so that it is measured where the question is when a bug is found.

#[path = "../common/measure.rs"]
mod measure;

use loom::sync::{Arc, Mutex};
use loom::thread;

fn search(runs_max: u64, preemption_bound: Option<usize>, program: fn()) -> Option<u64> {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemption_bound;
    model.max_permutations = Some(runs_max as usize);
    model.check(measure::count_until_panic(program));
    None
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
    let steps = thread::spawn(move || (1..=20).for_each(|step| counter.store(step, Ordering::SeqCst)));
    let readers = [0, 1].map(|_| {
        let count = count.clone();
        thread::spawn(move || count.load(Ordering::SeqCst))
    });
    let seen = readers.map(|reader| reader.join().unwrap());
    steps.join().unwrap();
    assert!(seen != [10, 15], "the one schedule");
}

fn main() {
    measure::main(
        &[],
        &[
            ("philosophers_3", |_, max| search(max, Some(2), || philosophers(3))),
            // With its main thread it would have six threads, and it has room for five.
            ("among_20", |_, max| search(max, Some(2), among_20)),
        ],
    );
}
