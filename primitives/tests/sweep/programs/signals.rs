//! Events, barriers, futures and notifications.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use unpick_primitives::{Barrier, Event, Future, Notify};
use unpick_sim::time::sleep;
use unpick_sim::{spawn, yield_now};

use crate::sweep;
use crate::victim::all;

#[test]
fn an_event_wakes_whoever_is_left() {
    sweep(3, |victim| async move {
        let event = Rc::new(Event::new());
        let waiters = (0..3).map(|number| {
            let event = event.clone();
            victim.spawn(number, async move { event.wait().await })
        });
        let waiters: Vec<_> = waiters.collect();
        yield_now().await;
        event.set();
        event.clear();
        event.set();
        all(waiters).await;
    });
}

/// A waiter that was cancelled is replaced by another one.
#[test]
fn a_barrier_counts_whoever_is_left() {
    sweep(2, |victim| async move {
        let barrier = Rc::new(Barrier::new(2));
        let waiters = (0..2).map(|number| {
            let barrier = barrier.clone();
            victim.spawn(number, async move {
                let _ = barrier.wait().await;
            })
        });
        let waiters: Vec<_> = waiters.collect();
        while waiters.iter().any(|waiter| !waiter.is_finished()) {
            sleep(Duration::from_millis(1)).await;
            if barrier.n_waiting() == 1 {
                let substitute = barrier.clone();
                drop(spawn(async move {
                    let _ = substitute.wait().await;
                }));
            }
        }
        all(waiters).await;
        assert!(!barrier.broken(), "{barrier:?}");
    });
}

#[test]
fn a_future_is_as_it_was_for_whoever_is_left() {
    sweep(3, |victim| async move {
        let future = Rc::new(Future::<u32, String>::new());
        let waiters = (0..3).map(|number| {
            let future = future.clone();
            victim.spawn(number, async move { assert_eq!(future.wait().await, Ok(7)) })
        });
        let waiters: Vec<_> = waiters.collect();
        yield_now().await;
        assert!(!future.done(), "a cancelled waiter leaves it alone: {future:?}");
        future.set_result(7).expect("it was pending");
        all(waiters).await;
    });
}

/// Three notifications for three waiters, all of them registered; one that is cancelled passes
/// its own on, or leaves it behind for the next who comes.
#[test]
fn a_notification_reaches_a_waiter_that_is_left() {
    sweep(3, |victim| async move {
        let notify = Rc::new(Notify::new());
        let registered = Rc::new(Cell::new(0));
        let waiters = (0..3).map(|number| {
            let (notify, registered) = (notify.clone(), registered.clone());
            victim.spawn(number, async move {
                let mut notified = pin!(notify.notified());
                notified.as_mut().enable();
                registered.set(registered.get() + 1);
                notified.await;
            })
        });
        let waiters: Vec<_> = waiters.collect();
        while registered.get() < 3 {
            yield_now().await;
        }
        for _ in 0..3 {
            notify.notify_one();
        }
        all(waiters).await;
    });
}
