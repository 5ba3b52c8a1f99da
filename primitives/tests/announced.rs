//! Every awaitable operation of every primitive lets other tasks in before it, even if nobody
//! contends for it: under preemptive switching, and only then.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use unpick_primitives::{
    Barrier, BoundedSemaphore, CancellationToken, Condition, Event, Future as Promise, Lock,
    Notify, OnceCell, Queue, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use unpick_sim::options::Switching;
use unpick_sim::{Run, spawn};

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
    locking: async { drop(Lock::new(()).lock().await) };
    reading: async { drop(RwLock::new(()).read().await) };
    writing: async { drop(RwLock::new(()).write().await) };
    acquiring_a_permit: async { drop(Semaphore::new(1).acquire().await) };
    acquiring_without_a_guard: async { Semaphore::new(1).acquire_unguarded().await };
    acquiring_a_bounded_permit: async { drop(BoundedSemaphore::new(1).acquire().await) };
    waiting_for_an_event: async {
        let event = Event::new();
        event.set();
        event.wait().await;
    };
    locking_a_condition: async { drop(Condition::new(()).lock().await) };
    arriving_at_a_barrier: async { Barrier::new(1).wait().await.map(drop).expect("whole") };
    putting: async { Queue::new(1).put(()).await.expect("open") };
    getting: async {
        let queue = Queue::new(1);
        queue.put_nowait(()).expect("room");
        queue.get().await.expect("open");
    };
    joining_a_queue: async { Queue::<()>::new(1).join().await };
    waiting_for_a_future: async {
        let future = Promise::<()>::new();
        future.set_result(()).expect("pending");
        future.wait().await.expect("resolved");
    };
    being_notified: async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notified().await;
    };
    initialising_a_cell: async {
        OnceCell::new().get_or_init(|| async {}).await;
    };
    receiving_the_one_value: async {
        let (sender, receiver) = oneshot::channel();
        sender.send(()).expect("open");
        receiver.await.expect("sent");
    };
    sending: async {
        let (sender, _receiver) = mpsc::channel(1);
        sender.send(()).await.expect("open");
    };
    reserving: async {
        let (sender, _receiver) = mpsc::channel::<()>(1);
        drop(sender.reserve().await.expect("open"));
    };
    receiving: async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(()).expect("room");
        receiver.recv().await.expect("sent");
    };
    receiving_without_a_bound: async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(()).expect("open");
        receiver.recv().await.expect("sent");
    };
    receiving_what_is_broadcast: async {
        let (sender, mut receiver) = broadcast::channel(1);
        sender.send(()).expect("somebody listens");
        receiver.recv().await.expect("sent");
    };
    noticing_a_change: async {
        let (sender, mut receiver) = watch::channel(1);
        sender.send(2).expect("somebody watches");
        receiver.changed().await.expect("open");
    };
    noticing_a_cancellation: async {
        let token = CancellationToken::new();
        token.cancel();
        token.cancelled().await;
    };
}
