//! A second source of timers.

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use unpick::sim::finding::Kind;
use unpick::sim::time::{Instant, TimerSource, attach_source, sleep};
use unpick::sim::{Run, spawn, yield_now};

use super::{MILLI, millis};
use crate::{MODES, finding_of, run_in};

/// A clock of its own, with alarms.
#[derive(Default)]
struct Alarms {
    now: Instant,
    waiting: Vec<(Instant, Waker)>,
    /// The limits that it was given.
    limits: Vec<Option<Instant>>,
}

type Shared = Rc<RefCell<Alarms>>;

struct Source(Shared);

impl TimerSource for Source {
    fn advance(&mut self, limit: Option<Instant>) -> Option<Instant> {
        let mut alarms = self.0.borrow_mut();
        alarms.limits.push(limit);
        let next = alarms.waiting.iter().map(|&(at, _)| at).min();
        let reached = match (next, limit) {
            (None, _) => return None,
            (Some(next), Some(limit)) if next > limit => limit,
            (Some(next), _) => next,
        };
        alarms.now = reached;
        let (due, later) = std::mem::take(&mut alarms.waiting)
            .into_iter()
            .partition::<Vec<_>, _>(|&(at, _)| at <= reached);
        alarms.waiting = later;
        drop(alarms);
        due.into_iter().for_each(|(_, waker)| waker.wake());
        Some(reached)
    }
}

/// Waits for an alarm.
struct Alarm(Shared, Instant);

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut alarms = self.0.borrow_mut();
        if alarms.now >= self.1 {
            return Poll::Ready(());
        }
        let at = self.1;
        alarms.waiting.push((at, cx.waker().clone()));
        Poll::Pending
    }
}

fn attach() -> Shared {
    let shared = Shared::default();
    attach_source(Box::new(Source(Rc::clone(&shared))));
    shared
}

fn alarm(alarms: &Shared, at: u64) -> Alarm {
    Alarm(Rc::clone(alarms), Instant::START + MILLI * at as u32)
}

#[test]
fn timers_and_a_second_source_come_in_the_order_of_their_deadlines() {
    for mode in MODES {
        let outcome = run_in(mode).plain().execute(|| async {
            let alarms = attach();
            let log = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (1..=6_u64)
                .map(|number| {
                    let (alarms, log) = (Rc::clone(&alarms), Rc::clone(&log));
                    spawn(async move {
                        if number % 2 == 0 {
                            sleep(MILLI * number as u32).await;
                        } else {
                            alarm(&alarms, number).await;
                        }
                        log.borrow_mut().push((number, millis()));
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("it returns");
            }
            log.take()
        });
        let expected: Vec<(u64, u64)> = (1..=6).map(|number| (number, number)).collect();
        assert_eq!(outcome.result, Ok(expected));
    }
}

#[test]
fn a_source_is_told_how_far_it_may_go() {
    let outcome = Run::new().plain().execute(|| async {
        let alarms = attach();
        spawn(sleep(10 * MILLI));
        alarm(&alarms, 15).await;
        let limits = std::mem::take(&mut alarms.borrow_mut().limits);
        (limits, millis())
    });
    let first = Instant::START + 10 * MILLI;
    assert_eq!(outcome.result, Ok((vec![Some(first), None], 15)));
}

#[test]
fn a_source_that_has_nothing_leaves_the_engines_timers_and_then_a_deadlock() {
    let outcome = Run::new().execute(|| async {
        let _alarms = attach();
        sleep(10 * MILLI).await;
        pending::<()>().await;
    });
    assert_eq!(outcome.elapsed, Instant::START + 10 * MILLI);
    finding_of(outcome, Kind::Deadlock);
}

#[test]
fn a_source_beyond_the_budget_of_virtual_time_is_a_livelock() {
    let outcome = Run::new().elapsed_max(5 * MILLI).execute(|| async {
        let alarms = attach();
        alarm(&alarms, 4).await;
        alarm(&alarms, 6).await;
    });
    finding_of(outcome, Kind::Livelock);
}

#[test]
fn a_source_of_one_run_is_gone_in_the_next() {
    let first = Run::new().execute(|| async {
        let alarms = attach();
        alarm(&alarms, 3).await;
        alarms
    });
    let alarms = first.result.expect("it passes");
    assert_eq!(Rc::strong_count(&alarms), 1, "the source was dropped with its run");
    let second = Run::new().execute(|| async { sleep(MILLI).await });
    assert_eq!(second.result, Ok(()));
    assert!(alarms.borrow().limits.len() == 1, "it was not asked again");
}

struct Fails;

impl TimerSource for Fails {
    fn advance(&mut self, _: Option<Instant>) -> Option<Instant> {
        panic!("the source gives up")
    }
}

#[test]
fn a_panic_of_a_source_is_a_finding_and_the_thread_can_make_another_run() {
    let outcome = Run::new().execute(|| async {
        attach_source(Box::new(Fails));
        sleep(Duration::from_secs(1)).await;
    });
    assert_eq!(finding_of(outcome, Kind::Panic).message, "the source gives up");
    assert_eq!(Run::new().execute(|| async { yield_now().await }).result, Ok(()));
}

/// Does everything in its drop that a runtime does that is shut down.
struct SpawnsInDrop;

impl TimerSource for SpawnsInDrop {
    fn advance(&mut self, _: Option<Instant>) -> Option<Instant> {
        None
    }
}

impl Drop for SpawnsInDrop {
    fn drop(&mut self) {
        struct Unlocks(Rc<crate::support::probed::Lock>);
        impl Drop for Unlocks {
            fn drop(&mut self) {
                let _ = futures::FutureExt::now_or_never(self.0.acquire());
            }
        }
        let unlocks = Unlocks(Rc::new(crate::support::probed::Lock::new()));
        spawn(async move {
            let _unlocks = unlocks;
            pending::<()>().await;
        });
        let mut sleeping = Box::pin(sleep(Duration::from_secs(7)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleeping.as_mut().poll(&mut context).is_pending());
        std::mem::forget(sleeping);
    }
}

#[test]
fn what_the_drop_of_a_source_leaves_is_dropped_with_the_run() {
    for _ in 0..3 {
        let outcome = Run::new().execute(|| async {
            attach_source(Box::new(SpawnsInDrop));
            yield_now().await;
        });
        assert_eq!(outcome.result, Ok(()));
        let next = Run::new().execute(|| async {
            sleep(Duration::from_secs(9)).await;
        });
        assert_eq!((next.result, next.steps, next.tasks), (Ok(()), 2, 1));
    }
}
