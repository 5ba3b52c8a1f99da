//! Virtual time.

mod source;
mod tokio_runtime;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use unpick::sim::finding::Kind;
use unpick::sim::time::{
    Instant, Interval, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until,
};
use unpick::sim::{Run, spawn, task, yield_now};

use crate::support::child;
use crate::{MODES, all_outcomes, finding_of, run_in};

const MILLI: Duration = Duration::from_millis(1);

fn millis() -> u64 {
    Instant::now().as_nanos() / 1_000_000
}

/// Sleeps this long in a task of its own for each entry; who woke when, in that order.
async fn sleepers(durations: &[u64]) -> Vec<(usize, u64)> {
    let woke = Rc::new(RefCell::new(Vec::new()));
    let tasks: Vec<_> = durations
        .iter()
        .enumerate()
        .map(|(number, &duration)| {
            let woke = Rc::clone(&woke);
            spawn(async move {
                sleep(MILLI * duration as u32).await;
                woke.borrow_mut().push((number, millis()));
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it returns");
    }
    woke.take()
}

#[test]
fn sleepers_wake_by_deadline_and_those_due_together_in_the_order_of_going_to_sleep() {
    let outcome = Run::new().plain().execute(|| sleepers(&[30, 10, 20, 10, 0, 30, 10]));
    let expected = [(4, 0), (1, 10), (3, 10), (6, 10), (2, 20), (0, 30), (5, 30)];
    assert_eq!(outcome.result.expect("it passes"), expected);
}

#[test]
fn under_any_schedule_an_exact_clock_wakes_each_sleeper_at_its_deadline() {
    for seed in 0..100 {
        let durations = [30, 10, 20, 10, 5, 30, 10];
        let outcome = Run::new().seed(seed).execute(|| sleepers(&durations));
        for (number, at) in outcome.result.expect("it passes") {
            assert_eq!(at, durations[number], "seed {seed}");
        }
    }
}

#[test]
fn a_stalling_clock_wakes_no_sleeper_early_and_some_late() {
    let mut late = 0;
    for seed in 0..200 {
        let durations = [30, 10, 20, 10, 5];
        let outcome = run_in(MODES[3]).seed(seed).execute(|| sleepers(&durations));
        for (number, at) in outcome.result.expect("it passes") {
            assert!(at >= durations[number], "seed {seed}");
            late += u32::from(at > durations[number]);
        }
    }
    assert!(late > 50, "{late}");
}

#[test]
fn a_sleep_of_zero_gives_way_once_and_takes_no_time() {
    let outcome = Run::new().plain().execute(|| async {
        let other = spawn(async {});
        sleep(Duration::ZERO).await;
        (other.is_finished(), millis())
    });
    assert_eq!((outcome.result, outcome.steps), (Ok((true, 0)), 3));
    let past = Run::new().plain().execute(|| async {
        let other = spawn(async {});
        sleep_until(Instant::START).await;
        other.is_finished()
    });
    assert_eq!(past.result, Ok(false), "a deadline that has passed does not give way");
}

#[test]
fn a_sleep_beyond_the_end_of_time_is_no_timer() {
    for mode in MODES {
        let outcome = run_in(mode).execute(|| async {
            sleep(MILLI).await;
            futures::join!(
                sleep(Duration::MAX),
                sleep(Duration::from_nanos(u64::MAX)),
                sleep_until(Instant::NEVER)
            );
        });
        assert_eq!(outcome.elapsed, Instant::START + MILLI);
        finding_of(outcome, Kind::Deadlock);
    }
    let last = Run::new().execute(|| async {
        sleep_until(Instant::from_nanos(u64::MAX - 1)).await;
        Instant::now() + Duration::from_secs(1)
    });
    assert_eq!(last.result, Ok(Instant::NEVER));
}

#[test]
fn an_interval_ticks_at_once_and_makes_up_for_what_it_missed() {
    let outcome = Run::new().execute(|| async {
        let mut ticks = interval(10 * MILLI);
        let mut seen = Vec::new();
        for number in 0..6 {
            let tick = ticks.tick().await;
            seen.push((tick.as_nanos() / 1_000_000, millis()));
            if number == 1 {
                sleep(25 * MILLI).await;
            }
        }
        seen
    });
    let expected = [(0, 0), (10, 10), (20, 35), (30, 35), (40, 40), (50, 50)];
    assert_eq!(outcome.result.expect("it passes"), expected);
    let later = Run::new().execute(|| async {
        let start = Instant::now() + 5 * MILLI;
        let mut ticks = interval_at(start, 3 * MILLI);
        [ticks.tick().await, ticks.tick().await].map(|tick| tick.as_nanos() / 1_000_000)
    });
    assert_eq!(later.result, Ok([5, 8]));
    let zero = Run::new().execute(|| async { drop(interval(Duration::ZERO)) });
    assert!(finding_of(zero, Kind::Panic).message.contains("more than zero"));
}

#[test]
fn a_tick_that_nobody_waits_for_any_more_is_not_lost() {
    let outcome = Run::new().execute(|| async {
        let mut ticks = interval(10 * MILLI);
        ticks.tick().await;
        assert!(futures::poll!(pin!(ticks.tick())).is_pending());
        sleep(15 * MILLI).await;
        [ticks.tick().await, ticks.tick().await].map(|tick| tick.as_nanos() / 1_000_000)
    });
    assert_eq!(outcome.result, Ok([10, 20]));
}

/// The millisecond for which each tick was set and the one at which it came, where the third is
/// `late_ms` late.
fn ticks_after_one_late(missed: MissedTickBehavior, late_ms: u32) -> Vec<(u64, u64)> {
    let outcome = Run::new().execute(move || async move {
        let mut ticks = interval(10 * MILLI);
        ticks.set_missed_tick_behavior(missed);
        assert_eq!(ticks.missed_tick_behavior(), missed);
        let mut seen = Vec::new();
        for number in 0..5 {
            let tick = ticks.tick().await;
            seen.push((tick.as_nanos() / 1_000_000, millis()));
            if number == 1 {
                sleep((10 + late_ms) * MILLI).await;
            }
        }
        seen
    });
    outcome.result.expect("it passes")
}

#[test]
fn an_interval_does_with_missed_ticks_as_it_is_told() {
    use MissedTickBehavior::{Burst, Delay, Skip};

    assert_eq!(interval_at(Instant::START, MILLI).missed_tick_behavior(), Burst);
    let late = |missed| ticks_after_one_late(missed, 15).split_off(2);
    assert_eq!(late(Burst), [(20, 35), (30, 35), (40, 40)]);
    assert_eq!(late(Delay), [(20, 35), (45, 45), (55, 55)]);
    assert_eq!(late(Skip), [(20, 35), (40, 40), (50, 50)]);
    let on_time = |missed| ticks_after_one_late(missed, 20).split_off(2);
    assert_eq!(on_time(Skip), [(20, 40), (50, 50), (60, 60)], "one that is due now is missed too");
}

#[test]
fn a_tick_that_is_five_milliseconds_late_has_missed_nothing() {
    for missed in [MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
        let ticks = ticks_after_one_late(missed, 5).split_off(2);
        assert_eq!(ticks, [(20, 25), (30, 30), (40, 40)], "{missed:?}");
    }
    let ticks = ticks_after_one_late(MissedTickBehavior::Delay, 6).split_off(2);
    assert_eq!(ticks, [(20, 26), (36, 36), (46, 46)]);
}

#[test]
fn whoever_waits_for_a_tick_waits_for_the_one_that_a_reset_sets() {
    type Reset = fn(&mut Interval);
    let resets: [(Reset, [u64; 2]); 4] = [
        (Interval::reset, [14, 24]),
        (Interval::reset_immediately, [4, 14]),
        (|ticks| ticks.reset_after(2 * MILLI), [6, 16]),
        (|ticks| ticks.reset_at(Instant::START + 35 * MILLI), [35, 45]),
    ];
    for (reset, expected) in resets {
        let outcome = Run::new().execute(move || async move {
            let mut ticks = interval(10 * MILLI);
            ticks.tick().await;
            let mut wakes = 0;
            let mut later = Box::pin(sleep(4 * MILLI));
            let mut is_reset = false;
            let tick = poll_fn(|cx| {
                wakes += 1;
                let polled = ticks.poll_tick(cx);
                if !is_reset && later.as_mut().poll(cx).is_ready() {
                    is_reset = true;
                    reset(&mut ticks);
                }
                polled
            });
            let first = tick.await;
            let came = [millis(), {
                ticks.tick().await;
                millis()
            }];
            assert_eq!((first.as_nanos() / 1_000_000, wakes), (came[0], 3));
            came
        });
        assert_eq!(outcome.result, Ok(expected));
    }
}

#[test]
fn a_sleep_can_be_reset_before_during_and_after() {
    let outcome = Run::new().execute(|| async {
        let mut seen = Vec::new();
        let mut sleeping = Box::pin(sleep(10 * MILLI));
        sleeping.as_mut().reset(Instant::START + 4 * MILLI);
        assert!(futures::poll!(sleeping.as_mut()).is_pending());
        sleeping.as_mut().reset(Instant::START + 2 * MILLI);
        sleeping.as_mut().await;
        seen.push(millis());
        sleeping.as_mut().reset(Instant::START + 9 * MILLI);
        assert!(!sleeping.is_elapsed());
        sleeping.as_mut().await;
        seen.push(millis());
        sleeping.as_mut().reset(Instant::START);
        sleeping.as_mut().await;
        sleeping.await;
        seen.push(millis());
        seen
    });
    assert_eq!(outcome.result.expect("it passes"), [2, 9, 9]);
    assert_eq!(outcome.elapsed, Instant::START + 9 * MILLI, "no old timer is left");
}

/// A sleep that has been polled by the main task, and moves to another.
async fn moved_sleep(duration: Duration) -> unpick::sim::JoinHandle<u64> {
    let mut sleeping: Pin<Box<Sleep>> = Box::pin(sleep(duration));
    assert!(futures::poll!(sleeping.as_mut()).is_pending());
    task().named("new owner").spawn(async move {
        sleeping.await;
        millis()
    })
}

#[test]
fn a_sleep_that_moves_to_another_task_wakes_that_one() {
    for mode in MODES {
        let outcomes = all_outcomes(mode, || async {
            let moved = moved_sleep(10 * MILLI).await;
            moved.await.is_ok_and(|at| at == 10)
        });
        assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok(true)]);
    }
}

/// A waker of somebody else's, as a combinator gives to its children: it counts, and wakes its task.
struct Counting {
    calls: AtomicU32,
    task: Waker,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.task.wake_by_ref();
    }
}

