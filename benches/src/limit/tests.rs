//! The minimal engine does what Unpick does.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use unpick::Run;

use super::engine::{Outcome, run, unpack};
use super::lock::Lock;
use super::tasks::{spawn, yield_now};
use super::workloads::{bare, told, unpicked};

/// Both engines draw the same choices and take as many turns, for some seeds.
#[track_caller]
fn check_same<A: Future, B: Future<Output = ()>>(
    seeds: u64,
    unpicked: impl Fn() -> A,
    minimal: impl Fn() -> B,
) {
    for seed in 0..seeds {
        let theirs = Run::new().seed(seed).execute(&unpicked);
        assert!(theirs.result.is_ok(), "it passes");
        let ours = run(seed, &minimal);
        assert_eq!(ours.result, Ok(()));
        let choice = |choice: &unpick::sim::choice::Choice| {
            (choice.label() as u64, choice.arity(), choice.taken())
        };
        let tape: Vec<_> = theirs.tape.choices.iter().map(choice).collect();
        assert_eq!(
            ours.tape.0.iter().copied().map(unpack).collect::<Vec<_>>(),
            tape,
            "seed {seed}"
        );
        assert_eq!((ours.steps, ours.tasks), (theirs.steps, theirs.tasks), "seed {seed}");
    }
}

#[test]
fn the_same_seeds_come_to_the_same_tapes() {
    check_same(3, unpicked::empty, told::empty);
    check_same(3, || unpicked::steps(2, 100), || told::steps(2, 100));
    check_same(200, unpicked::lost_update, told::lost_update);
    check_same(200, unpicked::lock_over_yield, told::lock_over_yield);
    check_same(200, unpicked::bounded_queue, told::bounded_queue);
    check_same(20, unpicked::lock_over_yield, bare::lock_over_yield);
    check_same(20, unpicked::bounded_queue, bare::bounded_queue);
}

#[test]
fn the_same_seeds_come_to_the_same_tapes_of_crowds_and_of_timers() {
    check_same(3, || unpicked::timers(10, 20), || told::timers(10, 20));
    check_same(1, || unpicked::timers(1000, 10), || told::timers(1000, 10));
    check_same(3, || unpicked::spawns(1000), || told::spawns(1000));
    check_same(3, || unpicked::steps(300, 10), || told::steps(300, 10));
}

/// What was recorded is enough to say who holds and who waits.
#[test]
fn two_locks_in_opposite_orders_are_told_of() {
    let both = |first: Rc<Lock<(), true>>, second: Rc<Lock<(), true>>| async move {
        let _first = first.lock().await;
        yield_now().await;
        let _second = second.lock().await;
    };
    let program = || async {
        let (a, b) = (Rc::new(Lock::new(())), Rc::new(Lock::new(())));
        let handles = [spawn(both(a.clone(), b.clone())), spawn(both(b, a))];
        for handle in handles {
            let _ = handle.await;
        }
    };
    let outcomes: Vec<Outcome<()>> = (0..20).map(|seed| run(seed, program)).collect();
    let told = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().err());
    let told: Vec<&String> = told.collect();
    assert!((1..20).contains(&told.len()), "some schedules deadlock: {told:?}");
    for text in told {
        let waits = text.lines().filter(|line| line.contains("waits to acquire lock"));
        assert_eq!(waits.filter(|line| line.contains("which task")).count(), 2, "{text}");
    }
}

#[test]
fn a_waker_of_a_run_that_is_over_is_inert() {
    thread_local! {
        static KEPT: RefCell<Option<Waker>> = const { RefCell::new(None) };
    }
    let keep = || {
        poll_fn(|cx| {
            KEPT.with(|kept| *kept.borrow_mut() = Some(cx.waker().clone()));
            Poll::Ready(())
        })
    };
    assert_eq!(run(1, keep).result, Ok(()));
    let kept = KEPT.with(|kept| kept.borrow_mut().take()).expect("it was kept");
    kept.wake_by_ref();
    let outcome = run(2, || async move {
        let other = spawn(async move {
            yield_now().await;
            // Were it not inert, there would be a choice between the main task and this one.
            kept.wake_by_ref();
            yield_now().await;
        });
        assert_eq!(other.await, Ok(()));
    });
    assert_eq!((outcome.result, outcome.steps, outcome.tape.0.len()), (Ok(()), 5, 0));
}

#[test]
fn tasks_are_aborted_panic_and_are_left_behind() {
    let dropped = Rc::new(());
    let kept = dropped.clone();
    let outcome = run(1, || async move {
        let (lock, kept) = (Rc::new(Lock::<_, true>::new(0)), kept.clone());
        let held = lock.lock().await;
        let waiting = spawn({
            let (lock, kept) = (lock.clone(), kept.clone());
            async move {
                *lock.lock().await += 1;
                drop(kept);
            }
        });
        yield_now().await;
        waiting.abort();
        drop(held);
        assert_eq!(waiting.await, Err(()), "it was aborted");
        *lock.lock().await += 1;
        drop(spawn(async move {
            let _kept = kept;
            pending::<()>().await;
        }));
        yield_now().await;
    });
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(Rc::strong_count(&dropped), 1, "what was left is dropped with the run");
    let outcome = run(1, || async { spawn(async { panic!("as told") }).await });
    assert_eq!(outcome.result.err().as_deref(), Some("task 1 panicked"));
    assert_eq!(run(1, told::lock_over_yield).result, Ok(()), "the next run is as good as any");
}
