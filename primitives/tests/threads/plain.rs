//! On a plain executor in threads of one's own, and what may be sent there.

use std::thread;

use futures::executor::block_on;
use unpick_primitives::{
    Barrier, BoundedSemaphore, CancellationToken, Condition, Event, Future, LifoQueue, Lock,
    Notify, OnceCell, PriorityQueue, Queue, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};

#[test]
fn a_lock_works_between_threads_that_block() {
    let lock = Lock::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    block_on(async { *lock.lock().await += 1 });
                }
            });
        }
    });
    assert_eq!(lock.into_inner(), 4000);
}

#[test]
fn a_queue_works_between_threads_that_block() {
    let queue = Queue::new(1);
    let sum = thread::scope(|scope| {
        scope.spawn(|| (0..1000).try_for_each(|item| block_on(queue.put(item))));
        scope.spawn(|| (0..1000).map_while(|_| block_on(queue.get()).ok()).sum::<i32>()).join()
    });
    assert_eq!(sum.ok(), Some(499_500));
}

fn is_shared<T: Send + Sync>(_: &T) {}

fn is_sent<T: Send>(_: &T) {}

#[test]
fn primitives_are_shared_between_threads_and_their_futures_sent() {
    let (lock, rwlock) = (Lock::new(String::new()), RwLock::new(String::new()));
    let (event, notify, barrier) = (Event::new(), Notify::new(), Barrier::new(1));
    let (semaphore, bounded) = (Semaphore::new(1), BoundedSemaphore::new(1));
    let (condition, future) = (Condition::new(0), Future::<String>::new());
    let (queue, lifo) = (Queue::new(0), LifoQueue::new(0));
    let priority = PriorityQueue::new(0);
    let (cell, token) = (OnceCell::<String>::new(), CancellationToken::new());
    is_shared(&(&lock, &rwlock, &event, &notify, &barrier, &semaphore, &bounded));
    is_shared(&(&condition, &future, &queue, &lifo, &priority, &cell, &token));
    is_sent(&(lock.lock(), rwlock.read(), rwlock.write(), event.wait(), notify.notified()));
    is_sent(&(barrier.wait(), semaphore.acquire(), bounded.acquire_unguarded(), future.wait()));
    is_sent(&(queue.put('a'), lifo.put('a'), priority.put('a'), queue.get(), queue.join()));
    is_sent(&(lock.try_lock(), rwlock.try_read(), semaphore.try_acquire()));
    is_sent(&cell.get_or_init(|| async { String::new() }));
    is_sent(&(token.cancelled(), token.run_until_cancelled(async {})));
    let guard = block_on(condition.lock());
    is_sent(&condition.wait_for(guard, |_| true));
}

#[test]
fn channels_are_sent_between_threads() {
    let (sender, mut receiver) = mpsc::channel::<String>(1);
    is_shared(&(&sender, &receiver));
    is_sent(&(sender.send(String::new()), sender.reserve(), sender.closed(), receiver.recv()));
    let (sender, mut receiver) = mpsc::unbounded_channel::<String>();
    is_shared(&(&sender, &receiver));
    is_sent(&receiver.recv());
    let (sender, receiver) = oneshot::channel::<String>();
    is_shared(&(&sender, &receiver));
    let (sender, mut receiver) = broadcast::channel::<String>(1);
    is_shared(&(&sender, &receiver));
    is_sent(&receiver.recv());
    let (sender, mut receiver) = watch::channel(String::new());
    is_shared(&(&sender, &receiver));
    is_sent(&receiver.changed());
    is_sent(&receiver.wait_for(|value| value.is_empty()));
}
