//! `async-lock` and `event-listener`.
//!
//! The mutex of `async-lock`, which is also inside of its read-write lock and its barrier, looks
//! at the wall clock to be fair to whoever waits longer than half a millisecond. So such runs
//! cannot always be replayed.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use async_lock::{Barrier, Mutex, RwLock, Semaphore};
use event_listener::Event;
use unpick::sim::{spawn, step, yield_now};

use super::{check, check_outputs, join_all, spawn_each};

#[test]
fn async_lock_mutex_excludes() {
    check_outputs(&8, || async {
        let count = Arc::new(Mutex::new(0));
        let tasks = spawn_each(0..8, |_| {
            let count = Arc::clone(&count);
            async move {
                let mut guard = count.lock().await;
                let seen = *guard;
                yield_now().await;
                step().await;
                *guard = seen + 1;
            }
        });
        join_all(tasks).await;
        *count.lock().await
    });
}

#[test]
fn async_lock_rwlock_lets_readers_in_together_and_writers_alone() {
    check_outputs(&(4, true), || async {
        let lock = Arc::new(RwLock::new(0));
        let inside = Rc::new(Cell::new(0));
        let writers = spawn_each(0..4, |_| {
            let lock = Arc::clone(&lock);
            async move {
                let mut guard = lock.write().await;
                let seen = *guard;
                step().await;
                *guard = seen + 1;
            }
        });
        let readers = spawn_each(0..4, |_| {
            let (lock, inside) = (Arc::clone(&lock), Rc::clone(&inside));
            async move {
                let guard = lock.read().await;
                inside.set(inside.get() + 1);
                let seen = *guard;
                yield_now().await;
                let unchanged = seen == *guard;
                inside.set(inside.get() - 1);
                unchanged
            }
        });
        join_all(writers).await;
        let unchanged = join_all(readers).await.into_iter().all(|unchanged| unchanged);
        (*lock.read().await, unchanged && inside.get() == 0)
    });
}

#[test]
fn async_lock_semaphore_lets_two_in() {
    check(&2, || async {
        let semaphore = Arc::new(Semaphore::new(2));
        let (inside, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let tasks = spawn_each(0..6, |_| {
            let (semaphore, inside, most) =
                (Arc::clone(&semaphore), Rc::clone(&inside), Rc::clone(&most));
            async move {
                let _permit = semaphore.acquire().await;
                inside.set(inside.get() + 1);
                most.set(most.get().max(inside.get()));
                yield_now().await;
                yield_now().await;
                inside.set(inside.get() - 1);
            }
        });
        let waits = semaphore.acquire().await;
        drop(waits);
        join_all(tasks).await;
        assert!(most.get() >= 1, "somebody was inside");
        most.get().max(2)
    });
}

#[test]
fn async_lock_barrier_has_one_leader() {
    check_outputs(&1, || async {
        let barrier = Arc::new(Barrier::new(5));
        let tasks = spawn_each(0..5, |_| {
            let barrier = Arc::clone(&barrier);
            async move {
                step().await;
                barrier.wait().await.is_leader()
            }
        });
        join_all(tasks).await.into_iter().filter(|is_leader| *is_leader).count()
    });
}

#[test]
fn event_listener_notifies_as_many_as_it_is_told() {
    check(&3, || async {
        let event = Arc::new(Event::new());
        let woken = Rc::new(Cell::new(0));
        let listeners: Vec<_> = (0..3).map(|_| event.listen()).collect();
        for listener in listeners {
            let woken = Rc::clone(&woken);
            spawn(async move {
                listener.await;
                woken.set(woken.get() + 1);
            });
        }
        yield_now().await;
        event.notify(2);
        event.notify_additional(1);
        while woken.get() < 3 {
            yield_now().await;
        }
        woken.get()
    });
}
