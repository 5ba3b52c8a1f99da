//! Starvation and livelocks: tasks that get nowhere while others go on.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use unpick::primitives::{Event, Lock, RwLock};
use unpick::sim::options::{Detection, Detectors, Options};
use unpick::sim::probe::{Access, Mode, Object, Operation, Wakeup};
use unpick::sim::{spawn, step, yield_now};
use unpick::{Finding, Kind, Run};

/// A lock that wakes nobody who waits: whoever comes when it is free has it.
struct Unfair {
    object: Object,
    is_taken: Cell<bool>,
    waiting: Cell<Option<Wakeup>>,
}

impl Unfair {
    fn new() -> Rc<Unfair> {
        let mut object = Object::new("lock");
        object.set_name("unfair");
        Rc::new(Unfair { object, is_taken: Cell::new(false), waiting: Cell::new(None) })
    }

    #[track_caller]
    fn acquire(&self) -> impl Future<Output = unpick::sim::probe::Hold> {
        let site = std::panic::Location::caller();
        let mut operation = Operation::new("acquire", Access::Change, site);
        poll_fn(move |cx| {
            if operation.poll_announce(Some(&self.object), cx).is_pending() {
                return Poll::Pending;
            }
            if self.is_taken.replace(true) {
                self.waiting.set(Some(operation.park(Some(&self.object), cx)));
                return Poll::Pending;
            }
            operation.executed(Some(&self.object));
            Poll::Ready(self.object.hold_at(1, Mode::Exclusive, site))
        })
    }
}

fn found<Fut: Future<Output = ()>>(
    detectors: Detectors,
    program: impl FnOnce() -> Fut,
) -> Option<Finding> {
    let run = Run::with(Options { detectors, steps_max: 20_000, ..Options::default() });
    run.plain().execute(program).result.err()
}

/// One task waits, and another one takes the lock so often.
async fn passed_by(times: usize) {
    let lock = Unfair::new();
    lock.is_taken.set(true);
    let waited = lock.clone();
    let waiter = spawn(async move { drop(waited.acquire().await) });
    yield_now().await;
    for _ in 0..times {
        lock.is_taken.set(false);
        drop(lock.acquire().await);
        yield_now().await;
    }
    lock.is_taken.set(false);
    if let Some(waiting) = lock.waiting.take() {
        waiting.woken();
    }
    waiter.await.expect("nobody aborts it");
}

#[test]
fn a_task_that_is_passed_a_thousand_times_starves() {
    let finding = found(Detectors::DEFAULT, || passed_by(2000)).expect("starvation");
    assert_eq!(finding.kind, Kind::Starvation);
    assert_eq!(finding.headline(), "STARVATION on lock unfair");
    assert!(finding.message.starts_with("main.1 has waited in acquire since t=0.000"), "{finding}");
    assert!(
        finding.message.ends_with("was not woken while others took it 1024 times"),
        "{finding}"
    );
    let off = Detectors { starvation: Detection::Off, ..Detectors::DEFAULT };
    assert_eq!(found(off, || passed_by(2000)), None);
}

/// Near miss: it waits long, and then has it.
#[test]
fn a_task_that_is_passed_some_hundred_times_does_not() {
    assert_eq!(found(Detectors::DEFAULT, || passed_by(900)), None);
}

/// Near miss: it was woken, and does something else.
#[test]
fn a_task_that_was_woken_and_does_not_come_does_not_starve() {
    let program = || async {
        let (lock, is_over) = (Unfair::new(), Rc::new(Event::new()));
        lock.is_taken.set(true);
        let (wanted, ended) = (lock.clone(), is_over.clone());
        let idler = spawn(async move {
            let mut wait = std::pin::pin!(wanted.acquire());
            assert!(futures::poll!(&mut wait).is_pending());
            ended.wait().await;
        });
        yield_now().await;
        lock.waiting.take().expect("it waits").woken();
        for _ in 0..2000 {
            yield_now().await;
            lock.is_taken.set(false);
            drop(lock.acquire().await);
        }
        is_over.set();
        idler.await.expect("nobody aborts it");
    };
    assert_eq!(found(Detectors::DEFAULT, program), None);
}

/// Near miss: thousands of takes, with a waiter at nearly all times, each served in its turn.
#[test]
fn a_long_queue_is_no_starvation() {
    let run = Run::new().plain().execute(|| async {
        let lock = Rc::new(Lock::new(()));
        let held = lock.lock().await;
        let waiters: Vec<_> = (0..3000)
            .map(|_| {
                let lock = lock.clone();
                spawn(async move { drop(lock.lock().await) })
            })
            .collect();
        yield_now().await;
        drop(held);
        for waiter in waiters {
            waiter.await.expect("nobody aborts it");
        }
    });
    assert_eq!(run.result.err(), None);
}

#[test]
fn fair_locks_starve_nobody() {
    let program = || async {
        let locks = Rc::new((Lock::new(()), RwLock::new(())));
        let tasks = [0, 1, 2].map(|_| {
            let locks = locks.clone();
            spawn(async move {
                for _ in 0..600 {
                    let _guard = locks.0.lock().await;
                    let _reader = locks.1.read().await;
                    yield_now().await;
                }
            })
        });
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    };
    assert_eq!(found(Detectors::DEFAULT, program), None);
    for seed in 0..5 {
        assert_eq!(Run::new().seed(seed).execute(program).result, Ok(()));
    }
}

/// Two tasks that let one another go first, for ever.
async fn after_you() {
    let locks = Rc::new(["left", "right"].map(|name| Lock::new(()).named(name)));
    let tasks = [(0, 1), (1, 0)].map(|(first, second)| {
        let locks = locks.clone();
        spawn(async move {
            loop {
                let _own = locks[first].lock().await;
                yield_now().await;
                if locks[second].try_lock().is_ok() {
                    return;
                }
                yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn a_livelock_tells_what_went_round() {
    let finding = found(Detectors::DEFAULT, after_you).expect("a livelock");
    assert_eq!(finding.kind, Kind::Livelock);
    let rounds = finding.story.iter().filter(|line| line.contains("went round"));
    assert_eq!(rounds.count(), 2, "{finding}");
    let left = &finding.story[0];
    assert!(left.contains("acquire lock left at tests/detectors/progress.rs:"), "{finding}");
    assert!(
        left.contains("try_acquire lock right") || left.contains("try_lock lock right"),
        "{finding}"
    );
    let off = Detectors { livelocks: Detection::Off, ..Detectors::DEFAULT };
    assert_eq!(found(off, after_you).expect("a livelock").story, [""; 0]);
}

#[test]
fn a_livelock_whose_events_were_kept_has_no_trace_that_nobody_asked_for() {
    let outcome = Run::new().plain().steps_max(2_000).execute(after_you);
    assert!(outcome.result.is_err() && outcome.trace.is_none());
    let outcome = Run::new().plain().steps_max(2_000).traced().execute(after_you);
    assert!(outcome.trace.is_some());
}

/// Near miss: close to its budget, and then done.
#[test]
fn a_run_that_ends_within_its_budget_is_none() {
    let program = || async {
        for _ in 0..19_900 {
            step().await;
        }
    };
    assert_eq!(found(Detectors::DEFAULT, program), None);
}
