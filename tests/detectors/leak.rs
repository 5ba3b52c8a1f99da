//! Leaks: what is left when the main future has ended.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use unpick::primitives::task::sleep;
use unpick::primitives::{Lock, Queue, Semaphore};
use unpick::sim::options::{Leaks, Options};
use unpick::sim::strategy::Lockstep;
use unpick::sim::{spawn, task, yield_now};
use unpick::{Finding, Kind, Run};

use crate::in_lockstep;

fn forbidding<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Option<Finding> {
    in_lockstep(Options { leaks: Leaks::Forbid, ..Options::default() }, program)
}

/// A task that waits for an item, with a lock in hand.
async fn leave_a_task_with_a_lock() {
    let lock = Rc::new(Lock::new(()).named("db"));
    let jobs = Rc::new(Queue::<u32>::new(0).named("jobs"));
    drop(task().named("worker").spawn(async move {
        let _held = lock.lock().await;
        let _never = jobs.get().await;
    }));
    for _ in 0..4 {
        yield_now().await;
    }
}

#[test]
fn a_task_that_is_left_is_a_leak_with_what_it_holds() {
    let finding = forbidding(leave_a_task_with_a_lock).expect("a finding");
    assert_eq!(finding.kind, Kind::Leak);
    insta::assert_snapshot!("left_with_a_lock", finding);
}

#[test]
fn leaks_are_allowed_by_default() {
    assert_eq!(in_lockstep(Options::default(), leave_a_task_with_a_lock), None);
}

#[test]
fn a_task_that_is_joined_is_no_leak() {
    let finding = forbidding(|| async {
        spawn(async { yield_now().await }).await.expect("nobody aborts it");
    });
    assert_eq!(finding, None);
}

#[test]
fn a_daemon_is_no_leak() {
    let finding = forbidding(|| async {
        drop(task().daemon().spawn(async {
            loop {
                sleep(Duration::from_secs(1)).await;
            }
        }));
        sleep(Duration::from_secs(3)).await;
    });
    assert_eq!(finding, None);
}

/// Near miss: it was aborted, but has not been dropped yet.
#[test]
fn a_task_that_was_only_asked_to_end_is_a_leak() {
    let finding = forbidding(|| async {
        let task = spawn(std::future::pending::<()>());
        yield_now().await;
        task.abort();
    });
    assert_eq!(finding.map(|finding| finding.kind), Some(Kind::Leak));
    let finding = forbidding(|| async {
        let task = spawn(std::future::pending::<()>());
        yield_now().await;
        task.abort();
        assert!(task.await.is_err(), "it was aborted");
    });
    assert_eq!(finding, None);
}

#[test]
fn many_that_are_left_are_counted() {
    let finding = forbidding(|| async {
        for _ in 0..50 {
            drop(spawn(std::future::pending::<()>()));
        }
        sleep(Duration::from_secs(1)).await;
    });
    let finding = finding.expect("a finding");
    assert_eq!(finding.message, "50 tasks had not ended when main did");
    assert!(finding.to_string().contains("and 42 more tasks likewise"), "{finding}");
}

/// Somebody takes a permit without a guard, and ends.
async fn keep_a_permit(permits: &Rc<Semaphore>, way: fn(&Semaphore)) {
    let permits = permits.clone();
    let taker = task().named("taker").spawn(async move {
        permits.acquire_unguarded().await;
        way(&permits);
    });
    taker.await.expect("nobody aborts it");
}

#[test]
fn what_is_never_given_back_is_a_leak() {
    let permits = || Rc::new(Semaphore::new(2).named("permits"));
    let finding = forbidding(|| async { keep_a_permit(&permits(), |_| {}).await });
    let finding = finding.expect("a finding");
    assert_eq!(finding.kind, Kind::Leak);
    assert_eq!(finding.message, "something was taken and never given back");
    assert_eq!(finding.task.as_deref(), Some("main.1 taker"));
    let said = &finding.story[0];
    assert!(said.starts_with("left: semaphore permits, not given back by main.1 taker"), "{said}");

    let finding = forbidding(|| async { keep_a_permit(&permits(), Semaphore::release).await });
    assert_eq!(finding, None);
    let finding = forbidding(|| async {
        let permits = permits();
        keep_a_permit(&permits, |_| {}).await;
        permits.release();
    });
    assert_eq!(finding, None, "anybody may give it back");
}

#[test]
fn what_is_forgotten_on_purpose_is_no_leak() {
    let finding = forbidding(|| async {
        let permits = Rc::new(Semaphore::new(2));
        let forgets = permits.clone();
        let task = spawn(async move { forgets.acquire().await.forget() });
        task.await.expect("nobody aborts it");
    });
    assert_eq!(finding, None);
}

#[test]
fn where_leaks_are_allowed_they_are_remarked() {
    let run = Run::new().strategy(Lockstep).traced();
    let outcome = run.execute(leave_a_task_with_a_lock);
    assert_eq!(outcome.result, Ok(()));
    let [left] = &outcome.remarks[..] else { panic!("{:?}", outcome.remarks) };
    assert!(left.starts_with("left: main.1 worker waits: get queue jobs at"), "{left}");
    assert!(left.contains("; it holds lock db since t=0.000"), "{left}");
}

#[test]
fn a_guard_that_is_forgotten_is_a_leak_with_the_line_that_took_it() {
    let line = line!() + 4;
    let finding = forbidding(|| async {
        let lock = Rc::new(Lock::new(()).named("db"));
        let forgets = lock.clone();
        let task = spawn(async move { std::mem::forget(forgets.lock().await) });
        task.await.expect("nobody aborts it");
    });
    let finding = finding.expect("a finding");
    assert_eq!(finding.kind, Kind::Leak);
    assert_eq!(finding.place.as_ref().map(|place| place.line), Some(line), "{finding}");
    let said = "left: lock db, taken by main.1 at ";
    assert!(finding.story[0].starts_with(said), "{finding}");
    assert!(finding.story[0].ends_with(", whose guard was never dropped"), "{finding}");
}

/// Near miss: the guard of a task that has ended is somewhere else, and dropped there.
#[test]
fn a_guard_that_outlives_its_task_is_no_leak() {
    let finding = forbidding(|| async {
        let permits = Arc::new(Semaphore::new(2));
        let (one, other) = (permits.clone(), permits.clone());
        let unread = spawn(async move { one.acquire_owned().await });
        let kept = spawn(async move { other.acquire_owned().await });
        let _kept = kept.await.expect("nobody aborts it");
        sleep(Duration::from_millis(1)).await;
        drop(unread);
    });
    assert_eq!(finding, None);
}

#[test]
fn what_is_held_at_the_end_of_runs_that_pass_is_counted() {
    let held = |program: fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>| {
        Run::new().strategy(Lockstep).execute(program).held
    };
    assert_eq!(held(|| Box::pin(leave_a_task_with_a_lock())), 1);
    let forgets = || async {
        let permits = Rc::new(Semaphore::new(2));
        std::mem::forget(permits.acquire().await);
        keep_a_permit(&permits, |_| {}).await;
    };
    assert_eq!(Run::new().plain().execute(forgets).held, 2);
    let goes_on = || async {
        let lock = Rc::new(Lock::new(()));
        drop(spawn(async move {
            let _held = lock.lock().await;
            sleep(Duration::from_secs(1)).await;
        }));
        sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(Run::new().plain().execute(goes_on).held, 0, "it would have let go of it");
}
