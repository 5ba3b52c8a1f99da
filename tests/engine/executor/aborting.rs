//! Aborting: deferred, and certain.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use unpick::sim::options::Switching;
use unpick::sim::time::sleep;
use unpick::sim::{AbortHandle, JoinError, Run, spawn, step, task, yield_now};

use crate::support::probed::Lock;
use crate::{COOPERATIVE, MODES, PREEMPTIVE, all_outcomes};

/// Says when it is dropped.
struct Tells(Rc<RefCell<Vec<&'static str>>>, &'static str);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.borrow_mut().push(self.1);
    }
}

#[test]
fn a_task_that_is_aborted_before_its_first_poll_is_never_polled() {
    for mode in MODES {
        let outcomes = all_outcomes(mode, || async {
            let polled = Rc::new(Cell::new(false));
            let inside = Rc::clone(&polled);
            let task = spawn(async move { inside.set(true) });
            assert!(task.abort());
            assert!(!task.is_finished(), "it is dropped when it is scheduled, not before");
            let joined = task.await;
            (joined == Err(JoinError::Cancelled), polled.get())
        });
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok((true, false))]);
    }
}

/// This is where cancellation bugs live: the wake-up has been given, and is never seen.
#[test]
fn a_task_whose_own_wake_up_is_pending_is_dropped_all_the_same() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcomes = all_outcomes(mode, || async {
            let (sender, receiver) = futures::channel::oneshot::channel::<()>();
            let received = Rc::new(Cell::new(false));
            let inside = Rc::clone(&received);
            let task = spawn(async move {
                receiver.await.expect("it is sent");
                inside.set(true);
            });
            sleep(Duration::from_millis(1)).await;
            sender.send(()).expect("the task waits");
            assert!(task.abort());
            let joined = task.await;
            (joined, received.get()) == (Err(JoinError::Cancelled), false)
        });
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok(true)]);
    }
}

#[test]
fn a_blocked_task_is_dropped_without_anybody_else_waking_it() {
    for mode in MODES {
        let outcomes = all_outcomes(mode, || async {
            let lock = Rc::new(Lock::new());
            let guard = lock.acquire().await;
            let waiting = Rc::clone(&lock);
            let task = spawn(async move { drop(waiting.acquire().await) });
            yield_now().await;
            task.abort();
            let joined = task.await;
            drop(guard);
            drop(lock.acquire().await);
            joined == Err(JoinError::Cancelled)
        });
        // Under preemptive switching it may have got through before.
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert!(outcomes.contains(&Ok(true)));
    }
}

#[test]
fn an_aborted_task_lets_go_of_what_it_holds() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcomes = all_outcomes(mode, || async {
            let lock = Rc::new(Lock::new());
            let held = Rc::clone(&lock);
            let task = spawn(async move {
                let _guard = held.acquire().await;
                std::future::pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            drop(lock.acquire().await);
        });
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}

#[test]
fn a_task_that_was_handed_a_lock_and_is_aborted_passes_it_on() {
    let outcomes = all_outcomes(PREEMPTIVE, || async {
        let lock = Rc::new(Lock::new());
        let guard = lock.acquire().await;
        let waiters = [(); 2].map(|()| {
            let lock = Rc::clone(&lock);
            spawn(async move { drop(lock.acquire().await) })
        });
        yield_now().await;
        drop(guard);
        let [first, second] = waiters;
        first.abort();
        second.await.expect("the lock comes to it")
    });
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[test]
fn a_task_may_abort_itself_and_goes_on_to_its_next_await() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcomes = all_outcomes(mode, || async {
            let own: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
            let seen = Rc::new(Cell::new(0));
            let (inside, seen_inside) = (Rc::clone(&own), Rc::clone(&seen));
            let task = spawn(async move {
                yield_now().await;
                assert!(inside.borrow().as_ref().expect("it was put there").abort());
                seen_inside.set(1);
                yield_now().await;
                seen_inside.set(2);
            });
            *own.borrow_mut() = Some(task.abort_handle());
            (task.await.is_err(), seen.get())
        });
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok((true, 1))]);
    }
}

#[test]
fn a_task_that_returns_in_the_poll_in_which_it_aborts_itself_has_returned() {
    let outcomes = all_outcomes(PREEMPTIVE, || async {
        let own: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
        let inside = Rc::clone(&own);
        let task = spawn(async move {
            yield_now().await;
            inside.borrow().as_ref().expect("it was put there").abort();
            7
        });
        *own.borrow_mut() = Some(task.abort_handle());
        task.await.ok()
    });
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok(Some(7))]);
}

#[test]
fn aborting_twice_or_too_late_has_no_effect() {
    let outcome = Run::new().plain().execute(|| async {
        let task = spawn(std::future::pending::<()>());
        let (first, second) = (task.abort(), task.abort());
        let handle = task.abort_handle();
        let joined = task.await;
        let returned = spawn(async { 5 });
        yield_now().await;
        let too_late = returned.abort();
        (first, second, joined, handle.abort(), too_late, returned.await)
    });
    let expected = (true, true, Err(JoinError::Cancelled), false, false, Ok(5));
    assert_eq!(outcome.result, Ok(expected));
    assert_eq!(outcome.unfinished, 0);
}

