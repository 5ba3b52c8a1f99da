//! Locks, semaphores, conditions, barriers, events.

use std::sync::Arc;

use tokio::task::yield_now;
use unpick_primitives::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, Notify, OnceCell, RwLock,
};

use crate::load::{Inside, ROUNDS, TASKS, disturb, join, runtime};

#[test]
fn lock_excludes_and_loses_nothing() {
    runtime().block_on(async {
        let lock = Arc::new(Lock::new(0));
        let add = |lock: Arc<Lock<usize>>| async move {
            for _ in 0..ROUNDS {
                let mut guard = lock.lock().await;
                let seen = *guard;
                yield_now().await;
                *guard = seen + 1;
            }
        };
        let tasks = (0..TASKS).map(|_| tokio::spawn(add(lock.clone()))).collect();
        let held = lock.clone();
        disturb(tasks, || {
            let lock = held.clone();
            async move {
                loop {
                    let guard = lock.lock().await;
                    yield_now().await;
                    drop(guard);
                }
            }
        })
        .await;
        assert_eq!(*lock.try_lock().expect("everybody is gone"), TASKS * ROUNDS);
    });
}

#[test]
fn semaphore_lets_in_as_many_as_it_may_and_loses_no_permit() {
    runtime().block_on(async {
        let shared = Arc::new((BoundedSemaphore::new(3), Inside::default()));
        let work = |shared: Arc<(BoundedSemaphore, Inside)>, rounds: usize| async move {
            for _ in 0..rounds {
                let _permit = shared.0.acquire().await;
                let _inside = shared.1.enter(3);
                yield_now().await;
            }
        };
        let tasks = (0..TASKS).map(|_| tokio::spawn(work(shared.clone(), ROUNDS))).collect();
        disturb(tasks, || work(shared.clone(), usize::MAX)).await;
        assert_eq!(format!("{:?}", shared.0), "<BoundedSemaphore [unlocked, value:3]>");
    });
}

#[test]
fn rwlock_keeps_readers_and_writers_apart() {
    runtime().block_on(async {
        let lock = Arc::new(RwLock::new((0, 0)));
        let work = |lock: Arc<RwLock<(usize, usize)>>, rounds: usize, counts: usize| async move {
            for round in 0..rounds {
                if round % 4 == 0 {
                    let mut guard = lock.write().await;
                    // Whoever comes in between sees a difference.
                    guard.0 += counts;
                    if counts > 0 {
                        yield_now().await;
                    }
                    guard.1 += counts;
                } else {
                    let guard = lock.read().await;
                    let seen = *guard;
                    yield_now().await;
                    assert_eq!(seen.0, seen.1);
                    assert_eq!(*guard, seen);
                }
            }
        };
        let tasks = (0..TASKS).map(|_| tokio::spawn(work(lock.clone(), ROUNDS, 1))).collect();
        disturb(tasks, || work(lock.clone(), usize::MAX, 0)).await;
        let writes = TASKS * ROUNDS.div_ceil(4);
        assert_eq!(*lock.try_read().expect("everybody is gone"), (writes, writes));
    });
}

#[test]
fn condition_loses_no_notification() {
    runtime().block_on(async {
        let condition = Arc::new(Condition::new(0_usize));
        let take = |condition: Arc<Condition<usize>>, rounds: usize| async move {
            for _ in 0..rounds {
                let guard = condition.lock().await;
                let mut guard = condition.wait_for(guard, |units| *units > 0).await;
                *guard -= 1;
            }
        };
        let add = |condition: Arc<Condition<usize>>| async move {
            for _ in 0..ROUNDS {
                let mut guard = condition.lock().await;
                *guard += 1;
                condition.notify(1);
                drop(guard);
                yield_now().await;
            }
        };
        let mut tasks: Vec<_> =
            (0..TASKS).map(|_| tokio::spawn(take(condition.clone(), ROUNDS))).collect();
        tasks.extend((0..TASKS).map(|_| tokio::spawn(add(condition.clone()))));
        disturb(tasks, || {
            let condition = condition.clone();
            // Waits and is cancelled, but never takes a unit: it gives notifications away.
            async move {
                let guard = condition.lock().await;
                let _guard = condition.wait(guard).await;
                condition.notify(1);
            }
        })
        .await;
        assert_eq!(*condition.lock().await, 0);
    });
}

#[test]
fn barrier_lets_everybody_go_at_once() {
    runtime().block_on(async {
        let shared = Arc::new((Barrier::new(TASKS), Lock::new(0)));
        let work = |shared: Arc<(Barrier, Lock<usize>)>| async move {
            for round in 0..ROUNDS {
                *shared.1.lock().await += 1;
                shared.0.wait().await.expect("nobody breaks it");
                assert!(*shared.1.lock().await >= (round + 1) * TASKS);
            }
        };
        join((0..TASKS).map(|_| tokio::spawn(work(shared.clone()))).collect()).await;
    });
}

#[test]
fn event_wakes_everybody_each_time() {
    runtime().block_on(async {
        for _ in 0..ROUNDS {
            let event = Arc::new(Event::new());
            let wait = |event: Arc<Event>| async move { event.wait().await };
            let tasks = (0..TASKS).map(|_| tokio::spawn(wait(event.clone()))).collect();
            yield_now().await;
            event.set();
            join(tasks).await;
        }
    });
}

#[test]
fn notify_one_wakes_one_for_each_and_survives_cancellation() {
    runtime().block_on(async {
        let shared = Arc::new((Notify::new(), Lock::new(0_usize)));
        let take = |shared: Arc<(Notify, Lock<usize>)>| async move {
            loop {
                if let Some(left) = shared.1.lock().await.checked_sub(1) {
                    return left;
                }
                shared.0.notified().await;
            }
        };
        let drain = |shared: Arc<(Notify, Lock<usize>)>| async move {
            for _ in 0..ROUNDS {
                take(shared.clone()).await;
                let left = {
                    let mut units = shared.1.lock().await;
                    *units = units.saturating_sub(1);
                    *units
                };
                if left > 0 {
                    shared.0.notify_one();
                }
            }
        };
        let consumer = tokio::spawn(drain(shared.clone()));
        let adder = shared.clone();
        let add = async move {
            // More than enough, so that the consumer never starves.
            while Arc::strong_count(&adder) > 2 {
                *adder.1.lock().await += 1;
                adder.0.notify_one();
                yield_now().await;
            }
        };
        let producer = tokio::spawn(add);
        join(vec![consumer]).await;
        join(vec![producer]).await;
    });
}

#[test]
fn once_cell_runs_one_initializer_that_succeeds() {
    runtime().block_on(async {
        for _ in 0..ROUNDS {
            let shared = Arc::new((OnceCell::new(), Inside::default()));
            let get = |shared: Arc<(OnceCell<usize>, Inside)>, number: usize| async move {
                let initialize = async || {
                    let _inside = shared.1.enter(1);
                    yield_now().await;
                    if number.is_multiple_of(3) { Err(()) } else { Ok(number) }
                };
                shared.0.get_or_try_init(initialize).await.ok().copied()
            };
            let tasks: Vec<_> =
                (0..TASKS).map(|number| tokio::spawn(get(shared.clone(), number))).collect();
            tasks[1].abort();
            let mut values: Vec<usize> = join(tasks).await.into_iter().flatten().collect();
            values.dedup();
            assert_eq!(values.len(), 1);
        }
    });
}
