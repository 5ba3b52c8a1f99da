use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use unpick_primitives::task::{
    Instant, JoinError, TimeoutError, shield, sleep, spawn, timeout, timeout_at, to_thread,
    yield_now,
};
use unpick_sim::Run;
use unpick_sim::options::Switching;

use super::{Notes, every, plain, seconds};

#[test]
fn the_future_is_dropped_when_its_time_is_up() {
    let notes = Notes::default();
    plain(|| async {
        let noted = notes.on_drop("future");
        let late = timeout(seconds(2), async move {
            let _noted = noted;
            pending::<()>().await
        });
        assert_eq!(late.await, Err(TimeoutError));
        notes.add("timeout returned");
        assert_eq!(Instant::now().to_string(), "2.000");
    });
    notes.check(&["future dropped", "timeout returned"]);
}

#[test]
fn the_future_is_gone_when_the_timeout_returns_and_not_only_when_that_is_dropped() {
    let notes = Notes::default();
    plain(|| async {
        for limit in [1, 3] {
            let noted = notes.on_drop("future");
            let mut timeout = pin!(timeout(seconds(limit), async move {
                let _noted = noted;
                sleep(seconds(2)).await
            }));
            assert_eq!(timeout.as_mut().await.is_ok(), limit == 3);
            notes.add("timeout returned");
        }
    });
    notes.check(&["future dropped", "timeout returned", "future dropped", "timeout returned"]);
}

#[test]
fn a_future_that_has_returned_is_gone_when_the_timeout_returns() {
    let notes = Notes::default();
    plain(|| async {
        let noted = notes.on_drop("future");
        // Unlike that of an `async` block, what it has captured stays until it is dropped.
        let returns = poll_fn(move |_| {
            let _noted = &noted;
            Poll::Ready(())
        });
        let mut timeout = pin!(timeout(seconds(1), returns));
        assert_eq!(timeout.as_mut().await, Ok(()));
        notes.add("timeout returned");
    });
    notes.check(&["future dropped", "timeout returned"]);
}

#[test]
fn value_and_deadline_at_the_same_instant_race_and_plainly_the_value_wins() {
    let program = || async { timeout(seconds(1), sleep(seconds(1))).await.is_ok() };
    assert!(plain(program));
    assert_eq!(every(Switching::Cooperative, program), [false, true].into());
    assert_eq!(every(Switching::Preemptive, program), [false, true].into());
}

#[test]
fn a_value_before_the_deadline_does_not_race() {
    let program = || async { timeout(seconds(2), sleep(seconds(1))).await.is_ok() };
    let outcome = Run::new().plain().execute(program);
    assert_eq!(outcome.result, Ok(true));
    assert!(outcome.tape.choices.is_empty());
}

#[test]
fn a_value_that_is_there_at_once_wins_over_a_deadline_in_the_past() {
    let program = || async { timeout_at(Instant::START, ready(7)).await.is_ok() };
    assert_eq!(every(Switching::Cooperative, program), [true].into());
    let late = || async { timeout(Duration::ZERO, pending::<()>()).await };
    assert_eq!(plain(late), Err(TimeoutError));
}

#[test]
fn the_inner_of_two_timeouts_strikes_alone() {
    plain(|| async {
        let inner = timeout(seconds(1), pending::<()>());
        assert_eq!(timeout(seconds(2), inner).await, Ok(Err(TimeoutError)));
        let inner = timeout(seconds(3), pending::<()>());
        assert_eq!(timeout(seconds(1), inner).await, Err(TimeoutError));
        assert_eq!(Instant::now().to_string(), "2.000");
    });
}

#[test]
fn a_timeout_leaves_no_timer_behind() {
    plain(|| async {
        assert_eq!(timeout(seconds(100), sleep(seconds(1))).await, Ok(()));
        spawn(sleep(seconds(1))).await.expect("it returns");
    });
    let outcome = Run::new().plain().execute(|| async {
        let _ = timeout(seconds(100), yield_now()).await;
        pending::<()>().await;
    });
    assert_eq!(outcome.elapsed, Instant::START);
}

#[test]
fn a_shielded_future_outlives_who_waits_for_it() {
    let is_done = Cell::new(false);
    let is_done = std::rc::Rc::new(is_done);
    plain(|| async {
        let flag = is_done.clone();
        let shielded = shield(async move {
            sleep(seconds(2)).await;
            flag.set(true);
        });
        assert_eq!(timeout(seconds(1), shielded).await, Err(TimeoutError));
        sleep(seconds(5)).await;
    });
    assert!(is_done.get());
}

#[test]
fn a_shield_gives_what_its_future_gives() {
    plain(|| async {
        assert_eq!(shield(async { 7 }).await, Ok(7));
    });
}

#[test]
fn a_closure_runs_as_a_step_of_its_own() {
    let notes = Notes::default();
    plain(|| async {
        let inner = notes.clone();
        let task = to_thread(move || {
            inner.add("closure");
            7
        });
        notes.add("to_thread returned");
        assert_eq!(task.await, Ok(7));
        let never = to_thread(|| 8);
        never.abort();
        assert_eq!(never.await, Err(JoinError::Cancelled));
    });
    notes.check(&["to_thread returned", "closure"]);
}

#[test]
fn a_timeout_that_is_rescheduled_strikes_at_its_new_deadline() {
    for moved_to in [1, 5] {
        plain(move || async move {
            let mut never = pin!(timeout(seconds(3), pending::<()>()));
            assert!(futures::poll!(never.as_mut()).is_pending());
            never.as_mut().reschedule(Instant::START + seconds(moved_to));
            assert_eq!(never.deadline(), Instant::START + seconds(moved_to));
            assert_eq!(never.await, Err(TimeoutError));
            assert_eq!(Instant::now(), Instant::START + seconds(moved_to));
        });
    }
}

#[test]
fn a_timeout_that_is_rescheduled_in_time_lets_its_value_through() {
    plain(|| async {
        let mut slow = pin!(timeout(seconds(1), async {
            sleep(seconds(2)).await;
            7
        }));
        assert!(futures::poll!(slow.as_mut()).is_pending());
        slow.as_mut().reschedule(Instant::START + seconds(3));
        assert_eq!(slow.await, Ok(7));
    });
}
