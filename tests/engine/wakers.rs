//! Wakers: cloned, kept, called at any time and anywhere.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use unpick::sim::finding::{Finding, Kind};
use unpick::sim::time::{Instant, sleep};
use unpick::sim::{Run, spawn, step, task, yield_now};

use crate::finding_of;

/// The waker of the current task.
async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Waits until it is polled for the second time.
fn until_woken(polls: Rc<Cell<u32>>) -> impl Future<Output = ()> {
    poll_fn(move |_| {
        polls.set(polls.get() + 1);
        if polls.get() == 1 { Poll::Pending } else { Poll::Ready(()) }
    })
}

#[test]
fn a_waker_kept_in_a_static_is_inert_after_its_run() {
    static KEPT: Mutex<Vec<Waker>> = Mutex::new(Vec::new());
    let keep = |number: usize| async move {
        for _ in 0..number {
            spawn(async {
                let waker = own_waker().await;
                KEPT.lock().expect("nobody panics").push(waker);
            });
        }
        yield_now().await;
        pending::<()>().await;
    };
    let first = Run::new().seed(5).execute(|| keep(3));
    let steps = first.steps;
    finding_of(first, Kind::Deadlock);
    let wake_all = || KEPT.lock().expect("nobody panics").iter().for_each(Waker::wake_by_ref);
    wake_all();
    // In another run of the same thread, whose tasks have the same numbers.
    let undisturbed = Run::new().seed(6).execute(|| async {
        let tasks = [(); 4].map(|()| spawn(pending::<()>()));
        for _ in 0..10 {
            wake_all();
            yield_now().await;
        }
        tasks.iter().any(unpick::sim::JoinHandle::is_finished)
    });
    assert_eq!(undisturbed.result, Ok(false));
    assert_eq!(undisturbed.steps, 11 + 4, "nobody was woken");
    wake_all();
    assert_eq!(Run::new().seed(5).execute(|| keep(0)).steps, 2);
    assert_eq!(steps, 5);
    KEPT.lock().expect("nobody panics").clear();
}

#[test]
fn a_waker_of_a_task_that_has_ended_is_inert() {
    let outcome = Run::new().plain().execute(|| async {
        let waker = spawn(own_waker()).await.expect("it returns");
        waker.wake_by_ref();
        yield_now().await;
        waker.wake();
        yield_now().await;
    });
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.steps, 5);
}

#[test]
fn waking_twice_makes_one_turn() {
    let outcome = Run::new().plain().execute(|| async {
        let polls = Rc::new(Cell::new(0));
        let waker: Rc<RefCell<Option<Waker>>> = Rc::default();
        let (inside, kept) = (Rc::clone(&polls), Rc::clone(&waker));
        spawn(async move {
            let waker = own_waker().await;
            *kept.borrow_mut() = Some(waker);
            until_woken(inside).await;
            pending::<()>().await;
        });
        yield_now().await;
        let waker = waker.take().expect("the task has run");
        for _ in 0..3 {
            let again = waker.clone();
            waker.wake_by_ref();
            again.wake();
        }
        for _ in 0..3 {
            yield_now().await;
        }
        polls.get()
    });
    assert_eq!(outcome.result, Ok(2));
}

#[test]
fn a_task_that_is_woken_while_it_is_polled_is_polled_once_more() {
    let outcome = Run::new().plain().execute(|| {
        let mut polls = 0;
        poll_fn(move |cx| {
            polls += 1;
            if polls == 1 {
                let again = cx.waker().clone();
                cx.waker().wake_by_ref();
                again.wake();
                return Poll::Pending;
            }
            Poll::Ready(polls)
        })
    });
    assert_eq!((outcome.result, outcome.steps), (Ok(2), 2));
}

