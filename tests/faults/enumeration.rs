//! Enumeration: walking every tape reaches exactly what brute force reaches.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use unpick::sim::faults::Faults;
use unpick::sim::strategy::Systematic;
use unpick::sim::time::{Instant, sleep};
use unpick::sim::{buggify, spawn, yield_now};
use unpick::{Options, Run, Switching};

use crate::{BUGGIFY, CANCELLATIONS, SPURIOUS_WAKES, STALLS};

/// The outcomes of every tape.
fn enumerate<T: Ord, Fut: Future<Output = T>>(
    faults: Faults,
    program: impl Fn() -> Fut,
) -> BTreeSet<T> {
    let mut systematic = Systematic::new();
    let mut outcomes = BTreeSet::new();
    for _ in 0..200_000 {
        let switching = Switching::Cooperative;
        let run = Run::with(Options { faults, switching, ..Options::default() });
        let outcome = run.strategy(systematic.strategy()).execute(&program);
        outcomes.insert(outcome.result.expect("nothing fails"));
        if !systematic.advance(&outcome.tape) {
            return outcomes;
        }
    }
    panic!("too many tapes");
}

#[test]
fn buggify_makes_every_combination() {
    let found = enumerate(BUGGIFY, || async { [buggify!(), buggify!(), buggify!()] });
    let all = (0..8_u32).map(|bits| [0, 1, 2].map(|bit| bits >> bit & 1 == 1));
    assert_eq!(found, all.collect());
}

/// How far two workers come, of whom one may be aborted after it has been polled some times.
async fn workers(aborted: Option<(usize, u32)>) -> [u32; 2] {
    let progress = Rc::new([const { Cell::new(0) }; 2]);
    let handles: Rc<RefCell<Vec<unpick::sim::AbortHandle>>> = Rc::default();
    let tasks: Vec<_> = (0..2)
        .map(|number| {
            let (progress, handles) = (progress.clone(), handles.clone());
            spawn(async move {
                for step in 1..=3_u32 {
                    if aborted == Some((number, step)) {
                        handles.borrow()[number].abort();
                    }
                    progress[number].set(step);
                    yield_now().await;
                }
                progress[number].set(4);
            })
        })
        .collect();
    *handles.borrow_mut() = tasks.iter().map(|task| task.abort_handle()).collect();
    for task in tasks {
        let _ = task.await;
    }
    [progress[0].get(), progress[1].get()]
}

#[test]
fn cancellation_strikes_at_every_await_of_every_task() {
    let one = Faults { strikes_max: 1, ..CANCELLATIONS };
    let found = enumerate(one, || workers(None));
    // Brute force: the tasks abort themselves, at each await in turn.
    let awaits = [0, 1].into_iter().flat_map(|number| (1..=3).map(move |step| (number, step)));
    let mut expected = enumerate(Faults::OFF, || workers(None));
    for at in awaits {
        expected.append(&mut enumerate(Faults::OFF, || workers(Some(at))));
    }
    assert_eq!(found, expected);
    assert_eq!(expected.len(), 7);
}

#[test]
fn a_spurious_wake_strikes_whoever_waits_and_whenever_the_clock_moves() {
    let one = Faults { strikes_max: 1, ..SPURIOUS_WAKES };
    let found = enumerate(one, || async {
        let polled: Rc<RefCell<Vec<u64>>> = Rc::default();
        let log = polled.clone();
        spawn(async move {
            std::future::poll_fn(|_| {
                log.borrow_mut().push(Instant::now().as_nanos());
                std::task::Poll::<()>::Pending
            })
            .await;
        });
        sleep(Duration::from_nanos(1)).await;
        sleep(Duration::from_nanos(1)).await;
        polled.take()
    });
    // Polled when it is spawned; then once more at one of the instants, or not. At instant 2 main
    // may end first.
    let expected = [vec![0], vec![0, 0], vec![0, 1], vec![0, 2]];
    assert_eq!(found, expected.into_iter().collect());
}

#[test]
fn a_stall_puts_any_turn_off_by_one_of_three_lengths() {
    let one = Faults { strikes_max: 1, stall_max: Duration::from_nanos(1000), ..STALLS };
    let found = enumerate(one, || async {
        let task = spawn(async { Instant::now().as_nanos() });
        let of_task = task.await.expect("nobody aborts it");
        (of_task, Instant::now().as_nanos())
    });
    let mut expected = BTreeSet::from([(0, 0)]);
    for length in [10, 100, 1000] {
        // Before main spawns it or before the task begins; or before main goes on.
        expected.extend([(length, length), (0, length)]);
    }
    assert_eq!(found, expected);
}
