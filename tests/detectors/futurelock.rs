//! Futurelocks: what a future of one's own has that is not polled any more.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, FutureExt, select};
use unpick::primitives::Lock;
use unpick::primitives::task::sleep;
use unpick::sim::options::{Detection, Detectors, Options};
use unpick::sim::{spawn, step, task, yield_now};
use unpick::{Finding, Kind};

use crate::{in_lockstep, kinds};

/// Another task has the lock until one second has passed.
fn have_for_a_second(lock: &Rc<Lock<()>>) {
    let lock = lock.clone();
    drop(task().named("other").spawn(async move {
        let _held = lock.lock().await;
        sleep(Duration::from_secs(1)).await;
    }));
}

async fn handed_to_a_future_that_was_left() {
    let lock = Rc::new(Lock::new(()).named("file"));
    have_for_a_second(&lock);
    yield_now().await;
    let mut first = pin!(async { drop(lock.lock().await) });
    let patience = pin!(sleep(Duration::from_millis(10)));
    let _either = select(first.as_mut(), patience).await;
    drop(lock.lock().await);
    first.await;
}

fn found<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Finding {
    in_lockstep(Options::default(), program).expect("a finding")
}

#[test]
fn a_lock_that_was_handed_to_a_future_that_was_left_is_a_futurelock() {
    let finding = found(handed_to_a_future_that_was_left);
    assert_eq!(finding.kind, Kind::Futurelock);
    insta::assert_snapshot!("handed_to_a_future_that_was_left", finding);
}

#[test]
fn a_guard_in_a_future_that_was_left_is_a_futurelock() {
    let finding = found(|| async {
        let lock = Lock::new(()).named("file");
        let mut first = pin!(async {
            let _held = lock.lock().await;
            sleep(Duration::from_secs(5)).await;
        });
        let patience = pin!(sleep(Duration::from_millis(10)));
        let _either = select(first.as_mut(), patience).await;
        drop(lock.lock().await);
        first.await;
    });
    assert_eq!(finding.kind, Kind::Futurelock, "{finding}");
    assert!(finding.message.contains("which is held by another future of main"), "{finding}");
}

#[test]
fn the_detector_can_be_switched_off() {
    let options = Options {
        detectors: Detectors { futurelocks: Detection::Off, ..Detectors::DEFAULT },
        ..Options::default()
    };
    let finding = in_lockstep(options, handed_to_a_future_that_was_left).expect("a finding");
    assert_eq!(finding.kind, Kind::Deadlock);
}

#[test]
fn a_future_that_is_dropped_with_its_place_is_none() {
    let program = || async {
        let lock = Rc::new(Lock::new(()));
        have_for_a_second(&lock);
        yield_now().await;
        let first = async { drop(lock.lock().await) }.boxed_local();
        drop(select(first, pin!(sleep(Duration::from_millis(10)))).await);
        drop(lock.lock().await);
    };
    assert_eq!(kinds(unpick::Switching::Preemptive, program), [None]);
}

/// The future that was left has its turn while the task looks at it again.
#[test]
fn a_future_that_is_left_and_polled_again_is_none() {
    let program = || async {
        let lock = Rc::new(Lock::new(()));
        have_for_a_second(&lock);
        yield_now().await;
        let mut first = pin!(async { drop(lock.lock().await) });
        let patience = pin!(sleep(Duration::from_millis(10)));
        let was_left = matches!(select(first.as_mut(), patience).await, Either::Right(_));
        step().await;
        if was_left {
            first.await;
        }
        drop(lock.lock().await);
    };
    assert_eq!(kinds(unpick::Switching::Preemptive, program), [None]);
}

/// Near miss: it waits for its own lock, but in the same future that holds it.
#[test]
fn a_task_that_waits_for_its_own_guard_in_one_future_is_a_deadlock() {
    let finding = found(|| async {
        let lock = Lock::new(());
        let _held = lock.lock().await;
        spawn(async {}).await.expect("it returns");
        drop(lock.lock().await);
    });
    assert_eq!(finding.kind, Kind::Deadlock);
}

/// Near miss: it has left a future, but taken the lock only after that.
#[test]
fn a_guard_that_was_taken_after_a_future_was_left_is_not_in_it() {
    let finding = found(|| async {
        let (lock, other) = (Lock::new(()).named("file"), Rc::new(Lock::new(())));
        have_for_a_second(&other);
        yield_now().await;
        let mut left = pin!(other.lock());
        assert!(futures::poll!(&mut left).is_pending());
        yield_now().await;
        let _held = lock.lock().await;
        drop(lock.lock().await);
    });
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
    assert!(finding.message.contains("waits for what it holds itself"), "{finding}");
}
