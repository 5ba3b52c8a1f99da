//! A hundred thousand waiters at one object are woken, cancelled and dropped in time that grows
//! with their number, not with its square.
//!
//! Four times as many may take at most twelve times as long: a square would take sixteen times
//! as long, and what is linear takes four times. The best of several measurements counts.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use unpick_primitives::queue::Shutdown;
use unpick_primitives::{
    Barrier, CancellationToken, Condition, Event, Lock, Notify, Queue, RwLock, Semaphore,
};

const MANY: usize = 100_000;

fn poll<F: Future>(future: &mut Pin<Box<F>>) -> bool {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// Futures that were polled once and wait.
fn waiters<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<Pin<Box<F>>> {
    let wait = |_| {
        let mut waiter = Box::pin(make());
        assert!(!poll(&mut waiter));
        waiter
    };
    (0..count).map(wait).collect()
}

/// Polls each once: it must be ready by now, or become so as those before it go.
fn finish<F: Future>(mut waiters: Vec<Pin<Box<F>>>) {
    for waiter in &mut waiters {
        assert!(poll(waiter));
    }
}

/// Drops them in an order that is neither that of arrival nor its reverse.
fn cancel<F>(waiters: Vec<Pin<Box<F>>>) {
    let mut slots: Vec<_> = waiters.into_iter().map(Some).collect();
    let count = slots.len();
    // 7919 is a prime, and no divisor of the counts in use: every index comes once.
    for step in 0..count {
        drop(slots[step * 7919 % count].take());
    }
    assert!(slots.iter().all(Option::is_none));
}

#[expect(clippy::disallowed_methods, reason = "outside of a run there is real time only")]
fn time(work: &dyn Fn(usize), count: usize) -> Duration {
    let begun = std::time::Instant::now();
    work(black_box(count));
    begun.elapsed()
}

#[track_caller]
fn check_linear(work: impl Fn(usize)) {
    let best = |count| (0..3).map(|_| time(&work, count)).min().expect("there are three");
    let mut ratios = Vec::new();
    // A noisy machine may spoil one comparison; a square spoils all.
    for _ in 0..5 {
        let (quarter, whole) = (best(MANY / 4), best(MANY));
        if whole < quarter * 12 {
            return;
        }
        ratios.push((quarter, whole));
    }
    panic!("four times as many took more than twelve times as long: {ratios:?}");
}

#[test]
fn a_lock_passes_through_its_waiters() {
    check_linear(|count| {
        let lock = Lock::new(());
        let guard = lock.try_lock();
        let waiting = waiters(count, || lock.lock());
        drop(guard);
        finish(waiting);
    });
}

#[test]
fn a_lock_forgets_its_waiters() {
    check_linear(|count| {
        let lock = Lock::new(());
        let guard = lock.try_lock();
        let waiting = waiters(count, || lock.lock());
        cancel(waiting);
        drop(guard);
        let guard = lock.try_lock();
        let waiting = waiters(count, || lock.lock());
        drop(guard);
        // Each is handed the lock, and passes it on.
        drop(waiting);
        assert!(!lock.locked());
    });
}

#[test]
fn a_rwlock_lets_its_readers_in() {
    check_linear(|count| {
        let lock = RwLock::new(());
        let guard = lock.try_write();
        let waiting = waiters(count, || lock.read());
        drop(guard);
        finish(waiting);
        let guard = lock.try_read();
        let waiting = waiters(count, || lock.write());
        cancel(waiting);
        drop(guard);
    });
}

#[test]
fn an_event_wakes_its_waiters() {
    check_linear(|count| {
        let event = Event::new();
        let waiting = waiters(count, || event.wait());
        event.set();
        finish(waiting);
        event.clear();
        cancel(waiters(count, || event.wait()));
        let woken = waiters(count, || event.wait());
        event.set();
        cancel(woken);
    });
}

#[test]
fn a_semaphore_hands_its_permits_out() {
    check_linear(|count| {
        let semaphore = Semaphore::new(0);
        let waiting = waiters(count, || semaphore.acquire_unguarded());
        (0..count).for_each(|_| semaphore.release());
        finish(waiting);
        cancel(waiters(count, || semaphore.acquire_unguarded()));
    });
}

#[test]
fn a_condition_notifies_its_waiters() {
    check_linear(|count| {
        let condition = Condition::new(());
        let wait = || condition.wait(futures::executor::block_on(condition.lock()));
        let mut waiting = waiters(count, wait);
        let guard = futures::executor::block_on(condition.lock());
        condition.notify_all();
        assert!(waiting.iter_mut().all(|waiter| !poll(waiter)), "each waits for the lock");
        drop(guard);
        finish(waiting);
        cancel(waiters(count, wait));
    });
}

#[test]
fn a_barrier_lets_its_parties_go() {
    check_linear(|count| {
        let barrier = Barrier::new(count + 1);
        let waiting = waiters(count, || barrier.wait());
        assert_eq!(futures::executor::block_on(barrier.wait()), Ok(count));
        finish(waiting);
        cancel(waiters(count, || barrier.wait()));
    });
}

#[test]
fn a_queue_serves_its_getters_and_putters() {
    check_linear(|count| {
        let queue = Queue::new(0);
        let waiting = waiters(count, || queue.get());
        (0..count).for_each(|item| queue.put_nowait(item).expect("it has no bound"));
        finish(waiting);
        cancel(waiters(count, || queue.get()));
        let woken = waiters(count, || queue.get());
        (0..count).for_each(|item| queue.put_nowait(item).expect("it has no bound"));
        // Each has to see that nobody else is left to be woken.
        cancel(woken);
        assert_eq!(queue.qsize(), count);
        let queue = Queue::new(1);
        queue.put_nowait(0).expect("there is room");
        cancel(waiters(count, || queue.put(1)));
        let waiting = waiters(count, || queue.put(1));
        queue.shutdown(Shutdown::Immediate);
        finish(waiting);
    });
}

#[test]
fn a_notify_wakes_its_waiters() {
    check_linear(|count| {
        let notify = Notify::new();
        let waiting = waiters(count, || notify.notified());
        (0..count / 2).for_each(|_| notify.notify_one());
        notify.notify_waiters();
        finish(waiting);
        cancel(waiters(count, || notify.notified()));
    });
}

#[test]
fn a_token_cancels_its_children() {
    check_linear(|count| {
        let token = CancellationToken::new();
        let children: Vec<_> = (0..count).map(|_| token.child_token()).collect();
        token.cancel();
        assert!(children.iter().all(CancellationToken::is_cancelled));
        let token = CancellationToken::new();
        drop((0..count).map(|_| token.child_token()).collect::<Vec<_>>());
        // A chain, which is dropped from its end.
        let last = (0..count).fold(token, |token, _| token.child_token());
        last.cancel();
        drop(last);
    });
}
