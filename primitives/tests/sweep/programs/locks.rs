//! Locks, read-write locks and semaphores.

use std::rc::Rc;
use std::time::Duration;

use unpick_primitives::{BoundedSemaphore, Lock, RwLock, Semaphore};
use unpick_sim::time::sleep;
use unpick_sim::yield_now;

use crate::sweep;
use crate::victim::all;

#[test]
fn a_lock_is_free_in_the_end() {
    sweep(4, |victim| async move {
        let lock = Rc::new(Lock::new(0_u32));
        let tasks = (0..4).map(|number| {
            let lock = lock.clone();
            victim.spawn(number, async move {
                for _ in 0..2 {
                    let mut held = lock.lock().await;
                    *held += 1;
                    let seen = *held;
                    yield_now().await;
                    assert_eq!(*held, seen, "somebody else was inside");
                }
            })
        });
        all(tasks.collect()).await;
        assert!(!lock.locked(), "{lock:?}");
        *lock.lock().await += 1;
    });
}

#[test]
fn a_read_write_lock_is_free_in_the_end() {
    sweep(5, |victim| async move {
        let lock = Rc::new(RwLock::new(0_u32));
        let tasks = (0..5).map(|number| {
            let lock = lock.clone();
            victim.spawn(number, async move {
                if number % 2 == 0 {
                    let read = lock.read().await;
                    let seen = *read;
                    yield_now().await;
                    assert_eq!(*read, seen, "somebody wrote beside a reader");
                } else {
                    let mut written = lock.write().await;
                    *written += 1;
                    let seen = *written;
                    yield_now().await;
                    assert_eq!(*written, seen, "somebody wrote beside a writer");
                }
            })
        });
        all(tasks.collect()).await;
        assert!(lock.try_write().is_ok(), "{lock:?}");
    });
}

#[test]
fn every_permit_of_a_semaphore_is_back_in_the_end() {
    sweep(5, |victim| async move {
        let semaphore = Rc::new(Semaphore::new(2));
        let tasks = (0..5).map(|number| {
            let semaphore = semaphore.clone();
            victim.spawn(number, async move {
                for _ in 0..2 {
                    let _permit = semaphore.acquire().await;
                    yield_now().await;
                }
            })
        });
        all(tasks.collect()).await;
        let first = semaphore.try_acquire().expect("two permits are back");
        let second = semaphore.try_acquire().expect("two permits are back");
        assert!(semaphore.try_acquire().is_err(), "a permit was gained: {semaphore:?}");
        drop((first, second));
    });
}

#[test]
fn every_permit_of_a_bounded_semaphore_is_back_in_the_end() {
    sweep(4, |victim| async move {
        let semaphore = Rc::new(BoundedSemaphore::new(1));
        let tasks = (0..4).map(|number| {
            let semaphore = semaphore.clone();
            victim.spawn(number, async move {
                let _permit = semaphore.acquire().await;
                sleep(Duration::from_millis(u64::from(number))).await;
            })
        });
        all(tasks.collect()).await;
        assert!(semaphore.release().is_err(), "the permit is not back: {semaphore:?}");
    });
}
