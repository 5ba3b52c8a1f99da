//! `tokio::sync`, which needs no runtime.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Mutex, Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use unpick::sim::{spawn, step, yield_now};

use super::{check, join_all, spawn_each};

#[test]
fn tokio_mutex_excludes() {
    check(&8, || async {
        let count = Arc::new(Mutex::new(0));
        let tasks = spawn_each(0..8, |_| {
            let count = Arc::clone(&count);
            async move {
                let mut guard = count.lock().await;
                let seen = *guard;
                yield_now().await;
                *guard = seen + 1;
            }
        });
        join_all(tasks).await;
        *count.lock().await
    });
}

/// More messages than tokio's cooperative budget lets through in one go.
#[test]
fn tokio_mpsc_delivers_everything_in_order() {
    check(&(0..300).collect::<Vec<u32>>(), || async {
        let (sender, mut receiver) = mpsc::channel(64);
        spawn(async move {
            for number in 0..300 {
                sender.send(number).await.expect("the receiver is there");
            }
        });
        let mut seen = Vec::new();
        while let Some(number) = receiver.recv().await {
            seen.push(number);
        }
        seen
    });
}

#[test]
fn tokio_oneshot_tells_of_a_dropped_sender() {
    check(&(Ok(1), true), || async {
        let (sender, receiver) = oneshot::channel();
        let (dropped, waits) = oneshot::channel::<()>();
        spawn(async move {
            step().await;
            sender.send(1).expect("the receiver is there");
            drop(dropped);
        });
        (receiver.await, waits.await.is_err())
    });
}

/// With one receiver: which of several it wakes first, it draws (see `nondeterminism`).
#[test]
fn tokio_watch_shows_the_last_value() {
    check(&9, || async {
        let (sender, mut receiver) = watch::channel(0);
        let watcher = spawn(async move {
            while receiver.changed().await.is_ok() {
                step().await;
            }
            *receiver.borrow()
        });
        for value in 1..10 {
            sender.send(value).expect("there is a receiver");
            yield_now().await;
        }
        drop(sender);
        watcher.await.expect("it returns")
    });
}

#[test]
fn tokio_broadcast_reaches_everybody() {
    check(&vec![10; 3], || async {
        let (sender, _) = broadcast::channel(16);
        let receivers: Vec<_> = (0..3).map(|_| sender.subscribe()).collect();
        let tasks = receivers.into_iter().map(|mut receiver| {
            spawn(async move {
                let mut sum = 0;
                while let Ok(number) = receiver.recv().await {
                    sum += number;
                }
                sum
            })
        });
        let tasks: Vec<_> = tasks.collect();
        for number in [1, 2, 3, 4] {
            sender.send(number).expect("there are receivers");
            step().await;
        }
        drop(sender);
        join_all(tasks).await
    });
}

#[test]
fn tokio_notify_wakes_one_for_each_permit() {
    check(&4, || async {
        let notify = Arc::new(Notify::new());
        let woken = Rc::new(Cell::new(0));
        let tasks = spawn_each(0..4, |_| {
            let (notify, woken) = (Arc::clone(&notify), Rc::clone(&woken));
            async move {
                notify.notified().await;
                woken.set(woken.get() + 1);
            }
        });
        while woken.get() < 4 {
            notify.notify_one();
            yield_now().await;
        }
        join_all(tasks).await;
        woken.get()
    });
}

#[test]
fn tokio_semaphore_gives_every_permit_back() {
    check(&3, || async {
        let semaphore = Arc::new(Semaphore::new(3));
        let tasks = spawn_each(0..6, |number| {
            let semaphore = Arc::clone(&semaphore);
            async move {
                let many = semaphore.acquire_many(1 + number % 3).await;
                let _permits = many.expect("it is open");
                yield_now().await;
            }
        });
        tasks[2].abort();
        for task in tasks {
            let _ = task.await;
        }
        semaphore.available_permits()
    });
}
