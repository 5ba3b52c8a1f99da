//! `hand_over`: futures that must not keep the first waker they have seen.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use unpick::sim::time::sleep;
use unpick::sim::{Run, hand_over, spawn, yield_now};
use unpick::{Hunt, Kind};

use crate::support::probed::Lock;
use crate::{COOPERATIVE, PREEMPTIVE, all_outcomes, finding_of, run_in};

/// Which waker a [`Signal`] calls.
#[derive(Clone, Copy)]
enum Keeps {
    /// The first one that it has seen: the bug.
    First,
    /// The one that it was polled with last, as it has to.
    Last,
}

#[derive(Default)]
struct State {
    is_set: bool,
    waker: Option<Waker>,
}

struct Signal {
    state: Rc<RefCell<State>>,
    keeps: Keeps,
}

impl Future for Signal {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let mut state = self.state.borrow_mut();
        if state.is_set {
            return Poll::Ready(5);
        }
        match self.keeps {
            Keeps::First => {
                state.waker.get_or_insert_with(|| cx.waker().clone());
            }
            Keeps::Last => state.waker = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// Waits for a signal that is set once.
async fn wait(keeps: Keeps) {
    let state: Rc<RefCell<State>> = Rc::default();
    let setter = Rc::clone(&state);
    spawn(async move {
        yield_now().await;
        sleep(Duration::from_millis(1)).await;
        let waker = {
            let mut state = setter.borrow_mut();
            state.is_set = true;
            state.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    });
    assert_eq!(hand_over(Signal { state, keeps }).await, 5);
}

#[test]
fn a_future_that_keeps_its_first_waker_is_found() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let hunt = Hunt::new("first waker").quiet().options(crate::options_of(mode)).runs(100);
        hunt.run(|| wait(Keeps::First)).assert_finds(Kind::LostWakeup);
        hunt.run(|| wait(Keeps::Last)).assert_ok();
        let plain = run_in(mode).plain().execute(|| wait(Keeps::First));
        assert_eq!(plain.result, Ok(()), "plainly it stays where it is");
        assert!(all_outcomes(mode, || wait(Keeps::Last)).iter().all(Result::is_ok));
        assert_eq!(all_outcomes(mode, || wait(Keeps::First)).len(), 2);
    }
}

#[test]
fn instrumented_futures_and_timers_survive_being_handed_over() {
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcomes = all_outcomes(mode, || async {
            let lock = Rc::new(Lock::new());
            let guard = lock.acquire().await;
            let waiting = hand_over(lock.acquire());
            let holder = spawn(async move {
                sleep(Duration::from_millis(2)).await;
                drop(guard);
            });
            drop(waiting.await);
            hand_over(sleep(Duration::from_millis(3))).await;
            holder.await.expect("it returns");
            drop(lock.acquire().await);
        });
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok(())]);
    }
}

#[test]
fn dropping_a_handed_over_future_aborts_its_task() {
    for seed in 0..50 {
        let dropped = Rc::new(());
        let inside = Rc::clone(&dropped);
        let outcome = Run::new().seed(seed).execute(|| async move {
            let mut waiting = hand_over(async move {
                let _inside = inside;
                std::future::pending::<()>().await;
            });
            assert!(futures::poll!(&mut waiting).is_pending());
            drop(waiting);
            for _ in 0..5 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        assert_eq!((outcome.result, outcome.unfinished), (Ok(()), 0), "seed {seed}");
        assert_eq!(Rc::strong_count(&dropped), 1);
    }
}

#[test]
fn polling_it_after_it_has_returned_is_a_misuse() {
    let outcome = Run::new().execute(|| async {
        let mut over = hand_over(async {});
        (&mut over).await;
        (&mut over).await;
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert_eq!(message, "a HandOver was polled after it had returned");
}
