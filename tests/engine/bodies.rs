//! Futures in their places, and what they return: small programs that reach what the engine does
//! with them by `unsafe`, for Miri to look at (`.ci/miri`).

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use unpick::sim::{spawn, yield_now};
use unpick::{Kind, Run};

/// Counts how many of its kind there are.
struct Counted(Rc<Cell<i32>>);

impl Counted {
    fn new(count: &Rc<Cell<i32>>) -> Counted {
        count.set(count.get() + 1);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn a_future_that_refers_to_itself_goes_on_while_tasks_are_added_and_ended() {
    let outcome = Run::new().plain().execute(|| async {
        let adds = spawn(async {
            let mut own = [1, 2, 3];
            let within = &mut own[1];
            // More than records and places of spawns have room for at first.
            let tasks: Vec<_> = (0..300).map(|task| spawn(async move { task })).collect();
            *within += 1;
            yield_now().await;
            *within += 1;
            let mut sum = 0;
            for task in tasks {
                sum += task.await.expect("nobody aborts it");
            }
            *within += 1;
            (own, sum)
        });
        adds.await
    });
    assert_eq!(outcome.result, Ok(Ok(([1, 5, 3], 299 * 300 / 2))));
}

#[test]
fn an_output_is_taken_once_or_dropped() {
    let count = Rc::new(Cell::new(0));
    for _ in 0..3 {
        let outcome = Run::new().plain().execute(|| async {
            let make = || Counted::new(&count);
            let [taken, dropped, aborted, left] = [(); 4].map(|()| {
                let output = make();
                spawn(async move {
                    yield_now().await;
                    output
                })
            });
            drop(dropped);
            aborted.abort();
            let taken = taken.await.expect("nobody aborts it");
            assert!(aborted.await.is_err());
            assert!(left.is_finished());
            let waits = make();
            drop(spawn(async move {
                pending::<()>().await;
                drop(waits);
            }));
            yield_now().await;
            assert_eq!(taken.0.get(), 3, "that of `left`, and that of the task that waits");
            // Its handle is dropped with the main future, and its output after that.
            drop(left);
        });
        assert_eq!((outcome.result, outcome.unfinished), (Ok(()), 1));
        assert_eq!(count.get(), 0);
    }
}

#[test]
fn what_a_future_leaves_that_panics_is_dropped_once() {
    let count = Rc::new(Cell::new(0));
    for _ in 0..2 {
        let outcome = Run::new().plain().execute(|| async {
            let own = Counted::new(&count);
            let fails = spawn(async move {
                let _own = own;
                yield_now().await;
                panic!("on purpose");
            });
            fails.await
        });
        let finding = outcome.result.map(|_: Result<(), _>| ()).expect_err("it panics");
        assert_eq!(finding.kind, Kind::Panic);
        assert_eq!(count.get(), 0);
    }
}

#[test]
fn bodies_are_used_again_for_futures_of_their_type_alone() {
    let count = Rc::new(Cell::new(0));
    for round in 0..4 {
        let outcome = Run::new().plain().execute(|| async {
            let (one, other) = (Counted::new(&count), Counted::new(&count));
            let first = async move {
                yield_now().await;
                drop(one);
                [1_u64; 9]
            };
            let second = async move {
                yield_now().await;
                Box::new(other)
            };
            // Each task gets what the other one had in the run before.
            let (first, second) = if round % 2 == 0 {
                let first = spawn(first);
                (first, spawn(second))
            } else {
                let second = spawn(second);
                (spawn(first), second)
            };
            (first.await.expect("nobody aborts it")[8], second.await.is_ok())
        });
        assert_eq!(outcome.result, Ok((1, true)));
        assert_eq!(count.get(), 0);
    }
}

#[test]
fn a_thread_that_ends_drops_what_its_runs_have_left() {
    let run = || {
        let outcome = Run::new().plain().execute(|| async {
            let tasks = [1, 2, 3].map(|task| spawn(async move { vec![task] }));
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.expect("nobody aborts it"));
            }
            all
        });
        outcome.result.expect("it passes")
    };
    let twice = || run().len() + run().len();
    let sums = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(twice));
        threads.map(|thread| thread.join().expect("it returns"))
    });
    assert_eq!(sums, [6, 6]);
}
