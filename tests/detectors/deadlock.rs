//! Deadlocks: the ring is named, and only where there is one.

use std::rc::Rc;

use unpick::primitives::{Lock, Semaphore};
use unpick::sim::options::Options;
use unpick::sim::{spawn, task};
use unpick::{Finding, Kind};

use crate::in_lockstep;

fn deadlock_of<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Finding {
    let finding = in_lockstep(Options::default(), program).expect("a deadlock");
    assert_eq!(finding.kind, Kind::Deadlock);
    finding
}

#[test]
fn tasks_that_hold_what_the_next_one_wants_are_a_ring() {
    let finding = deadlock_of(|| async {
        let forks = Rc::new([0, 1, 2].map(|_| Lock::new(())));
        let dine = |seat: usize, forks: Rc<[Lock<()>; 3]>| async move {
            let _left = forks[seat].lock().await;
            let _right = forks[(seat + 1) % 3].lock().await;
        };
        let names = ["ada", "ben", "cem"];
        let tasks =
            [0, 1, 2].map(|seat| task().named(names[seat]).spawn(dine(seat, forks.clone())));
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    });
    let ring = "3 wait in a ring: main.1 ada -> main.2 ben -> main.3 cem -> main.1 ada";
    assert!(finding.message.ends_with(ring), "{finding}");
}

#[test]
fn a_task_that_waits_for_what_it_holds_is_a_ring_of_one() {
    let finding = deadlock_of(|| async {
        let lock = Lock::new(());
        let _held = lock.lock().await;
        let _again = lock.lock().await;
    });
    assert!(finding.message.ends_with("; main waits for what it holds itself"), "{finding}");
}

#[test]
fn a_task_that_joins_who_waits_for_its_lock_is_in_a_ring() {
    let finding = deadlock_of(|| async {
        let lock = Rc::new(Lock::new(()));
        let _held = lock.lock().await;
        let wanted = lock.clone();
        let child = spawn(async move { drop(wanted.lock().await) });
        child.await.expect("nobody aborts it");
    });
    assert!(finding.message.ends_with("2 wait in a ring: main -> main.1 -> main"), "{finding}");
}

#[test]
fn a_permit_that_nobody_gives_back_is_no_ring() {
    let finding = deadlock_of(|| async {
        let semaphore = Rc::new(Semaphore::new(1));
        let leaked = semaphore.clone();
        spawn(async move { leaked.acquire_unguarded().await }).await.expect("it returns");
        drop(semaphore.acquire().await);
    });
    assert!(!finding.message.contains("ring"), "{finding}");
    assert_eq!(finding.blocked[0].waits[0].holders[0].task, "main.1 (ended)");
}

#[test]
fn a_future_that_was_handed_over_is_named_by_the_line_that_awaits_it() {
    let program = || async { unpick::sim::hand_over(std::future::pending::<()>()).await };
    let findings = (0..20).map(|seed| {
        let outcome = unpick::Run::new().seed(seed).execute(program);
        outcome.result.expect_err("it never comes")
    });
    let moved = findings.into_iter().find(|finding| finding.blocked.len() == 2);
    let moved = moved.expect("in one of twenty runs it is moved");
    let (joins, spawned) = (&moved.blocked[0].waits[0], &moved.blocked[1].spawned);
    assert_eq!(joins.place.file, "tests/detectors/deadlock.rs");
    assert_eq!(spawned.as_ref(), Some(&joins.place));
}

#[test]
fn waiting_for_what_never_comes_is_no_ring() {
    let finding = deadlock_of(std::future::pending);
    assert!(!finding.message.contains("ring"), "{finding}");
}
