//! Conditions.

use std::sync::Arc;

use unpick_primitives::{Condition, Lock};

use crate::hand::{ready, waiting};

#[test]
fn waiting_releases_the_lock_and_takes_it_again() {
    let condition = Condition::new(());
    let mut waiter = waiting(condition.wait(ready(condition.lock())));
    assert!(!condition.locked());
    let guard = ready(condition.lock());
    condition.notify(1);
    assert_eq!(waiter.wakes(), 1);
    waiter.assert_pending();
    drop(guard);
    assert_eq!(waiter.wakes(), 2);
    let guard = waiter.assert_ready();
    assert!(condition.locked());
    drop(guard);
}

#[test]
fn notifications_go_to_those_who_have_waited_longest() {
    let condition = Condition::new(());
    let waiters: Vec<_> =
        (0..3).map(|_| waiting(condition.wait(ready(condition.lock())))).collect();
    let guard = ready(condition.lock());
    condition.notify(2);
    assert_eq!(waiters.iter().map(|waiter| waiter.wakes()).collect::<Vec<_>>(), [1, 1, 0]);
    drop(guard);
}

#[test]
fn cancelled_notified_waiter_passes_the_notification_on() {
    let condition = Condition::new(());
    let first = waiting(condition.wait(ready(condition.lock())));
    let mut second = waiting(condition.wait(ready(condition.lock())));
    let guard = ready(condition.lock());
    condition.notify(1);
    drop(guard);
    drop(first);
    assert_eq!(second.wakes(), 1);
    drop(second.assert_ready());
}

#[test]
fn waiter_cancelled_while_it_takes_the_lock_again_passes_the_notification_on() {
    let condition = Condition::new(());
    let mut first = waiting(condition.wait(ready(condition.lock())));
    let mut second = waiting(condition.wait(ready(condition.lock())));
    let guard = ready(condition.lock());
    condition.notify(1);
    first.assert_pending();
    drop(first);
    assert_eq!(second.wakes(), 1);
    drop(guard);
    drop(second.assert_ready());
    assert!(!condition.locked());
}

#[test]
fn cancelled_waiter_notifies_the_next_even_if_it_was_not_notified() {
    let condition = Condition::new(());
    let first = waiting(condition.wait(ready(condition.lock())));
    let mut second = waiting(condition.wait(ready(condition.lock())));
    let third = waiting(condition.wait(ready(condition.lock())));
    drop(first);
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
    drop(second.assert_ready());
}

#[test]
fn wait_that_was_never_polled_notifies_nobody() {
    let condition = Condition::new(());
    let first = waiting(condition.wait(ready(condition.lock())));
    drop(condition.wait(ready(condition.lock())));
    assert_eq!(first.wakes(), 0);
    assert!(!condition.locked());
}

#[test]
fn wait_that_has_returned_notifies_nobody() {
    let condition = Condition::new(());
    let mut first = waiting(condition.wait(ready(condition.lock())));
    let second = waiting(condition.wait(ready(condition.lock())));
    let guard = ready(condition.lock());
    condition.notify(1);
    drop(guard);
    drop(first.assert_ready());
    drop(first);
    assert_eq!(second.wakes(), 0);
}

#[test]
fn a_notification_without_waiters_is_lost() {
    let condition = Condition::new(());
    let guard = ready(condition.lock());
    condition.notify_all();
    waiting(condition.wait(guard));
}

#[test]
fn conditions_share_a_lock() {
    let lock = Arc::new(Lock::new(0));
    let (not_empty, not_full) = (Condition::over(lock.clone()), Condition::over(lock.clone()));
    let mut waiter = waiting(not_empty.wait(ready(not_full.lock())));
    let guard = ready(lock.lock());
    not_full.notify_all();
    assert_eq!(waiter.wakes(), 0);
    not_empty.notify_all();
    drop(guard);
    drop(waiter.assert_ready());
}

#[test]
#[should_panic(expected = "was notified, but nobody holds its lock")]
fn notifying_without_the_lock_is_refused() {
    Condition::new(()).notify(1);
}

#[test]
#[should_panic(expected = "allowed: a guard of its own lock")]
fn waiting_with_a_guard_of_another_lock_is_refused() {
    let (condition, other) = (Condition::new(()), Lock::new(()));
    drop(condition.wait(ready(other.lock())));
}

#[test]
fn debug_is_in_asyncios_manner() {
    let condition = Condition::new(()).named("ready");
    let waiter = waiting(condition.wait(ready(condition.lock())));
    assert_eq!(format!("{condition:?}"), "<Condition ready [unlocked, waiters:1]>");
    drop(waiter);
}
