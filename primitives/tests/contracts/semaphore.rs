//! Semaphores.

use std::rc::Rc;
use std::sync::Arc;

use unpick_primitives::semaphore::ReleaseError;
use unpick_primitives::task::{spawn, yield_now};
use unpick_primitives::{BoundedSemaphore, Semaphore};

use crate::hand::{check_always, ready, waiting};

#[test]
fn a_release_hands_the_permit_to_the_first_waiter() {
    let semaphore = Semaphore::new(0);
    let mut first = waiting(semaphore.acquire_unguarded());
    let mut second = waiting(semaphore.acquire_unguarded());
    semaphore.release();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    second.assert_pending();
    first.assert_ready();
}

#[test]
fn a_newcomer_queues_behind_who_was_handed_a_permit_even_if_permits_are_left() {
    let semaphore = Semaphore::new(0);
    let mut first = waiting(semaphore.acquire_unguarded());
    semaphore.release();
    semaphore.release();
    assert!(semaphore.locked());
    assert!(semaphore.try_acquire().is_err());
    let mut newcomer = waiting(semaphore.acquire_unguarded());
    first.assert_ready();
    assert_eq!(newcomer.wakes(), 1, "whoever takes its permit lets the next ones through");
    newcomer.assert_ready();
    assert!(semaphore.locked());
}

#[test]
fn cancelled_waiter_passes_the_permit_on() {
    let semaphore = Semaphore::new(0);
    let first = waiting(semaphore.acquire());
    let mut second = waiting(semaphore.acquire());
    semaphore.release();
    drop(first);
    assert_eq!(second.wakes(), 1);
    drop(second.assert_ready());
    assert_eq!(format!("{semaphore:?}"), "<Semaphore [unlocked, value:1]>");
}

#[test]
fn cancelled_waiter_lets_everybody_through_that_queued_behind_it() {
    let semaphore = Semaphore::new(0);
    let first = waiting(semaphore.acquire());
    semaphore.release();
    semaphore.release();
    let mut others = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
    drop(first);
    assert_eq!(others.each_mut().map(|other| other.wakes()), [1, 1]);
}

#[test]
fn a_waiter_that_was_handed_nothing_passes_nothing_on() {
    let semaphore = Semaphore::new(0);
    drop(waiting(semaphore.acquire()));
    assert!(semaphore.locked());
    semaphore.release();
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn bounded_semaphore_refuses_a_release_too_many() {
    let semaphore = BoundedSemaphore::new(1);
    assert!(semaphore.release().is_err());
    ready(semaphore.acquire_unguarded());
    assert_eq!(semaphore.release(), Ok(()));
    assert!(semaphore.release().is_err());
}

#[test]
fn bounded_semaphore_keeps_its_bound_when_a_waiter_is_dropped_after_a_release_too_many() {
    let semaphore = BoundedSemaphore::new(1);
    ready(semaphore.acquire_unguarded());
    let waiter = waiting(semaphore.acquire_unguarded());
    assert_eq!(semaphore.release(), Ok(()));
    // The permit is the waiter's, so another one may come back: as in asyncio.
    assert_eq!(semaphore.release(), Ok(()));
    drop(waiter);
    assert_eq!(semaphore.release(), Err(ReleaseError));
    let taken = semaphore.try_acquire();
    assert!(taken.is_ok() && semaphore.try_acquire().is_err());
}

#[test]
fn a_guard_whose_permit_is_back_already_adds_none() {
    let semaphore = BoundedSemaphore::new(1);
    let permit = ready(semaphore.acquire());
    assert_eq!(semaphore.release(), Ok(()));
    drop(permit);
    assert_eq!(format!("{semaphore:?}"), "<BoundedSemaphore [unlocked, value:1]>");
}

#[test]
fn debug_is_in_asyncios_manner() {
    let semaphore = Semaphore::new(1).named("slots");
    let permit = ready(semaphore.acquire());
    let waiter = waiting(semaphore.acquire());
    assert_eq!(format!("{semaphore:?}"), "<Semaphore slots [locked, waiters:1]>");
    drop((waiter, permit));
    assert_eq!(format!("{semaphore:?}"), "<Semaphore slots [unlocked, value:1]>");
}

#[test]
fn no_permit_is_lost_when_waiters_are_aborted() {
    check_always(&(true, true, false), || async {
        let semaphore = Rc::new(Semaphore::new(2));
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let semaphore = semaphore.clone();
                spawn(async move {
                    let _permit = semaphore.acquire().await;
                    yield_now().await;
                })
            })
            .collect();
        yield_now().await;
        tasks[2].abort();
        tasks[4].abort();
        for task in tasks {
            let _ended = task.await;
        }
        let first = semaphore.try_acquire();
        let second = semaphore.try_acquire();
        (first.is_ok(), second.is_ok(), semaphore.try_acquire().is_ok())
    });
}

