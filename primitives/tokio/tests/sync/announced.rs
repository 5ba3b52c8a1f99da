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
use unpick_tokio::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, SetOnce, broadcast, mpsc, oneshot, watch,
};

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
    reading: async { drop(RwLock::new(()).read().await) };
    reading_owned: async { drop(Arc::new(RwLock::new(())).read_owned().await) };
    writing: async { drop(RwLock::new(()).write().await) };
    writing_owned: async { drop(Arc::new(RwLock::new(())).write_owned().await) };
    waiting_at_a_barrier: async { assert!(Barrier::new(1).wait().await.is_leader()) };
    initializing: async { assert_eq!(*OnceCell::new().get_or_init(async || 1).await, 1) };
    trying_to_initialize: async {
        assert_eq!(OnceCell::<()>::new().get_or_try_init(async || Err(1)).await, Err(1));
    };
    waiting_for_what_is_set: async { assert_eq!(*SetOnce::new_with(Some(1)).wait().await, 1) };
    receiving_one: async {
        let (sender, receiver) = oneshot::channel();
        sender.send(()).expect("somebody receives");
        receiver.await.expect("it was sent");
    };
    seeing_that_one_is_closed: async {
        let (mut sender, receiver) = oneshot::channel::<()>();
        drop(receiver);
        sender.closed().await;
    };
    sending: async {
        let (sender, _receiver) = mpsc::channel(1);
        sender.send(()).await.expect("it is open");
    };
    sending_in_time: async {
        let (sender, _receiver) = mpsc::channel(1);
        sender.send_timeout((), std::time::Duration::from_secs(1)).await.expect("it is open");
    };
    reserving: async {
        let (sender, _receiver) = mpsc::channel::<()>(1);
        drop(sender.reserve().await);
    };
    reserving_many: async {
        let (sender, _receiver) = mpsc::channel::<()>(2);
        drop(sender.reserve_many(2).await);
    };
    reserving_owned: async {
        let (sender, _receiver) = mpsc::channel::<()>(1);
        drop(sender.reserve_owned().await);
    };
    receiving: async {
        let (_, mut receiver) = mpsc::channel::<()>(1);
        assert_eq!(receiver.recv().await, None);
    };
    receiving_many: async {
        let (_, mut receiver) = mpsc::unbounded_channel::<()>();
        assert_eq!(receiver.recv_many(&mut Vec::new(), 1).await, 0);
    };
    polling_for_a_message: async {
        let (_, mut receiver) = mpsc::unbounded_channel::<()>();
        std::future::poll_fn(|cx| receiver.poll_recv(cx)).await;
    };
    seeing_that_it_is_closed: async {
        let (sender, _) = mpsc::unbounded_channel::<()>();
        sender.closed().await;
    };
    receiving_what_all_receive: async {
        let (_, mut receiver) = broadcast::channel::<()>(1);
        drop(receiver.recv().await);
    };
    seeing_that_nobody_receives: async {
        let (sender, _) = broadcast::channel::<()>(1);
        sender.closed().await;
    };
    watching: async {
        let (_, mut receiver) = watch::channel(());
        drop(receiver.changed().await);
    };
    watching_for_a_value: async {
        let (_sender, mut receiver) = watch::channel(1);
        drop(receiver.wait_for(|value| *value == 1).await);
    };
    seeing_that_nobody_watches: async {
        let (sender, _) = watch::channel(());
        sender.closed().await;
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
