//! The queue on its own.

use super::*;
use crate::probe::{Access, Operation};
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

fn wakeup() -> Wakeup {
    let operation = Operation::new("wait", Access::Read, Location::caller());
    Wakeup::nobody(&operation)
}

#[test]
fn waiters_are_granted_in_the_order_in_which_they_came() {
    let mut waiters = Waiters::<u32>::new();
    let keys: Vec<Key> = (0..4).map(|_| waiters.push(wakeup(), ())).collect();
    for number in 0..4 {
        assert!(waiters.grant_first(number).is_ok());
    }
    assert!(matches!(waiters.grant_first(4), Err(4)));
    let taken: Vec<Option<u32>> = keys.iter().map(|key| waiters.take_granted(key)).collect();
    assert_eq!(taken, [Some(0), Some(1), Some(2), Some(3)]);
    assert!(waiters.is_idle());
}

#[test]
fn a_removed_waiter_leaves_the_order_of_the_others() {
    for removed in 0..3 {
        let mut waiters = Waiters::<u32>::new();
        let mut keys: Vec<Key> = (0..3).map(|_| waiters.push(wakeup(), ())).collect();
        assert!(matches!(waiters.remove(keys.remove(removed)), Removed::Waiting(_)));
        assert_eq!(waiters.len(), 2);
        assert!(waiters.grant_first(1).is_ok());
        assert!(waiters.grant_last(2).is_ok());
        assert_eq!(waiters.take_granted(&keys[0]), Some(1));
        assert_eq!(waiters.take_granted(&keys[1]), Some(2));
    }
}

#[test]
fn what_was_granted_and_not_taken_comes_back() {
    let mut waiters = Waiters::<u32>::new();
    let key = waiters.push(wakeup(), ());
    assert!(waiters.take_granted(&key).is_none());
    assert!(waiters.grant_first(7).is_ok());
    assert!(!waiters.is_idle());
    assert!(matches!(waiters.remove(key), Removed::Granted(7)));
    assert!(waiters.is_idle());
}

#[test]
fn slots_are_used_again() {
    let mut waiters = Waiters::<()>::new();
    for _ in 0..10 {
        let keys: Vec<Key> = (0..SLOTS_MIN).map(|_| waiters.push(wakeup(), ())).collect();
        for key in keys {
            waiters.remove(key);
        }
    }
    assert_eq!(waiters.slots.len(), SLOTS_MIN);
}

#[test]
fn only_as_many_are_granted_as_were_asked_for() {
    let mut waiters = Waiters::<()>::new();
    let _keys: Vec<Key> = (0..5).map(|_| waiters.push(wakeup(), ())).collect();
    assert_eq!(waiters.grant_up_to(3, ()).len(), 3);
    assert_eq!(waiters.len(), 2);
    assert_eq!(waiters.grant_all(()).len(), 2);
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    struct Counts(AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            let number = self.0.fetch_add(1, Ordering::SeqCst);
            assert!(number != 1, "the second waker panics");
        }
    }
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let mut wakeups = Wakeups::none();
    for _ in 0..5 {
        let mut operation = Operation::new("wait", Access::Read, Location::caller());
        let waker = Waker::from(counts.clone());
        wakeups.push(operation.park(None, &mut Context::from_waker(&waker)));
    }
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wakeups.wake()));
    assert!(panicked.is_err());
    assert_eq!(counts.0.load(Ordering::SeqCst), 5);
}