#[test]
fn a_sleep_that_was_polled_with_the_waker_of_another_calls_that_one() {
    let outcome = Run::new().execute(|| async {
        let mut sleeping = pin!(sleep(Duration::from_millis(5)));
        let mut counting: Option<Arc<Counting>> = None;
        poll_fn(|cx| {
            let task = cx.waker();
            let counting = counting.get_or_insert_with(|| {
                Arc::new(Counting { calls: AtomicU32::new(0), task: task.clone() })
            });
            let waker = Waker::from(counting.clone());
            sleeping.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await;
        (millis(), counting.map(|counting| counting.calls.load(Ordering::Relaxed)))
    });
    assert_eq!(outcome.result, Ok((5, Some(1))));
}

#[test]
fn a_report_says_of_a_moved_sleep_who_sleeps_in_it_now() {
    let outcome =
        Run::new().elapsed_max(5 * MILLI).execute(|| async { moved_sleep(10 * MILLI).await.await });
    let finding = finding_of(outcome, Kind::Livelock);
    let of = |task: &str| finding.blocked.iter().find(|blocked| blocked.task == task);
    let sleeps = |task: &str| {
        let waits = &of(task).expect("it has not ended").waits;
        waits.iter().filter(|wait| wait.operation == "sleep").count()
    };
    assert_eq!((sleeps("main"), sleeps("main.1 new owner")), (0, 1), "{finding}");
}

#[test]
fn arithmetic_on_instants_saturates() {
    let outcome = Run::new().execute(|| async {
        sleep(MILLI).await;
        let mut now = Instant::now();
        now -= Duration::MAX;
        assert_eq!(now, Instant::START);
        now += Duration::MAX;
        assert_eq!(now, Instant::NEVER);
        assert_eq!(Instant::NEVER.elapsed(), Duration::ZERO);
        assert_eq!(Instant::START.elapsed(), MILLI);
        Instant::START - Instant::NEVER
    });
    assert_eq!(outcome.result, Ok(Duration::ZERO));
}

fn resident_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_million_cancelled_timers_do_not_pile_up() {
    if !child::is_child() {
        let output = child::run_test("time::a_million_cancelled_timers_do_not_pile_up");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let outcome = Run::new().plain().execute(|| async {
        let _kept = moved_sleep(10 * MILLI).await;
        let before = resident_kilobytes();
        for number in 0..1_000_000_u32 {
            let mut cancelled = Box::pin(sleep(Duration::from_secs(1) + MILLI * (number % 1000)));
            assert!(futures::poll!(cancelled.as_mut()).is_pending());
        }
        before.zip(resident_kilobytes())
    });
    if let Some((before, after)) = outcome.result.expect("it passes") {
        assert!(after < before + 4_000, "{before} kB before, {after} kB after");
    }
}

#[test]
fn a_deadlock_is_found_although_timers_were_cancelled() {
    let outcome = Run::new().execute(|| async {
        for _ in 0..200 {
            let mut cancelled = Box::pin(sleep(Duration::from_secs(1)));
            assert!(futures::poll!(cancelled.as_mut()).is_pending());
        }
        yield_now().await;
        std::future::pending::<()>().await;
    });
    assert_eq!(outcome.elapsed, Instant::START);
    finding_of(outcome, Kind::Deadlock);
}

/// Polled to the end and beyond.
#[test]
fn a_sleep_that_is_over_stays_over() {
    let outcome = Run::new().execute(|| async {
        let mut sleeping = Box::pin(sleep(MILLI));
        sleeping.as_mut().await;
        poll_fn(|cx| sleeping.as_mut().poll(cx)).await;
        millis()
    });
    assert_eq!(outcome.result, Ok(1));
}

#[test]
fn a_sleep_that_is_reset_while_it_is_waited_for_wakes_at_its_new_deadline_only() {
    for millis_new in [5_u64, 30] {
        let outcome = Run::new().plain().execute(|| async move {
            let sleep = Rc::new(RefCell::new(Box::pin(sleep(10 * MILLI))));
            let waited = Rc::clone(&sleep);
            let waiting = spawn(async move {
                let mut polls = 0;
                poll_fn(|cx| {
                    polls += 1;
                    waited.borrow_mut().as_mut().poll(cx)
                })
                .await;
                (polls, millis())
            });
            yield_now().await;
            sleep.borrow_mut().reset(Instant::START + MILLI * millis_new as u32);
            waiting.await
        });
        assert_eq!(outcome.result, Ok(Ok((2, millis_new))));
    }
}

#[test]
fn time_that_passes_in_the_middle_of_a_step_wakes_what_is_due_by_then() {
    let outcome = Run::new().plain().execute(|| async {
        let sleeping = spawn(async {
            sleep(10 * MILLI).await;
            millis()
        });
        yield_now().await;
        unpick::sim::time::pass(25 * MILLI);
        assert_eq!(millis(), 25);
        (sleeping.await, millis())
    });
    assert_eq!(outcome.result, Ok((Ok(25), 25)));
}
