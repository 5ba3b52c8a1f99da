//! Owned guards: what they borrow from lives as long as they do, outside of runs, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use unpick_tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

/// Counts how often it is dropped.
struct Counted<'a>(&'a AtomicU32, u32);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn an_owned_guard_keeps_its_mutex_alive() {
    let drops = AtomicU32::new(0);
    // The value borrows, so that no part of the guard can be `'static`.
    let mutex = Arc::new(Mutex::new(Counted(&drops, 1)));
    let mut guard = block_on(mutex.lock_owned());
    guard.1 += 1;
    assert_eq!((guard.1, drops.load(Ordering::SeqCst)), (2, 0));
    drop(guard);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_part_of_an_owned_guard_keeps_all_of_it() {
    let drops = AtomicU32::new(0);
    let mutex = Arc::new(Mutex::new([Counted(&drops, 1), Counted(&drops, 2)]));
    let guard = block_on(mutex.clone().lock_owned());
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    drop(mutex);
    let guard = OwnedMutexGuard::map(guard, |pair| &mut pair[1]);
    let guard = OwnedMappedMutexGuard::try_map(guard, |_| None::<&mut u32>).expect_err("none");
    let mut guard = OwnedMappedMutexGuard::map(guard, |counted| &mut counted.1);
    *guard += 5;
    assert_eq!((*guard, drops.load(Ordering::SeqCst)), (7, 0));
    drop(guard);
    assert_eq!(drops.load(Ordering::SeqCst), 2);
}

#[test]
fn a_guard_is_given_up_when_its_map_panics() {
    let mutex = Arc::new(Mutex::new(1));
    let guard = mutex.clone().try_lock_owned().expect("it is free");
    let mapped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        OwnedMutexGuard::map(guard, |_| -> &mut u32 { std::panic::resume_unwind(Box::new(())) })
    }));
    assert!(mapped.is_err());
    assert_eq!(*mutex.try_lock().expect("it is free again"), 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is about other threads")]
fn an_owned_guard_moves_to_another_thread() {
    let mutex = Arc::new(Mutex::new(String::from("a")));
    let mut guard = block_on(mutex.clone().lock_owned());
    let sent = std::thread::spawn(move || guard.push('b'));
    sent.join().expect("it does not panic");
    assert_eq!(*mutex.try_lock().expect("it is free"), "ab");
}
