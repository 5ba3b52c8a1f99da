//! Operations that go on in place count as steps, and names do not depend on what is recorded.

use std::cell::Cell;
use std::rc::Rc;

use futures::FutureExt;

use unpick::sim::finding::Kind;
use unpick::sim::options::Switching;
use unpick::sim::{Run, spawn, step, yield_now};

use crate::finding_of;
use crate::support::probed::Lock;

/// Untraced, the place of a dropped object is used again; its number is not.
#[test]
fn an_object_is_called_the_same_in_a_run_and_in_its_traced_replay() {
    let program = || async {
        for _ in 0..5 {
            drop(Rc::new(Lock::new()));
        }
        let lock = Rc::new(Lock::new());
        let _guard = lock.acquire().await;
        lock.acquire().await;
    };
    let untraced = finding_of(Run::new().execute(program), Kind::Deadlock);
    let traced = finding_of(Run::new().traced().execute(program), Kind::Deadlock);
    assert_eq!(untraced.to_string(), traced.to_string());
}

/// Or the poll would never return.
#[test]
fn a_loop_of_operations_that_go_on_in_place_uses_up_the_budget_of_steps() {
    let outcome = Run::new().plain().steps_max(1000).execute(|| async {
        spawn(async { yield_now().await });
        loop {
            step().await;
        }
    });
    finding_of(outcome, Kind::Livelock);
}

#[test]
fn it_does_so_under_cooperative_switching() {
    let run = Run::new().plain().steps_max(1000).switching(Switching::Cooperative);
    let outcome = run.execute(|| async {
        loop {
            step().await;
        }
    });
    finding_of(outcome, Kind::Livelock);
}

#[test]
fn a_budget_that_is_used_up_is_said_once_and_holds_nothing_up_in_drops() {
    struct TakesTheLock(Rc<Lock>, Rc<Cell<bool>>);

    impl Drop for TakesTheLock {
        fn drop(&mut self) {
            self.1.set(self.0.acquire().now_or_never().is_some());
        }
    }

    let has_taken = Rc::new(Cell::new(false));
    let taken = Rc::clone(&has_taken);
    let outcome = Run::new().plain().steps_max(1000).execute(|| async {
        let _drops = TakesTheLock(Rc::new(Lock::new()), taken);
        loop {
            futures::join!(step(), step(), step(), step());
        }
    });
    let finding = finding_of(outcome, Kind::Livelock);
    assert!(finding.evidence.is_empty(), "{finding}");
    assert!(has_taken.get(), "nothing gives way in teardown");
}
