//! The semaphore.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use unpick_sim::finding::Kind;
use unpick_sim::options::{Leaks, Options};
use unpick_sim::{Run, spawn, task, yield_now};
use unpick_tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};

use crate::{all, check_always, found};

#[test]
fn no_more_go_on_than_there_are_permits() {
    check_always(&true, || async {
        let semaphore = Arc::new(Semaphore::new(2));
        let (inside, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        all((0..4).map(|_| {
            let (semaphore, inside, most) = (semaphore.clone(), inside.clone(), most.clone());
            async move {
                let _permit = semaphore.acquire().await.expect("it is open");
                inside.set(inside.get() + 1);
                most.set(most.get().max(inside.get()));
                yield_now().await;
                yield_now().await;
                inside.set(inside.get() - 1);
            }
        }))
        .await;
        most.get() <= 2
    });
}

#[test]
fn permits_that_all_wait_for_each_other_are_a_deadlock() {
    let finding = found(|| async {
        let semaphore = Arc::new(Semaphore::new(2));
        let greedy = |semaphore: Arc<Semaphore>| async move {
            let _one = semaphore.acquire().await.expect("it is open");
            let _more = semaphore.clone().acquire_many_owned(1).await.expect("it is open");
        };
        let first = task().named("first").spawn(greedy(semaphore.clone()));
        let second = task().named("second").spawn(greedy(semaphore));
        first.await.expect("it returns");
        second.await.expect("it returns");
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    insta::assert_snapshot!("permits", finding);
}

#[test]
fn a_permit_that_was_forgotten_is_still_its_takers() {
    let finding = found(|| async {
        let semaphore = Rc::new(Semaphore::new(1));
        let leaked = semaphore.clone();
        let leaker = task().named("leaker");
        let leaker =
            leaker.spawn(async move { leaked.acquire().await.map(SemaphorePermit::forget) });
        leaker.await.expect("it returns").expect("it is open");
        drop(semaphore.acquire().await);
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    assert_eq!(finding.blocked[0].waits[0].holders[0].task, "main.1 leaker (ended)");
}

#[test]
fn a_permit_that_is_kept_by_a_task_that_waits_is_a_leak() {
    let run = Run::with(Options { leaks: Leaks::Forbid, ..Options::default() });
    let outcome = run.execute(|| async {
        let semaphore = Arc::new(Semaphore::new(1));
        let keeper = spawn(async move {
            let _permit = semaphore.acquire_owned().await.expect("it is open");
            std::future::pending::<()>().await;
        });
        yield_now().await;
        drop(keeper);
    });
    assert_eq!(outcome.result.expect_err("a leak").kind, Kind::Leak);
}

#[test]
fn forgotten_permits_come_back_when_they_are_added() {
    check_always(&1, || async {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.acquire().await.expect("it is open").forget();
        let other = semaphore.clone();
        let waiting = spawn(async move { drop(other.acquire().await) });
        semaphore.add_permits(1);
        waiting.await.expect("it returns");
        semaphore.available_permits()
    });
}

#[test]
fn permits_are_split_and_merged() {
    check_always(&(), || async {
        let semaphore = Arc::new(Semaphore::new(5));
        let mut three = semaphore.acquire_many(3).await.expect("it is open");
        let one = three.split(1).expect("there are three");
        assert!(three.split(3).is_none());
        drop(one);
        assert_eq!((three.num_permits(), semaphore.available_permits()), (2, 3));
        three.merge(semaphore.try_acquire().expect("three are left"));
        assert_eq!((three.num_permits(), semaphore.available_permits()), (3, 2));
        drop(three);
        let mut owned = semaphore.clone().acquire_many_owned(5).await.expect("it is open");
        let taken: Vec<OwnedSemaphorePermit> = (0..4).filter_map(|_| owned.split(1)).collect();
        assert_eq!((taken.len(), owned.num_permits()), (4, 1));
        assert_eq!(semaphore.try_acquire().expect_err("none is left"), TryAcquireError::NoPermits);
        drop(taken);
        owned.forget();
        assert_eq!((semaphore.available_permits(), semaphore.forget_permits(9)), (4, 4));
    });
}

#[test]
fn closing_ends_every_wait() {
    check_always(&true, || async {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiting = semaphore.clone();
        let waiting = spawn(async move { waiting.acquire().await.is_err() });
        yield_now().await;
        semaphore.close();
        waiting.await.expect("it returns") && semaphore.try_acquire().is_err()
    });
}

#[test]
fn permits_are_what_tokio_counts_outside_of_runs() {
    let semaphore = Arc::new(Semaphore::new(2));
    let permit = semaphore.clone().try_acquire_many_owned(2).expect("two are left");
    assert_eq!(semaphore.available_permits(), 0);
    drop(permit);
    assert_eq!(semaphore.available_permits(), 2);
    assert!(format!("{semaphore:?}").contains("Semaphore"));
}
