//! Notifications.

use unpick_primitives::Notify;

use crate::hand::waiting;

#[test]
fn cancelled_waiter_that_was_notified_first_passes_it_on_to_the_first() {
    let notify = Notify::new();
    let [first, second, third] = [(); 3].map(|()| waiting(notify.notified()));
    notify.notify_one();
    drop(first);
    assert_eq!((second.wakes(), third.wakes()), (1, 0));
}

#[test]
fn cancelled_waiter_that_was_notified_last_passes_it_on_to_the_last() {
    let notify = Notify::new();
    let [first, second, third] = [(); 3].map(|()| waiting(notify.notified()));
    notify.notify_last();
    drop(third);
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
}

#[test]
fn cancelled_waiter_that_was_notified_with_all_passes_nothing_on() {
    let notify = Notify::new();
    let first = waiting(notify.notified());
    notify.notify_waiters();
    let second = waiting(notify.notified());
    drop(first);
    assert_eq!(second.wakes(), 0);
}

#[test]
fn whoever_was_notified_returns_at_once_whenever_it_is_polled_again() {
    let notify = Notify::new();
    let mut notified = waiting(notify.notified());
    notify.notify_one();
    notified.assert_ready();
    notified.assert_ready();
    notify.notify_one();
    notified.assert_ready();
    drop(notified);
    assert_eq!(format!("{notify:?}"), "<Notify [stored]>", "it takes no other, and passes none on");
}

#[test]
fn what_was_stored_is_gone_once_somebody_who_enabled_has_taken_it() {
    let notify = Notify::new();
    notify.notify_one();
    {
        let mut notified = std::pin::pin!(notify.notified());
        assert!(notified.as_mut().enable());
    }
    drop(waiting(notify.notified()));
}
