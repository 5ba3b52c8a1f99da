//! A real second source: a paused tokio runtime, whose clock the run's clock drives.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::task::{ArcWake, AtomicWaker, waker};
use tokio::runtime::{Builder, Runtime};
use unpick::sim::finding::Kind;
use unpick::sim::time::{Instant, TimerSource, attach_source, sleep};
use unpick::sim::{Run, spawn};

use super::{MILLI, millis};
use crate::{MODES, finding_of, run_in};

/// Whether somebody was woken, and who waits for that.
#[derive(Default)]
struct Bell {
    rang: AtomicBool,
    listener: AtomicWaker,
}

/// Rings the bell, and wakes a task.
struct Ringer {
    bell: Arc<Bell>,
    task: std::task::Waker,
}

impl ArcWake for Ringer {
    fn wake_by_ref(ringer: &Arc<Ringer>) {
        ringer.bell.rang.store(true, Ordering::Relaxed);
        ringer.bell.listener.wake();
        ringer.task.wake_by_ref();
    }
}

/// A future whose wake-ups ring the bell.
async fn ringing<F: Future>(bell: Arc<Bell>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let ringer = Ringer { bell: Arc::clone(&bell), task: cx.waker().clone() };
        let waker = waker(Arc::new(ringer));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// Further than any test goes.
const FAR: Duration = Duration::from_secs(1_000_000);

struct Tokio {
    runtime: Rc<Runtime>,
    start: tokio::time::Instant,
    bell: Arc<Bell>,
}

impl TimerSource for Tokio {
    fn advance(&mut self, limit: Option<Instant>) -> Option<Instant> {
        let (bell, start) = (Arc::clone(&self.bell), self.start);
        self.runtime.block_on(async move {
            let limit = limit.map_or(FAR, |limit| limit.duration_since(Instant::START));
            let mut far = pin!(tokio::time::sleep_until(start + limit));
            let rang = poll_fn(|cx| {
                bell.listener.register(cx.waker());
                if bell.rang.swap(false, Ordering::Relaxed) {
                    return Poll::Ready(true);
                }
                far.as_mut().poll(cx).map(|()| false)
            });
            let rang = rang.await;
            let now = Instant::START + start.elapsed();
            (rang || limit < FAR).then_some(now)
        })
    }
}

/// Runs a program with a tokio runtime beside it.
fn run_beside_tokio<F, Fut>(run: Run, program: F) -> unpick::Outcome<Fut::Output>
where
    F: FnOnce(Arc<Bell>) -> Fut,
    Fut: Future,
{
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = Rc::new(runtime.expect("a runtime without input or output"));
    let _inside = runtime.enter();
    run.execute(|| {
        let bell = Arc::<Bell>::default();
        let start = tokio::time::Instant::now();
        attach_source(Box::new(Tokio { runtime: Rc::clone(&runtime), start, bell: bell.clone() }));
        program(bell)
    })
}

#[test]
fn tokios_sleep_takes_the_right_virtual_time() {
    let outcome = run_beside_tokio(Run::new(), |bell| {
        ringing(bell, async {
            let mut seen = Vec::new();
            for millis_more in [10, 1, 3_600_000] {
                tokio::time::sleep(MILLI * millis_more).await;
                seen.push(millis());
            }
            seen
        })
    });
    assert_eq!(outcome.result.expect("it passes"), [10, 11, 3_600_011]);
}

#[test]
fn tokios_sleeps_and_the_engines_interleave_by_deadline() {
    for mode in [MODES[0], MODES[1]] {
        for seed in 0..20 {
            let outcome = run_beside_tokio(run_in(mode).seed(seed), |bell| async move {
                let log = Rc::new(RefCell::new(Vec::new()));
                let tasks: Vec<_> = (1..=8_u64)
                    .map(|number| {
                        let (bell, log) = (Arc::clone(&bell), Rc::clone(&log));
                        spawn(async move {
                            let duration = MILLI * 10 * number as u32;
                            if number % 2 == 0 {
                                sleep(duration).await;
                            } else {
                                ringing(bell, tokio::time::sleep(duration)).await;
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
            let expected: Vec<(u64, u64)> = (1..=8).map(|number| (number, 10 * number)).collect();
            assert_eq!(outcome.result, Ok(expected), "seed {seed}");
        }
    }
}

#[test]
fn tokios_timeout_ends_what_waits_for_ever() {
    let outcome = run_beside_tokio(Run::new(), |bell| {
        ringing(bell, async {
            let never = tokio::time::timeout(MILLI * 250, std::future::pending::<()>());
            (never.await.is_err(), millis())
        })
    });
    assert_eq!(outcome.result, Ok((true, 250)));
}

#[test]
fn a_deadlock_beside_a_tokio_runtime_is_still_found() {
    let outcome = run_beside_tokio(Run::new(), |_| std::future::pending::<()>());
    finding_of(outcome, Kind::Deadlock);
}
