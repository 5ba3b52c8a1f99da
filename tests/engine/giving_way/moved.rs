//! Operations that are polled by one task first and by another later.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use futures::channel::oneshot;
use futures::task::{ArcWake, waker};
use unpick::sim::finding::Kind;
use unpick::sim::{Run, spawn, step, yield_now};

use super::{Scripted, ok};
use crate::support::probed::Lock;
use crate::{COOPERATIVE, PREEMPTIVE, all_outcomes, finding_of};

#[test]
fn an_announced_operation_that_moves_to_another_task_is_executed_there() {
    let program = || async {
        let (sender, receiver) = oneshot::channel();
        let finisher = spawn(async move {
            let moved: std::pin::Pin<Box<unpick::sim::Step>> = receiver.await.expect("it is sent");
            moved.await;
        });
        spawn(async { yield_now().await });
        let mut moving = Box::pin(step());
        let polled = poll_fn(|cx| Poll::Ready(moving.as_mut().poll(cx))).await;
        if polled.is_pending() && sender.send(moving).is_err() {
            panic!("the other task waits for it");
        }
        if polled.is_pending() {
            finisher.await.expect("it returns");
        }
        polled.is_pending()
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok([false, true]));
}

#[test]
fn a_blocked_operation_that_moves_to_another_task_is_woken_there() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcomes = all_outcomes(mode, || async {
            let lock = Rc::new(Lock::new());
            let guard = lock.acquire().await;
            let mut moving = Box::pin(lock.acquire());
            let polled = poll_fn(|cx| Poll::Ready(moving.as_mut().poll(cx))).await;
            assert!(polled.is_pending(), "the lock is taken");
            let finisher = spawn(async move {
                drop(moving.await);
            });
            yield_now().await;
            drop(guard);
            finisher.await.expect("it returns");
        });
        assert_eq!(outcomes, ok([()]));
    }
}

#[test]
fn a_deadlock_names_the_task_that_polled_an_operation_last() {
    let outcome = Run::new().plain().execute(|| async {
        let lock = Rc::new(Lock::named("moved"));
        let _guard = lock.acquire().await;
        let mut moving = Box::pin(lock.acquire());
        let polled = poll_fn(|cx| Poll::Ready(moving.as_mut().poll(cx))).await;
        assert!(polled.is_pending(), "the lock is taken");
        let kept = Rc::new(RefCell::new(None));
        let inside = Rc::clone(&kept);
        let waits = spawn(async move {
            *inside.borrow_mut() = Some(moving.await);
        });
        waits.await.expect("it never returns");
    });
    let finding = finding_of(outcome, Kind::Deadlock);
    let waits = finding.blocked.iter().map(|blocked| blocked.waits[0].operation);
    assert_eq!(waits.collect::<Vec<_>>(), ["join", "acquire"], "{finding}");
    let wait = &finding.blocked[1].waits[0];
    assert_eq!(wait.object.as_deref(), Some("lock moved"));
    assert_eq!(wait.holders[0].task, "main");
}

/// Counts its calls, and passes them on.
struct Counter {
    calls: AtomicU32,
    task: Waker,
}

impl ArcWake for Counter {
    fn wake_by_ref(counter: &Arc<Counter>) {
        counter.calls.fetch_add(1, Ordering::Relaxed);
        counter.task.wake_by_ref();
    }
}

/// As when a combinator hands a future to another one of the same task.
#[test]
fn a_grant_wakes_the_waker_that_an_operation_was_polled_with_last() {
    let outcome = Run::new().strategy(Scripted::new(&[1])).execute(|| async {
        spawn(async {});
        let mut stepping = Box::pin(step());
        let mut counters: Vec<Arc<Counter>> = Vec::new();
        poll_fn(|cx| {
            if counters.is_empty() {
                counters.extend((0..3).map(|_| {
                    let task = cx.waker().clone();
                    Arc::new(Counter { calls: AtomicU32::new(0), task })
                }));
                for counter in &counters {
                    let waker = waker(Arc::clone(counter));
                    let polled = stepping.as_mut().poll(&mut Context::from_waker(&waker));
                    assert!(polled.is_pending(), "another task was decided to come first");
                }
                return Poll::Pending;
            }
            stepping.as_mut().poll(cx)
        })
        .await;
        let calls = counters.iter().map(|counter| counter.calls.load(Ordering::Relaxed));
        calls.collect::<Vec<_>>()
    });
    assert_eq!(outcome.result, Ok(vec![0, 0, 1]));
}
