//! Locks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use unpick_primitives::Lock;
use unpick_primitives::task::{spawn, yield_now};
use unpick_sim::Run;
use unpick_sim::options::Switching;

use crate::hand::{Hand, check_always, ready, waiting};

#[test]
fn a_release_hands_the_lock_to_the_first_waiter_alone() {
    let lock = Lock::new(0);
    let guard = ready(lock.lock());
    let mut first = waiting(lock.lock());
    let mut second = waiting(lock.lock());
    drop(guard);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    second.assert_pending();
    let guard = first.assert_ready();
    drop(guard);
    assert_eq!(second.wakes(), 1);
    drop(second.assert_ready());
    assert!(!lock.locked());
}

#[test]
fn a_newcomer_does_not_overtake_who_was_handed_the_lock() {
    let lock = Lock::new(());
    let guard = ready(lock.lock());
    let mut first = waiting(lock.lock());
    drop(guard);
    assert!(lock.locked());
    assert!(lock.try_lock().is_err());
    let mut newcomer = waiting(lock.lock());
    drop(first.assert_ready());
    drop(newcomer.assert_ready());
}

#[test]
fn cancelled_waiter_passes_the_lock_on() {
    let lock = Lock::new(());
    let guard = ready(lock.lock());
    let first = waiting(lock.lock());
    let mut second = waiting(lock.lock());
    drop(guard);
    drop(first);
    assert_eq!(second.wakes(), 1);
    drop(second.assert_ready());
    assert!(!lock.locked());
}

#[test]
fn cancelled_last_waiter_leaves_the_lock_free() {
    let lock = Lock::new(());
    let guard = ready(lock.lock());
    let first = waiting(lock.lock());
    drop(guard);
    drop(first);
    assert!(lock.try_lock().is_ok());
}

#[test]
fn cancelled_waiter_in_the_middle_leaves_the_others_in_order() {
    let lock = Lock::new(());
    let guard = ready(lock.lock());
    let mut first = waiting(lock.lock());
    let second = waiting(lock.lock());
    let mut third = waiting(lock.lock());
    drop(second);
    drop(guard);
    drop(first.assert_ready());
    drop(third.assert_ready());
}

#[test]
fn only_the_last_waker_is_woken() {
    let lock = Lock::new(());
    let guard = ready(lock.lock());
    let mut acquire = Box::pin(lock.lock());
    let early = Hand::new(std::future::ready(()));
    let late = Hand::new(std::future::ready(()));
    for hand in [&early, &late] {
        assert!(hand.poll_other(acquire.as_mut()).is_pending());
    }
    drop(guard);
    assert_eq!((early.wakes(), late.wakes()), (0, 1));
}

#[test]
fn a_panic_under_the_lock_does_not_poison_it() {
    let lock = Lock::new(1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = lock.try_lock();
        panic!("under the lock");
    }));
    assert!(panicked.is_err());
    assert_eq!(lock.try_lock().map(|guard| *guard).ok(), Some(1));
}

#[test]
#[should_panic(expected = "a future was polled after it had returned")]
fn polling_after_the_end_is_refused() {
    let lock = Lock::new(());
    let mut acquire = Hand::new(lock.lock());
    drop(acquire.assert_ready());
    let _ = acquire.poll();
}

#[test]
fn debug_is_in_asyncios_manner() {
    let lock = Lock::new(()).named("db");
    assert_eq!(format!("{lock:?}"), "<Lock db [unlocked]>");
    let guard = ready(lock.lock());
    assert_eq!(format!("{lock:?}"), "<Lock db [locked]>");
    let first = waiting(lock.lock());
    let second = waiting(lock.lock());
    assert_eq!(format!("{lock:?}"), "<Lock db [locked, waiters:2]>");
    drop((guard, first, second));
    assert_eq!(format!("{:?}", Lock::new(())), "<Lock [unlocked]>");
}

#[test]
fn an_update_under_the_lock_is_never_lost() {
    check_always(&20, || async {
        let lock = Rc::new(Lock::new(0));
        let add = |lock: Rc<Lock<i32>>| async move {
            for _ in 0..5 {
                let mut guard = lock.lock().await;
                let seen = *guard;
                yield_now().await;
                *guard = seen + 1;
            }
        };
        let tasks: Vec<_> = (0..4).map(|_| spawn(add(lock.clone()))).collect();
        for task in tasks {
            task.await.expect("it returns");
        }
        *lock.lock().await
    });
}

#[test]
fn waiters_get_the_lock_in_the_order_in_which_they_blocked() {
    for seed in 0..200 {
        let run = Run::new().seed(seed).switching(Switching::Cooperative);
        let outcome = run.execute(|| async {
            let lock = Rc::new(Lock::new(()));
            let (asked, got) = (Rc::new(RefCell::new(vec![])), Rc::new(RefCell::new(vec![])));
            let guard = lock.lock().await;
            let tasks: Vec<_> = (0..5)
                .map(|number| {
                    let (lock, asked, got) = (lock.clone(), asked.clone(), got.clone());
                    spawn(async move {
                        asked.borrow_mut().push(number);
                        let _guard = lock.lock().await;
                        got.borrow_mut().push(number);
                    })
                })
                .collect();
            while asked.borrow().len() < 5 {
                yield_now().await;
            }
            drop(guard);
            for task in tasks {
                task.await.expect("it returns");
            }
            assert_eq!(*asked.borrow(), *got.borrow());
        });
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
    }
}

#[test]
fn an_aborted_waiter_never_takes_the_lock_with_it() {
    check_always(&true, || async {
        let lock = Rc::new(Lock::new(()));
        let held = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (lock, held) = (lock.clone(), held.clone());
                spawn(async move {
                    let _guard = lock.lock().await;
                    held.set(held.get() + 1);
                    assert_eq!(held.get(), 1);
                    held.set(0);
                    yield_now().await;
                })
            })
            .collect();
        yield_now().await;
        tasks[1].abort();
        tasks[2].abort();
        for task in tasks {
            let _ended = task.await;
        }
        lock.try_lock().is_ok()
    });
}

#[test]
fn an_owned_guard_hands_over_as_any_other() {
    let lock = Arc::new(Lock::new(0));
    let mut first = ready(lock.clone().lock_owned());
    let cancelled = waiting(lock.clone().lock_owned());
    let mut second = waiting(lock.lock());
    *first += 1;
    drop(first);
    drop(cancelled);
    assert_eq!(*second.assert_ready(), 1);
}

#[test]
fn a_guard_shows_the_value() {
    let lock = Lock::from(1.5);
    assert_eq!(format!("{:.2}", lock.try_lock().expect("it is free")), "1.50");
}
