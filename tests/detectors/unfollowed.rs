//! A run that nobody follows comes to what it comes to when it is traced: where nobody asks, what is
//! done to a lock, a semaphore or a queue is noted by shorter ways.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use unpick::primitives::task::{sleep, timeout};
use unpick::primitives::{Lock, Queue, Semaphore};
use unpick::sim::options::{Detection, Options};
use unpick::sim::{Outcome, spawn, yield_now};
use unpick::{Kind, Run, Switching};

/// The same run, not traced and traced. Says how it ended.
fn ends_alike<Fut: Future<Output = ()>>(
    seed: u64,
    switching: Switching,
    program: impl Fn() -> Fut,
) -> Option<Kind> {
    let options = Options { classes: Detection::On, switching, ..Options::default() };
    let run = || Run::with(options.clone()).seed(seed);
    let (alone, traced) = (run().execute(&program), run().traced().execute(&program));
    let seen = |outcome: &Outcome<()>| {
        let found = outcome.result.as_ref().err();
        let found = found.map(|it| (it.kind, it.message.clone(), it.blocked.clone(), it.at));
        (found, outcome.tape.clone(), outcome.steps, outcome.class, outcome.held)
    };
    assert_eq!(seen(&alone), seen(&traced), "seed {seed}");
    alone.result.err().map(|finding| finding.kind)
}

/// How many of so many runs ended in this way.
fn count<Fut: Future<Output = ()>>(
    kind: Option<Kind>,
    switching: Switching,
    program: impl Fn() -> Fut,
) -> usize {
    (0..100).filter(|&seed| ends_alike(seed, switching, &program) == kind).count()
}

#[test]
fn rings_of_locks_beside_a_ticker() {
    let program = || async {
        drop(spawn(async {
            loop {
                sleep(Duration::from_secs(1)).await;
            }
        }));
        let locks = Rc::new([Lock::new(0), Lock::new(0)]);
        let tasks = [(0, 1), (1, 0), (0, 1)].map(|(first, second)| {
            let locks = locks.clone();
            spawn(async move {
                let mut first = locks[first].lock().await;
                yield_now().await;
                *first += *locks[second].lock().await;
            })
        });
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    };
    let stuck = count(Some(Kind::Deadlock), Switching::Preemptive, program);
    assert!((20..=95).contains(&stuck), "{stuck} of 100 get stuck");
}

#[test]
fn guards_that_are_dropped_elsewhere() {
    let program = || async {
        let (lock, other) = (Arc::new(Lock::new(())), Rc::new(Lock::new(())));
        let guard = lock.clone().lock_owned().await;
        spawn(async move { drop(guard) }).await.expect("nobody aborts it");
        let guard = lock.clone().lock_owned().await;
        let carrier = spawn(async move {
            for _ in 0..3000 {
                yield_now().await;
            }
            drop(guard);
        });
        let held = other.clone();
        let waits = spawn(async move {
            let _held = held.lock().await;
            drop(lock.lock_owned().await);
        });
        drop(other.lock().await);
        carrier.await.expect("nobody aborts it");
        waits.await.expect("nobody aborts it");
    };
    // Otherwise it would be a ring of main, which took the lock, and of who waits for that.
    for switching in [Switching::Preemptive, Switching::Cooperative] {
        for seed in 0..10 {
            assert_eq!(ends_alike(seed, switching, program), None);
        }
    }
}

#[test]
fn waits_at_semaphores_and_queues_some_of_which_are_given_up() {
    let program = || async {
        let (slots, jobs) = (Rc::new(Semaphore::new(2)), Rc::new(Queue::new(1)));
        let workers: Vec<_> = (0..4)
            .map(|number| {
                let (slots, jobs) = (slots.clone(), jobs.clone());
                spawn(async move {
                    let _slot = slots.acquire_many(1 + number % 2).await;
                    jobs.put(number).await.expect("nobody shuts it down");
                    let got = timeout(Duration::from_millis(5), jobs.get()).await;
                    yield_now().await;
                    if got.is_err() {
                        jobs.put(number).await.expect("nobody shuts it down");
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("nobody aborts it");
        }
        assert_eq!(slots.available_permits(), 2);
    };
    for switching in [Switching::Preemptive, Switching::Cooperative] {
        assert!(count(None, switching, program) >= 5, "some runs end");
    }
}
