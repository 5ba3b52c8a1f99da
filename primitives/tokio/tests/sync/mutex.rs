//! The mutex.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::select;
use unpick_sim::finding::Kind;
use unpick_sim::time::sleep;
use unpick_sim::{Run, Shared, spawn, task, yield_now};
use unpick_tokio::sync::{Mutex, MutexGuard, OwnedMutexGuard};

use crate::{all, check_always, found};

#[test]
fn a_value_under_the_mutex_loses_no_update() {
    check_always(&6, || async {
        let count = Arc::new(Mutex::new(0));
        all((0..3).map(|_| {
            let count = count.clone();
            async move {
                for _ in 0..2 {
                    let mut count = count.lock().await;
                    let seen = *count;
                    yield_now().await;
                    *count = seen + 1;
                }
            }
        }))
        .await;
        *count.lock().await
    });
}

#[test]
fn an_update_between_two_locks_is_lost_in_some_schedule() {
    let counts = (0..60).map(|seed| {
        let outcome = Run::new().seed(seed).execute(|| async {
            let count = Arc::new(Mutex::new(0));
            all((0..2).map(|_| {
                let count = count.clone();
                async move {
                    let seen = *count.lock().await;
                    *count.lock().await = seen + 1;
                }
            }))
            .await;
            *count.lock().await
        });
        outcome.result.expect("nothing is found")
    });
    let counts: Vec<i32> = counts.collect();
    assert!(counts.contains(&1) && counts.contains(&2), "{counts:?}");
}

#[test]
fn mutexes_taken_in_opposite_orders_are_a_deadlock_that_names_owners_and_sites() {
    let finding = found(|| async {
        let (from, to) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(1)));
        let transfer = |from: Arc<Mutex<i32>>, to: Arc<Mutex<i32>>| async move {
            let mut from = from.lock().await;
            let mut to = to.lock_owned().await;
            (*from, *to) = (*from - 1, *to + 1);
        };
        let there = task().named("there").spawn(transfer(from.clone(), to.clone()));
        let back = task().named("back").spawn(transfer(to, from));
        there.await.expect("it returns");
        back.await.expect("it returns");
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    insta::assert_snapshot!("opposite_orders", finding);
}

#[test]
fn a_mapped_guard_holds_the_mutex_until_it_is_dropped() {
    let finding = found(|| async {
        let pair = Mutex::new((1, 2));
        let first = MutexGuard::map(pair.lock().await, |pair| &mut pair.0);
        let _again = pair.lock().await;
        drop(first);
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    assert_eq!(finding.message, "main waits for what it holds itself");
}

#[test]
fn a_mapped_guard_that_is_dropped_holds_nothing() {
    check_always(&(7, 2), || async {
        let pair = Arc::new(Mutex::new((1, 2)));
        let guard = pair.clone().lock_owned().await;
        let guard = OwnedMutexGuard::try_map(guard, |_| None::<&mut i32>).expect_err("none");
        *OwnedMutexGuard::map(guard, |pair| &mut pair.0) = 7;
        *pair.lock().await
    });
}

#[test]
fn a_mutex_that_was_handed_to_a_future_that_was_left_is_a_futurelock() {
    let finding = found(|| async {
        let mutex = Rc::new(Mutex::new(()));
        let other = mutex.clone();
        let other = task().named("other").spawn(async move {
            let _held = other.lock().await;
            sleep(Duration::from_secs(1)).await;
        });
        yield_now().await;
        let mut first = pin!(mutex.lock());
        let patience = pin!(sleep(Duration::from_millis(10)));
        drop(select(first.as_mut(), patience).await);
        let _second = mutex.lock().await;
        drop(first.await);
        other.await.expect("it returns");
    });
    assert_eq!(finding.kind, Kind::Futurelock);
}

#[test]
fn what_a_mutex_orders_is_no_race() {
    check_always(&2, || async {
        let count = Rc::new(Shared::new(0));
        let mutex = Arc::new(Mutex::new(()));
        all((0..2).map(|_| {
            let (count, mutex) = (count.clone(), mutex.clone());
            async move {
                let _held = mutex.lock().await;
                count.set(count.get() + 1);
            }
        }))
        .await;
        count.get()
    });
}

#[test]
fn what_two_mutexes_do_not_order_is_a_race() {
    let finding = found(|| async {
        let count = Rc::new(Shared::new(0));
        all((0..2).map(|_| {
            let (count, mutex) = (count.clone(), Mutex::new(()));
            async move {
                let _held = mutex.lock().await;
                count.set(count.get() + 1);
            }
        }))
        .await;
    });
    assert!(matches!(finding.kind, Kind::Race | Kind::LostUpdate), "{finding}");
}

#[test]
fn cancelled_waiter_passes_the_mutex_on() {
    check_always(&(), || async {
        let mutex = Arc::new(Mutex::new(()));
        let held = mutex.lock().await;
        let waiter = mutex.clone();
        let first = spawn(async move { drop(waiter.lock().await) });
        let waiter = mutex.clone();
        let second = spawn(async move { drop(waiter.lock().await) });
        yield_now().await;
        drop(held);
        first.abort();
        second.await.expect("it returns");
        let _aborted = first.await;
        assert!(mutex.try_lock().is_ok());
    });
}

#[test]
fn who_came_first_gets_the_mutex_first() {
    let outcome = Run::new().plain().execute(|| async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let mutex = Arc::new(Mutex::new(()));
        let held = mutex.lock().await;
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let (order, mutex) = (order.clone(), mutex.clone());
                spawn(async move {
                    let _held = mutex.lock().await;
                    order.borrow_mut().push(number);
                })
            })
            .collect();
        yield_now().await;
        drop(held);
        for task in tasks {
            task.await.expect("it returns");
        }
        order.take()
    });
    assert_eq!(outcome.result, Ok((0..40).collect::<Vec<i32>>()));
}

#[test]
fn a_blocking_lock_that_would_have_to_wait_says_so() {
    let finding = found(|| async {
        let mutex = Mutex::new(1);
        assert_eq!(*mutex.blocking_lock(), 1);
        let _held = mutex.lock().await;
        drop(mutex.blocking_lock());
    });
    assert_eq!(finding.kind, Kind::Panic);
    assert!(finding.message.contains("blocking_lock on a mutex would block"), "{finding}");
}

#[test]
fn a_static_mutex_is_another_object_in_each_run() {
    static COUNT: Mutex<u32> = Mutex::const_new(0);
    for run in 0..5 {
        let outcome = Run::new().execute(|| async {
            let mut count = COUNT.lock().await;
            *count += 1;
            *count
        });
        assert_eq!(outcome.result, Ok(run + 1));
    }
}

#[test]
fn a_mutex_of_a_type_without_a_size_is_locked_like_any() {
    check_always(&6, || async {
        let bytes: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2, 3]));
        let guard = bytes.clone().lock_owned().await;
        let sum = guard.iter().sum::<u8>();
        drop(guard);
        assert!(bytes.lock().now_or_never().is_some() || bytes.try_lock().is_ok());
        sum
    });
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| {
        let outcome = Run::new().seed(seed).traced().execute(|| async {
            let mutex = Arc::new(Mutex::new(0));
            all((0..4).map(|_| {
                let mutex = mutex.clone();
                async move { *mutex.lock().await += 1 }
            }))
            .await;
        });
        outcome.trace.expect("it is traced").to_text()
    };
    assert!((0..20).all(|seed| trace(seed) == trace(seed)));
    assert_ne!(trace(1), trace(2));
}
