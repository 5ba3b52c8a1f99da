//! Notifications.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use futures::executor::block_on;
use unpick_sim::finding::Kind;
use unpick_sim::{spawn, task, yield_now};
use unpick_tokio::sync::Notify;

use crate::{all, check_always, found};

#[test]
fn a_notification_before_anybody_waits_is_a_lost_wakeup() {
    let finding = found(|| async {
        let ready = Rc::new(Notify::new());
        let early = ready.clone();
        let producer = task().named("producer").spawn(async move { early.notify_waiters() });
        producer.await.expect("it returns");
        ready.notified().await;
    });
    assert_eq!(finding.kind, Kind::LostWakeup);
    insta::assert_snapshot!("notified_too_early", finding);
}

#[test]
fn a_notification_that_is_stored_is_not_lost() {
    check_always(&(), || async {
        let ready = Rc::new(Notify::new());
        let early = ready.clone();
        spawn(async move { early.notify_one() }).await.expect("it returns");
        ready.notified().await;
    });
}

#[test]
fn what_was_enabled_is_notified_before_it_is_polled() {
    check_always(&true, || async {
        let notify = Notify::new();
        let mut notified = pin!(notify.notified());
        assert!(!notified.as_mut().enable());
        notify.notify_one();
        // Not stored: it went to the one that waits.
        let stored = futures::FutureExt::now_or_never(notify.notified()).is_some();
        let enabled = notified.as_mut().enable();
        notified.await;
        enabled && !stored
    });
}

#[test]
fn everybody_who_waits_is_notified() {
    check_always(&3, || async {
        let notify = Arc::new(Notify::new());
        let woken = Rc::new(Cell::new(0));
        let futures = (0..3).map(|_| {
            let (notified, woken) = (notify.clone().notified_owned(), woken.clone());
            async move {
                notified.await;
                woken.set(woken.get() + 1);
            }
        });
        let futures: Vec<_> = futures.collect();
        let other = notify.clone();
        let notifier = spawn(async move { other.notify_waiters() });
        all(futures).await;
        notifier.await.expect("it returns");
        woken.get()
    });
}

#[test]
fn cancelled_waiter_passes_the_notification_on() {
    check_always(&(), || async {
        let notify = Arc::new(Notify::new());
        let (first, second) = (notify.clone(), notify.clone());
        let first = spawn(async move { first.notified().await });
        let second = spawn(async move { second.notified_owned().await });
        yield_now().await;
        notify.notify_one();
        first.abort();
        if first.await.is_ok() {
            notify.notify_one();
        }
        second.await.expect("it returns");
    });
}

#[test]
fn a_future_that_keeps_its_notify_alive_needs_nobody_else() {
    let notify = Arc::new(Notify::new());
    let notified = notify.clone().notified_owned();
    let mut other = Box::pin(notify.clone().notified_owned());
    assert!(!other.as_mut().enable());
    notify.notify_waiters();
    drop(notify);
    assert!(format!("{notified:?}").starts_with("OwnedNotified"));
    block_on(notified);
    block_on(other);
}
