//! Programs with a bug each, over whatever family of primitives stands around this module.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::select;
use unpick_sim::{spawn, task, yield_now};

use super::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, sleep, timeout,
    watch,
};

const MILLI: Duration = Duration::from_millis(1);

/// Two tasks of these names, awaited.
async fn both(one: impl Future<Output = ()> + 'static, other: impl Future<Output = ()> + 'static) {
    let one = task().named("one").spawn(one);
    let other = task().named("other").spawn(other);
    one.await.expect("it returns");
    other.await.expect("it returns");
}

pub(crate) async fn locks_in_opposite_orders() {
    let (from, to) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(1)));
    let transfer = |from: Arc<Mutex<i32>>, to: Arc<Mutex<i32>>| async move {
        let mut from = from.lock().await;
        let mut to = to.lock_owned().await;
        (*from, *to) = (*from - 1, *to + 1);
    };
    both(transfer(from.clone(), to.clone()), transfer(to, from)).await;
}

pub(crate) async fn readers_that_both_want_to_write() {
    let lock = Arc::new(RwLock::new(0));
    let upgrade = |lock: Arc<RwLock<i32>>| async move {
        let seen = lock.read().await;
        *lock.clone().write_owned().await = *seen + 1;
    };
    both(upgrade(lock.clone()), upgrade(lock)).await;
}

pub(crate) async fn permits_that_all_wait_for_each_other() {
    let semaphore = Arc::new(Semaphore::new(2));
    let greedy = |semaphore: Arc<Semaphore>| async move {
        let _one = semaphore.acquire().await;
        let _more = semaphore.acquire().await;
    };
    both(greedy(semaphore.clone()), greedy(semaphore)).await;
}

pub(crate) async fn notified_too_early() {
    let ready = Arc::new(Notify::new());
    let producer = ready.clone();
    let producer = task().named("producer").spawn(async move { producer.notify_waiters() });
    producer.await.expect("it returns");
    ready.notified().await;
}

pub(crate) async fn a_full_channel_each_way() {
    let (to_server, mut requests) = mpsc::channel(1);
    let (to_client, mut replies) = mpsc::channel(1);
    let server = task().named("server").spawn(async move {
        while let Some(request) = requests.recv().await {
            to_client.send(request).await.expect("somebody receives");
        }
    });
    for request in 0..8 {
        to_server.send(request).await.expect("somebody receives");
    }
    drop(to_server);
    while replies.recv().await.is_some() {}
    server.await.expect("it returns");
}

pub(crate) async fn a_sender_that_is_kept() {
    let (sender, mut receiver) = mpsc::channel(4);
    let other = sender.clone();
    let other = task().named("other").spawn(async move {
        other.send(1).await.expect("somebody receives");
    });
    other.await.expect("it returns");
    while receiver.recv().await.is_some() {}
    drop(sender);
}

pub(crate) async fn a_message_that_a_timeout_loses() {
    let (sender, mut receiver) = mpsc::channel(4);
    sender.send(1).await.expect("somebody receives");
    let handle = async {
        let message = receiver.recv().await;
        sleep(10 * MILLI).await;
        message
    };
    let late = timeout(MILLI, handle).await;
    assert!(late.is_ok(), "it is late");
}

pub(crate) async fn a_value_of_a_oneshot_that_a_timeout_loses() {
    let (sender, receiver) = oneshot::channel();
    sender.send(1).expect("somebody receives");
    let handle = async {
        let message = receiver.await;
        // So that only the timeout knows that what it drops has taken something.
        sleep(MILLI).await;
        sleep(10 * MILLI).await;
        message
    };
    let late = timeout(5 * MILLI, handle).await;
    assert!(late.is_ok(), "it is late");
}

pub(crate) async fn a_message_that_a_select_loses() {
    let (sender, mut receiver) = mpsc::channel(4);
    sender.send(1).await.expect("somebody receives");
    let handled = unpick_tokio::select! {
        biased;
        message = async {
            let message = receiver.recv().await;
            sleep(10 * MILLI).await;
            message
        } => message,
        () = sleep(MILLI) => None,
    };
    assert_eq!(handled, Some(1), "it is lost");
}

pub(crate) async fn a_lock_that_was_handed_to_a_future_that_was_left() {
    let mutex = Arc::new(Mutex::new(()));
    let other = mutex.clone();
    let other = task().named("other").spawn(async move {
        let _held = other.lock().await;
        sleep(1000 * MILLI).await;
    });
    yield_now().await;
    let mut first = pin!(mutex.lock());
    let patience = pin!(sleep(10 * MILLI));
    drop(select(first.as_mut(), patience).await);
    let _second = mutex.lock().await;
    drop(first.await);
    other.await.expect("it returns");
}

pub(crate) async fn nobody_sends_to_all() {
    let (sender, mut receiver) = broadcast::channel::<i32>(4);
    let kept = sender.clone();
    let silent = task().named("silent").spawn(async move {
        sleep(MILLI).await;
        drop(kept);
    });
    silent.await.expect("it returns");
    let _received = receiver.recv().await;
    drop(sender);
}

pub(crate) async fn nobody_changes_what_is_watched() {
    let (sender, mut receiver) = watch::channel(0);
    sender.send(1).expect("somebody watches");
    receiver.changed().await.expect("somebody could change it");
    receiver.changed().await.expect("somebody could change it");
    drop(sender);
}

pub(crate) async fn one_of_two_arrives() {
    let barrier = Barrier::new(2);
    let _arrived = barrier.wait().await;
}

pub(crate) async fn who_initializes_waits_for_who_waits_for_it() {
    let cell = Arc::new(OnceCell::new());
    let waiting = cell.clone();
    let made = cell.get_or_init(async || {
        let waiter = task().named("waiter");
        let waiter = waiter.spawn(async move { *waiting.get_or_init(async || 1).await });
        waiter.await.expect("it returns")
    });
    made.await;
}

pub(crate) async fn a_permit_that_is_kept() {
    let semaphore = Arc::new(Semaphore::new(1));
    let keeper = spawn(async move {
        let _permit = semaphore.acquire_owned().await;
        std::future::pending::<()>().await;
    });
    yield_now().await;
    drop(keeper);
}