#[test]
fn dropping_now_drops_before_it_returns() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcomes = all_outcomes(mode, || async {
            let log = Rc::default();
            let tells = Tells(Rc::clone(&log), "dropped");
            let task = spawn(async move {
                let _tells = tells;
                std::future::pending::<()>().await;
            });
            yield_now().await;
            let was_unfinished = task.abort_handle().drop_now();
            log.borrow_mut().push("after");
            let again = task.abort_handle().drop_now();
            (was_unfinished, again, task.is_finished(), log.take(), task.await.is_err())
        });
        let expected = (true, false, true, vec!["dropped", "after"], true);
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok(expected)]);
    }
}

#[test]
fn dropping_now_what_is_running_aborts_it() {
    let outcome = Run::new().plain().execute(|| async {
        let own: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
        let inside = Rc::clone(&own);
        let task = spawn(async move {
            yield_now().await;
            let was_unfinished = inside.borrow().as_ref().expect("it was put there").drop_now();
            assert!(was_unfinished);
            yield_now().await;
            unreachable!("it is dropped before it comes here");
        });
        *own.borrow_mut() = Some(task.abort_handle());
        task.await
    });
    assert_eq!(outcome.result, Ok(Err::<(), _>(JoinError::Cancelled)));
}

/// Each task drops the next one where it stands, while its own future is being dropped.
#[test]
fn dropping_now_may_be_nested() {
    struct DropsNext(Option<AbortHandle>, Rc<RefCell<Vec<&'static str>>>, &'static str);
    impl Drop for DropsNext {
        fn drop(&mut self) {
            let path = unpick::sim::current_path();
            assert_eq!(path.as_deref(), Some(self.2), "a drop runs as its own task");
            if let Some(next) = self.0.take() {
                assert!(next.drop_now());
            }
            self.1.borrow_mut().push(self.2);
        }
    }
    let outcome = Run::new().plain().execute(|| async {
        let log = Rc::default();
        let mut next = None;
        for name in ["main.1", "main.2", "main.3"] {
            let guard = DropsNext(next.take(), Rc::clone(&log), name);
            let task = spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            });
            next = Some(task.abort_handle());
        }
        yield_now().await;
        next.expect("there is one").drop_now();
        assert_eq!(unpick::sim::current_path().as_deref(), Some("main"));
        log.take()
    });
    assert_eq!(outcome.result, Ok(vec!["main.1", "main.2", "main.3"]));
    assert_eq!(outcome.unfinished, 0);
}

#[test]
fn a_task_dropped_now_while_an_operation_of_its_own_is_announced_leaves_no_turn() {
    let outcomes = all_outcomes(PREEMPTIVE, || async {
        let task = spawn(async {
            futures::join!(step(), step());
        });
        step().await;
        step().await;
        task.abort_handle().drop_now();
        step().await;
        task.await.is_err()
    });
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(outcomes.len(), 2);
}

#[test]
fn a_daemon_can_be_aborted_like_any_task() {
    let outcome = Run::new().execute(|| async {
        let daemon = task().daemon().spawn(std::future::pending::<()>());
        daemon.abort();
        daemon.await
    });
    assert_eq!(outcome.result, Ok(Err(JoinError::Cancelled)));
}

/// It is woken by what it drops, by its number, and then wakes itself in the same poll.
#[test]
fn a_task_that_is_woken_while_it_drops_another_one_has_one_turn_more() {
    for run in [Run::new(), Run::new().traced()] {
        let outcome = run.switching(Switching::Cooperative).execute(|| async {
            let lock = Rc::new(unpick::primitives::Lock::new(()));
            let inside = Rc::clone(&lock);
            let holder = spawn(async move {
                let _held = inside.lock().await;
                std::future::pending::<()>().await;
            });
            while !lock.locked() {
                yield_now().await;
            }
            let (mut acquire, mut polls) = (std::pin::pin!(lock.lock()), 0);
            let _held = poll_fn(|cx| {
                polls += 1;
                let acquired = acquire.as_mut().poll(cx);
                if polls == 1 {
                    assert!(acquired.is_pending());
                    assert!(holder.abort_handle().drop_now());
                    cx.waker().wake_by_ref();
                }
                acquired
            })
            .await;
            polls
        });
        assert_eq!(outcome.result, Ok(2));
    }
}

#[test]
fn a_task_that_is_aborted_by_what_it_drops_ends_after_its_poll() {
    struct Aborts(Rc<RefCell<Option<AbortHandle>>>);
    impl Drop for Aborts {
        fn drop(&mut self) {
            assert!(self.0.borrow().as_ref().expect("it was put there").abort());
        }
    }
    for run in [Run::new(), Run::new().traced()] {
        let outcome = run.execute(|| async {
            let dropper = Rc::new(RefCell::new(None));
            let aborts = Aborts(Rc::clone(&dropper));
            let dropped = spawn(async move {
                let _aborts = aborts;
                std::future::pending::<()>().await;
            });
            let polls = Rc::new(Cell::new(0));
            let inside = Rc::clone(&polls);
            let task = spawn(poll_fn(move |cx| {
                inside.set(inside.get() + 1);
                assert!(dropped.abort_handle().drop_now());
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            }));
            *dropper.borrow_mut() = Some(task.abort_handle());
            (task.await, polls.get())
        });
        assert_eq!(outcome.result, Ok((Err(JoinError::Cancelled), 1)));
    }
}
