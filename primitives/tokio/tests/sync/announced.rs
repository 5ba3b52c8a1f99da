//! Every awaitable operation lets other tasks in before it, even if nobody contends for it: under
//! preemptive switching, and only then. No operation gives way for any other reason, however many
//! there are: tokio's budget of a task is not ours.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use unpick_sim::options::Switching;
use unpick_sim::{Run, spawn};
use unpick_tokio::sync::{Mutex, Notify, Semaphore};

/// An operation that is over at once if nobody comes in between.
type Operation = Pin<Box<dyn Future<Output = ()>>>;

/// Whether another task comes in before the operation, in one of many schedules.
fn lets_others_in(switching: Switching, operation: fn() -> Operation) -> bool {
    (0..40).any(|seed| {
        let outcome = Run::new().seed(seed).switching(switching).execute(|| async move {
            let log = Rc::new(RefCell::new(String::new()));
            let (first, second) = (log.clone(), log.clone());
            let one = spawn(async move {
                let operation = operation();
                first.borrow_mut().push('a');
                operation.await;
                first.borrow_mut().push('b');
            });
            let other = spawn(async move { second.borrow_mut().push('-') });
            one.await.expect("it returns");
            other.await.expect("it returns");
            log.take()
        });
        outcome.result.expect("the operation is over at once") == "a-b"
    })
}

macro_rules! announced {
    ($($name:ident: $operation:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let operation: fn() -> Operation = || Box::pin($operation);
                assert!(lets_others_in(Switching::Preemptive, operation));
                assert!(!lets_others_in(Switching::Cooperative, operation));
            }
        )*
    };
}

announced! {
    locking: async { drop(Mutex::new(()).lock().await) };
    locking_owned: async { drop(Arc::new(Mutex::new(())).lock_owned().await) };
    acquiring: async { drop(Semaphore::new(1).acquire().await) };
    acquiring_many: async { drop(Semaphore::new(3).acquire_many(2).await) };
    acquiring_owned: async { drop(Arc::new(Semaphore::new(1)).acquire_owned().await) };
    acquiring_many_owned: async { drop(Arc::new(Semaphore::new(3)).acquire_many_owned(2).await) };
    being_notified: async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notified().await;
    };
    being_notified_owned: async {
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        notify.notified_owned().await;
    };
}

#[test]
fn what_was_enabled_is_not_announced_again() {
    let operation: fn() -> Operation = || {
        Box::pin(async {
            let notify = Notify::new();
            let mut notified = std::pin::pin!(notify.notified());
            notified.as_mut().enable();
            notify.notify_one();
            notified.await;
        })
    };
    assert!(!lets_others_in(Switching::Preemptive, operation));
}

#[test]
fn no_budget_of_tokios_makes_an_operation_give_way() {
    let outcome = Run::new().switching(Switching::Cooperative).execute(|| async {
        let mutex = Mutex::new(0);
        let polls = Rc::new(RefCell::new(0));
        let counted = polls.clone();
        let mut locking = Box::pin(async {
            for _ in 0..1000 {
                *mutex.lock().await += 1;
            }
        });
        std::future::poll_fn(|cx| {
            *counted.borrow_mut() += 1;
            locking.as_mut().poll(cx)
        })
        .await;
        polls.take()
    });
    assert_eq!(outcome.result, Ok(1));
}