/// Legal, and of no effect but a poll.
#[test]
fn spurious_wakes_change_nothing_for_a_task_that_waits_for_an_operation() {
    for seed in 0..200 {
        let outcome = Run::new().seed(seed).execute(|| async {
            let lock = Rc::new(crate::support::probed::Lock::new());
            let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
            let done = Rc::new(Cell::new(0));
            let tasks: Vec<_> = (0..3)
                .map(|_| {
                    let (lock, wakers, done) =
                        (Rc::clone(&lock), Rc::clone(&wakers), Rc::clone(&done));
                    spawn(async move {
                        let waker = own_waker().await;
                        wakers.borrow_mut().push(waker);
                        for _ in 0..3 {
                            let _guard = lock.acquire().await;
                            wakers.borrow().iter().for_each(Waker::wake_by_ref);
                            step().await;
                            yield_now().await;
                        }
                        done.set(done.get() + 1);
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("it returns");
            }
            done.get()
        });
        assert_eq!(outcome.result, Ok(3), "seed {seed}");
    }
}

#[test]
fn two_wakers_are_of_one_task_or_not() {
    let outcome = Run::new().execute(|| async {
        let own = own_waker().await;
        let other = spawn(own_waker()).await.expect("it returns");
        (own.will_wake(&own_waker().await), own.will_wake(&other))
    });
    assert_eq!(outcome.result, Ok((true, false)));
}

/// Calls this on another thread, and waits until it has returned.
fn elsewhere(act: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(act).join().expect("it does not panic");
    });
}

#[test]
fn a_wake_from_another_thread_is_a_finding_that_names_the_task() {
    let outcome = Run::new().execute(|| async {
        let polls = Rc::default();
        let waits = task().named("reader").spawn(async move {
            let waker = own_waker().await;
            elsewhere(move || waker.wake());
            until_woken(polls).await;
        });
        waits.await
    });
    let finding = finding_of(outcome, Kind::Nondeterminism);
    assert_eq!(finding.task.as_deref(), Some("main.1 reader"));
    assert!(finding.message.contains("from another OS thread"), "{finding}");
    assert!(finding.place.is_some_and(|place| place.file.ends_with("wakers.rs")));
}

#[test]
fn a_wake_from_another_thread_in_the_last_poll_is_a_finding_too() {
    let outcome = Run::new().execute(|| async {
        let waker = own_waker().await;
        elsewhere(move || waker.wake());
    });
    assert_eq!(finding_of(outcome, Kind::Nondeterminism).task.as_deref(), Some("main"));
    assert_eq!(Run::new().execute(|| async {}).result, Ok(()), "and it ends with its run");
}

#[test]
fn a_waker_may_be_cloned_and_dropped_on_another_thread() {
    let outcome = Run::new().execute(|| async {
        let waker = own_waker().await;
        elsewhere(move || drop((waker.clone(), waker)));
        yield_now().await;
    });
    assert_eq!(outcome.result, Ok(()));
}

/// The other thread is inside of a run of its own, which is not disturbed.
#[test]
fn a_wake_from_another_run_is_a_finding_in_the_run_of_the_waker_alone() {
    let outcome = Run::new().execute(|| async {
        let waker = own_waker().await;
        elsewhere(move || {
            let inner = Run::new().execute(|| async {
                waker.wake();
                yield_now().await;
            });
            assert_eq!(inner.result, Ok(()));
            assert_eq!(inner.steps, 2);
        });
        yield_now().await;
    });
    finding_of(outcome, Kind::Nondeterminism);
}

/// A program whose outcome is known, and the wakers of its tasks.
async fn program(wakers: &RefCell<Vec<Waker>>) -> u32 {
    let count = Rc::new(Cell::new(0));
    let waker = own_waker().await;
    wakers.borrow_mut().push(waker);
    for _ in 0..4 {
        let count = Rc::clone(&count);
        let task = spawn(async move {
            let waker = own_waker().await;
            yield_now().await;
            count.set(count.get() + 1);
            waker
        });
        let waker = task.await.expect("it returns");
        wakers.borrow_mut().push(waker);
    }
    count.get()
}

#[test]
fn stale_wakers_may_be_hammered_from_other_threads_while_runs_go_on() {
    let stale: Mutex<Vec<Waker>> = Mutex::default();
    let (is_over, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let wakers = stale.lock().expect("nobody panics").clone();
                    for waker in wakers {
                        waker.wake_by_ref();
                        drop(waker.clone());
                        waker.wake();
                        calls.fetch_add(2, Ordering::Relaxed);
                    }
                }
            });
        }
        let mut seed = 0;
        while seed < 2_000 || calls.load(Ordering::Relaxed) < 20_000 {
            let wakers = RefCell::default();
            let outcome = Run::new().seed(seed).execute(|| program(&wakers));
            assert_eq!(outcome.result, Ok(4));
            assert_eq!(outcome.steps, 13, "seed {seed}");
            let mut stale = stale.lock().expect("nobody panics");
            stale.extend(wakers.take());
            let surplus = stale.len().saturating_sub(50);
            stale.drain(..surplus);
            seed += 1;
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn live_wakers_hammered_from_another_thread_are_found_and_harm_nothing() {
    let live: Mutex<Vec<Waker>> = Mutex::default();
    let (is_over, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut found = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                live.lock().expect("nobody panics").iter().for_each(Waker::wake_by_ref);
                rounds.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            }
        });
        for seed in 0..50 {
            let outcome = Run::new().seed(seed).execute(|| async {
                for _ in 0..20 {
                    let waker = own_waker().await;
                    live.lock().expect("nobody panics").push(waker);
                    let seen = rounds.load(Ordering::Relaxed);
                    for _ in 0..1_000 {
                        if rounds.load(Ordering::Relaxed) > seen + 1 {
                            break;
                        }
                        std::thread::yield_now();
                    }
                    yield_now().await;
                }
            });
            match outcome.result {
                Ok(()) => {}
                Err(finding) => {
                    assert_eq!(finding.kind, Kind::Nondeterminism, "{finding}");
                    found += 1;
                }
            }
            live.lock().expect("nobody panics").clear();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(Run::new().execute(|| async { yield_now().await }).result, Ok(()));
    assert!(found > 0, "the other thread has never come in time");
}

/// What is found of a program that has woken itself from another thread.
fn found_after_a_wake_from_elsewhere<Fut: Future<Output = ()>>(then: fn() -> Fut) -> Finding {
    let run = Run::new().steps_max(1_000);
    let outcome = run.execute(|| async {
        let waker = own_waker().await;
        elsewhere(move || waker.wake());
        then().await;
    });
    finding_of(outcome, Kind::Nondeterminism)
}

#[test]
fn a_wake_from_another_thread_comes_before_whatever_goes_wrong_after_it() {
    let finding = found_after_a_wake_from_elsewhere(|| async {
        yield_now().await;
        panic!("as told");
    });
    assert!(finding.evidence.concat().contains("as told"), "{finding:?}");
    let finding = found_after_a_wake_from_elsewhere(|| async {
        loop {
            yield_now().await;
        }
    });
    assert!(finding.evidence.concat().contains("budget of 1000 steps"), "{finding:?}");
}

#[test]
fn a_wake_from_another_thread_is_found_before_the_clock_goes_on() {
    let finding = found_after_a_wake_from_elsewhere(|| async {
        loop {
            sleep(Duration::from_secs(1)).await;
        }
    });
    assert_eq!(finding.at, Instant::START);
}