#[test]
fn who_wants_many_is_not_overtaken_by_who_wants_few() {
    let semaphore = Semaphore::new(1);
    let mut many = waiting(semaphore.acquire_many(3));
    let mut few = waiting(semaphore.acquire());
    semaphore.release();
    many.assert_pending();
    few.assert_pending();
    assert!(semaphore.try_acquire().is_err(), "nobody overtakes");
    semaphore.add_permits(1);
    let many = many.assert_ready();
    few.assert_pending();
    drop(many);
    drop(few.assert_ready());
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn cancelled_want_of_many_lets_those_behind_it_through() {
    let semaphore = Semaphore::new(1);
    let many = waiting(semaphore.acquire_many(3));
    let mut few = waiting(semaphore.acquire());
    drop(many);
    assert_eq!(few.wakes(), 1);
    drop(few.assert_ready());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn cancelled_want_of_many_that_was_granted_gives_all_back() {
    let semaphore = Semaphore::new(0);
    let many = waiting(semaphore.acquire_many(2));
    let (mut first, mut second) = (waiting(semaphore.acquire()), waiting(semaphore.acquire()));
    semaphore.add_permits(2);
    drop(many);
    drop((first.assert_ready(), second.assert_ready()));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn permits_that_were_merged_and_split_are_given_back_once() {
    let semaphore = Semaphore::new(3);
    let mut permits = semaphore.try_acquire_many(2).expect("three are left");
    permits.merge(semaphore.try_acquire().expect("one is left"));
    let split = permits.split(2).expect("it has three");
    assert_eq!((permits.num_permits(), split.num_permits()), (1, 2));
    drop(permits);
    assert_eq!(semaphore.available_permits(), 1);
    drop(split);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn an_owned_permit_outlives_every_other_handle() {
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = ready(semaphore.clone().acquire_owned());
    let weak = Arc::downgrade(&semaphore);
    drop(semaphore);
    assert!(weak.upgrade().is_some_and(|semaphore| semaphore.locked()));
    drop(permit);
    assert!(weak.upgrade().is_none());
}

#[test]
fn permits_that_are_forgotten_are_gone() {
    let semaphore = Semaphore::new(3);
    semaphore.try_acquire_many(2).expect("there are three").forget();
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(semaphore.forget_permits(5), 1);
    assert!(semaphore.try_acquire().is_err());
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn merging_permits_of_another_semaphore_is_refused() {
    let [one, other] = [(); 2].map(|()| Semaphore::new(1));
    let message = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut permit = one.try_acquire().expect("one is left");
        permit.merge(other.try_acquire().expect("one is left"));
    }));
    let message = message.expect_err("they are of two semaphores");
    let message = message.downcast_ref::<String>().expect("it has a message");
    assert!(message.contains("allowed: those of one semaphore"), "{message}");
    assert_eq!((one.available_permits(), other.available_permits()), (1, 1), "none is lost");
}
