//! What is done once, and waiting for others.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use unpick_sim::finding::Kind;
use unpick_sim::{Run, spawn, task, yield_now};
use unpick_tokio::sync::{Barrier, OnceCell, SetError, SetOnce};

use crate::{all, check_always, found};

#[test]
fn one_of_many_initializes_and_all_see_it() {
    check_always(&1, || async {
        let (cell, calls) = (Rc::new(OnceCell::new()), Rc::new(Cell::new(0)));
        all((0..3).map(|_| {
            let (cell, calls) = (cell.clone(), calls.clone());
            async move {
                let initialize = async || {
                    calls.set(calls.get() + 1);
                    yield_now().await;
                    7
                };
                assert_eq!(*cell.get_or_init(initialize).await, 7);
            }
        }))
        .await;
        assert_eq!(cell.get(), Some(&7));
        calls.get()
    });
}

#[test]
fn who_initializes_and_waits_for_who_waits_for_it_is_a_deadlock_that_names_both() {
    let finding = found(|| async {
        let cell = Arc::new(OnceCell::new());
        let waiting = cell.clone();
        let cell = cell.get_or_init(async || {
            let waiter = task().named("waiter");
            let waiter = waiter.spawn(async move { *waiting.get_or_init(async || 1).await });
            waiter.await.expect("it returns")
        });
        cell.await;
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    let ring = "2 tasks wait in a ring: main -> main.1 waiter -> main";
    assert_eq!(finding.message, ring);
}

#[test]
fn an_initializer_that_fails_or_is_dropped_lets_the_next_one_try() {
    check_always(&3, || async {
        let cell = Arc::new(OnceCell::new());
        let (failing, stuck) = (cell.clone(), cell.clone());
        let failing = spawn(async move { failing.get_or_try_init(async || Err(1)).await.copied() });
        let stuck = spawn(async move {
            stuck.get_or_init(async || std::future::pending().await).await;
        });
        yield_now().await;
        stuck.abort();
        let failed = failing.await.expect("it returns");
        let value = *cell.get_or_init(async || 3).await;
        assert!(failed == Err(1) || failed == Ok(3));
        assert_eq!(cell.set(4), Err(SetError::AlreadyInitializedError(4)));
        value
    });
}

#[test]
fn what_is_set_once_is_waited_for() {
    check_always(&6, || async {
        let cell = Rc::new(SetOnce::new());
        let sum = Rc::new(Cell::new(0));
        let tasks = (0..3).map(|_| {
            let (cell, sum) = (cell.clone(), sum.clone());
            async move {
                let value = *cell.wait().await;
                sum.set(sum.get() + value);
            }
        });
        let tasks: Vec<_> = tasks.collect();
        let setter = cell.clone();
        let setter = spawn(async move { setter.set(2) });
        all(tasks).await;
        assert_eq!(setter.await, Ok(Ok(())));
        assert!(cell.set(3).is_err());
        sum.get()
    });
}

#[test]
fn nobody_passes_a_barrier_before_all_have_arrived() {
    check_always(&2, || async {
        let (barrier, arrived) = (Arc::new(Barrier::new(3)), Rc::new(Cell::new(0)));
        let leaders = Rc::new(Cell::new(0));
        all((0..6).map(|_| {
            let (barrier, arrived) = (barrier.clone(), arrived.clone());
            let leaders = leaders.clone();
            async move {
                arrived.set(arrived.get() + 1);
                let result = barrier.wait().await;
                assert!(arrived.get() >= 3);
                leaders.set(leaders.get() + u32::from(result.is_leader()));
            }
        }))
        .await;
        leaders.get()
    });
}

#[test]
fn whoever_waits_at_a_barrier_goes_on_in_the_order_of_arrival() {
    for _ in 0..20 {
        let outcome = Run::new().plain().execute(|| async {
            let barrier = Arc::new(Barrier::new(41));
            let order = Rc::new(std::cell::RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..40)
                .map(|number| {
                    let (barrier, order) = (barrier.clone(), order.clone());
                    spawn(async move {
                        barrier.wait().await;
                        order.borrow_mut().push(number);
                    })
                })
                .collect();
            yield_now().await;
            assert!(barrier.wait().await.is_leader());
            for task in tasks {
                task.await.expect("it returns");
            }
            order.take()
        });
        assert_eq!(outcome.result, Ok((0..40).collect::<Vec<u32>>()));
    }
}
