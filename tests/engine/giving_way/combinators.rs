//! Several announced operations in one task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures::stream::{FuturesUnordered, StreamExt};
use futures::{FutureExt, join, select_biased};
use unpick::sim::{Run, spawn, step, yield_now};

use super::{Log, Scripted, mark, ok};
use crate::support::probed::Lock;
use crate::{COOPERATIVE, PREEMPTIVE, all_outcomes};

const ORDERS: [&str; 6] = ["abc", "acb", "bac", "bca", "cab", "cba"];

#[test]
fn each_operation_in_a_join_is_a_turn_of_its_own() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'c'));
        join!(mark(Rc::clone(&log), 'a'), mark(Rc::clone(&log), 'b'));
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(ORDERS.map(str::to_owned)));
    assert_eq!(all_outcomes(COOPERATIVE, program), ok(["abc".to_owned()]));
}

#[test]
fn each_operation_behind_a_waker_of_its_own_is_a_turn_of_its_own() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'c'));
        let both: FuturesUnordered<_> =
            ['a', 'b'].into_iter().map(|name| mark(Rc::clone(&log), name)).collect();
        both.collect::<Vec<()>>().await;
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(ORDERS.map(str::to_owned)));
}

/// The same, two combinators deep: the waker that is called belongs to the inner one.
#[test]
fn nested_combinators_pass_a_grant_through() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'c'));
        let inner: FuturesUnordered<_> =
            ['a', 'b'].into_iter().map(|name| mark(Rc::clone(&log), name)).collect();
        let outer: FuturesUnordered<_> = std::iter::once(inner.collect::<Vec<()>>()).collect();
        join!(outer.collect::<Vec<_>>(), async {});
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(ORDERS.map(str::to_owned)));
}

#[test]
fn granting_one_operation_leaves_its_siblings_pending() {
    let outcome = Run::new().strategy(Scripted::new(&[1])).traced().execute(|| async {
        spawn(async {});
        let log = Log::default();
        let marks = ['a', 'b', 'c', 'd'].map(|name| mark(Rc::clone(&log), name));
        futures::future::join_all(marks).await;
        log.take()
    });
    assert_eq!(outcome.result.as_deref(), Ok("abcd"));
    let text = outcome.trace.expect("it is traced").to_text();
    assert_eq!(text.matches("step, gives way").count(), 4, "{text}");
    assert_eq!(text.matches("step, granted").count(), 4, "each by itself:\n{text}");
    // The first poll, the other task, and one poll for each grant.
    assert_eq!(outcome.steps, 6);
}

#[test]
fn either_branch_of_a_select_may_win_and_the_other_is_withdrawn() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'c'));
        let (mut left, mut right) = (step().fuse(), step().fuse());
        let winner = select_biased! { () = left => 'l', () = right => 'r' };
        log.borrow_mut().push(winner);
        drop((left, right));
        other.await.expect("it returns");
        log.take()
    };
    let all = ["lc", "cl", "rc", "cr"].map(str::to_owned);
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(all));
    assert_eq!(all_outcomes(COOPERATIVE, program), ok(["lc".to_owned()]));
}

#[test]
fn the_else_arm_of_a_select_sees_an_operation_that_gave_way() {
    let program = || async {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'c'));
        let mut stepping = step().fuse();
        let taken = select_biased! { () = stepping => 'l', default => 'd' };
        log.borrow_mut().push(taken);
        other.await.expect("it returns");
        log.take()
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok(["lc", "dc"].map(str::to_owned)));
}

/// Polls a future once, whatever comes of it.
async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A task announces an operation, does something else for a while, and comes back to it.
#[test]
fn a_grant_that_is_not_taken_up_is_withdrawn_and_asked_for_afresh() {
    let program = |turns_away: u32| async move {
        let log = Log::default();
        let other = spawn(mark(Rc::clone(&log), 'c'));
        let mut later = Box::pin(mark(Rc::clone(&log), 'a'));
        let is_done = poll_once(later.as_mut()).await.is_ready();
        for _ in 0..turns_away {
            yield_now().await;
        }
        if !is_done {
            later.await;
        }
        other.await.expect("it returns");
        log.take()
    };
    for turns_away in 0..4 {
        let outcomes = all_outcomes(PREEMPTIVE, || program(turns_away));
        assert_eq!(outcomes, ok(["ac", "ca"].map(str::to_owned)), "{turns_away}");
    }
    // Announce; then grant it while the task is busy with its yield; then ask again.
    let announced_twice = (0..200).find(|&seed| {
        let outcome = Run::new().seed(seed).traced().execute(|| program(3));
        let text = outcome.trace.expect("it is traced").to_text();
        let announced =
            text.lines().filter(|line| line.contains("main  ") && line.contains("gives way"));
        announced.count() == 2
    });
    assert!(announced_twice.is_some(), "no seed grants it while the task looks away");
}

/// An operation that the task holds and does not poll must not keep anybody busy.
#[test]
fn a_task_that_never_comes_back_to_its_operation_is_not_woken_for_ever() {
    let outcomes = all_outcomes(PREEMPTIVE, || async {
        spawn(async { yield_now().await });
        let mut abandoned = Box::pin(step());
        let _ = poll_once(abandoned.as_mut()).await;
        std::future::pending::<()>().await;
    });
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Err(unpick::Kind::Deadlock)]);
}

/// A lock in each branch: whoever wins, the loser's place in the queue is given up.
#[test]
fn a_select_over_two_locks_never_leaves_one_behind() {
    let program = || async {
        let (left, right) = (Rc::new(Lock::new()), Rc::new(Lock::new()));
        let holders = [Rc::clone(&left), Rc::clone(&right)].map(|lock| {
            spawn(async move {
                let _guard = lock.acquire().await;
                step().await;
            })
        });
        {
            let (mut one, mut two) = (left.acquire().fuse(), right.acquire().fuse());
            let _guard = select_biased! { guard = one => guard, guard = two => guard };
        }
        for holder in holders {
            holder.await.expect("it returns");
        }
        drop(left.acquire().await);
        drop(right.acquire().await);
    };
    assert_eq!(all_outcomes(PREEMPTIVE, program), ok([()]));
}
