//! The read-write lock.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use unpick_sim::finding::Kind;
use unpick_sim::{spawn, task, yield_now};
use unpick_tokio::sync::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

use crate::{all, check_always, found};

#[test]
fn readers_read_together_and_writers_write_alone() {
    check_always(&4, || async {
        let lock = Arc::new(RwLock::new(0));
        let readers = Rc::new(Cell::new(0));
        all((0..6).map(|number| {
            let (lock, readers) = (lock.clone(), readers.clone());
            async move {
                if number % 3 == 0 {
                    readers.set(readers.get() + 1);
                    let seen = lock.read().await;
                    let before = *seen;
                    yield_now().await;
                    assert_eq!(*seen, before);
                } else {
                    let mut value = lock.write().await;
                    let seen = *value;
                    yield_now().await;
                    *value = seen + 1;
                }
            }
        }))
        .await;
        *lock.read().await
    });
}

#[test]
fn two_readers_that_both_want_to_write_are_a_deadlock() {
    let finding = found(|| async {
        let lock = Arc::new(RwLock::new(0));
        let upgrade = |lock: Arc<RwLock<i32>>| async move {
            let seen = lock.read().await;
            *lock.clone().write_owned().await = *seen + 1;
        };
        let one = task().named("one").spawn(upgrade(lock.clone()));
        let two = task().named("two").spawn(upgrade(lock));
        one.await.expect("it returns");
        two.await.expect("it returns");
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    insta::assert_snapshot!("two_readers_that_want_to_write", finding);
}

#[test]
fn a_writer_that_downgrades_lets_readers_in_and_no_writer() {
    check_always(&(2, true), || async {
        let lock = Arc::new(RwLock::new(1));
        let mut guard = lock.write().await;
        let other = lock.clone();
        let other = spawn(async move { *other.read().await });
        yield_now().await;
        *guard += 1;
        let guard = guard.downgrade();
        let seen = other.await.expect("it returns");
        let is_refused = lock.try_write().is_err();
        drop(guard);
        assert!(lock.try_write().is_ok());
        (seen, is_refused)
    });
}

#[test]
fn guards_of_parts_keep_the_lock() {
    check_always(&(), || async {
        let lock = Arc::new(RwLock::new((1, 2)));
        let whole = lock.clone().write_owned().await;
        let mut part = OwnedRwLockWriteGuard::map(whole, |pair| &mut pair.0);
        *part = 5;
        assert!(lock.try_read().is_err());
        drop(part);
        let whole = OwnedRwLockWriteGuard::downgrade(lock.clone().write_owned().await);
        let part = OwnedRwLockReadGuard::map(whole, |pair| &pair.0);
        assert_eq!(*part, 5);
        let whole = lock.read().await;
        let whole = RwLockReadGuard::try_map(whole, |_| None::<&i32>).expect_err("none");
        assert_eq!(*RwLockReadGuard::map(whole, |pair| &pair.1), 2);
        assert!(lock.try_write().is_err());
        drop(part);
        let whole = lock.write().await;
        let whole = RwLockWriteGuard::try_downgrade_map(whole, |_| None::<&i32>).expect_err("none");
        assert!(lock.try_read().is_err());
        let part = RwLockWriteGuard::downgrade_map(whole, |pair| &pair.1);
        assert_eq!((*part, lock.try_read().is_ok()), (2, true));
    });
}
