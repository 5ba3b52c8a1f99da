//! Sleeps, timeouts, intervals, instants.

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::time::Duration;

use unpick_sim::finding::Kind;
use unpick_tokio::sync::oneshot;
use unpick_tokio::time::{self, Instant, MissedTickBehavior};
use unpick_tokio::{spawn, task};

use super::{finding_of, run};

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn a_sleep_takes_whole_milliseconds_as_tokios_does() {
    for (micros, millis) in [(0, 0), (1, 1), (999, 1), (1_000, 1), (1_001, 2)] {
        let outcome = run(0, || async {
            let begin = Instant::now();
            time::sleep(Duration::from_micros(micros)).await;
            begin.elapsed()
        });
        assert_eq!(outcome.result, Ok(MILLI * millis), "{micros} us");
    }
}

#[test]
fn a_sleep_tells_its_deadline_and_whether_it_is_over_and_can_be_reset() {
    let outcome = run(0, || async {
        let begin = Instant::now();
        let mut sleep = Box::pin(time::sleep(MILLI * 10));
        assert_eq!(sleep.deadline(), begin + MILLI * 10);
        assert!(!time::sleep(Duration::ZERO).is_elapsed(), "it has not been polled");
        sleep.as_mut().await;
        assert!(sleep.is_elapsed());
        sleep.as_mut().reset(begin + MILLI * 15);
        assert!(!sleep.is_elapsed());
        sleep.await;
        begin.elapsed()
    });
    assert_eq!(outcome.result, Ok(MILLI * 15));
}

#[test]
fn a_value_at_the_instant_of_its_deadline_is_a_choice_that_it_wins_plainly() {
    let program = || async {
        let (sender, receiver) = oneshot::channel();
        spawn(async move {
            time::sleep(MILLI * 10).await;
            let _gone = sender.send(7);
        });
        task::yield_now().await;
        time::timeout(MILLI * 10, receiver).await.is_ok()
    };
    let plain = unpick_sim::Run::new().plain().execute(program);
    assert_eq!(plain.result, Ok(true));
    let both: BTreeSet<bool> = (0..100).map(|seed| run(seed, program).result.unwrap()).collect();
    assert_eq!(both.len(), 2);
}

#[test]
fn a_timeout_of_what_waits_for_ever_is_up_and_one_without_end_is_a_deadlock() {
    let outcome = run(0, || async {
        let begin = Instant::now();
        let mut timeout = time::timeout(MILLI * 3, pending::<u32>());
        timeout.get_mut();
        let error = timeout.await.unwrap_err();
        (error.to_string(), begin.elapsed())
    });
    assert_eq!(outcome.result, Ok(("deadline has elapsed".to_owned(), MILLI * 3)));
    let outcome = run(0, || time::timeout(Duration::MAX, pending::<()>()));
    finding_of(outcome, Kind::Deadlock);
}

/// When ticks come, in milliseconds, if one is taken 35 ms late.
async fn late_ticks(missed: MissedTickBehavior) -> Vec<(u128, u128)> {
    let begin = Instant::now();
    let mut ticks = time::interval(MILLI * 10);
    ticks.set_missed_tick_behavior(missed);
    ticks.tick().await;
    time::sleep(MILLI * 35).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let tick = ticks.tick().await;
        seen.push(((tick - begin).as_millis(), begin.elapsed().as_millis()));
    }
    seen
}

#[test]
fn missed_ticks_are_made_up_for_or_put_off_or_left_out() {
    let all = [
        (MissedTickBehavior::Burst, vec![(10, 35), (20, 35), (30, 35), (40, 40)]),
        (MissedTickBehavior::Delay, vec![(10, 35), (45, 45), (55, 55), (65, 65)]),
        (MissedTickBehavior::Skip, vec![(10, 35), (40, 40), (50, 50), (60, 60)]),
    ];
    for (missed, expected) in all {
        assert_eq!(run(0, || late_ticks(missed)).result, Ok(expected.clone()), "{missed:?}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        assert_eq!(runtime.block_on(late_ticks(missed)), expected, "{missed:?}, of tokio");
    }
}

#[test]
fn an_interval_can_be_reset() {
    let outcome = run(0, || async {
        let begin = Instant::now();
        let mut ticks = time::interval_at(begin + MILLI * 50, MILLI * 10);
        ticks.reset_immediately();
        let mut seen = vec![ticks.tick().await - begin];
        ticks.reset_after(MILLI * 3);
        seen.push(ticks.tick().await - begin);
        ticks.reset();
        seen.push(ticks.tick().await - begin);
        ticks.reset_at(begin + MILLI * 40);
        seen.push(ticks.tick().await - begin);
        assert_eq!(ticks.period(), MILLI * 10);
        seen
    });
    assert_eq!(outcome.result, Ok([0, 3, 13, 40].map(|millis| MILLI * millis).to_vec()));
}

#[test]
fn whoever_waits_in_a_sleep_that_is_reset_wakes_at_its_new_deadline() {
    let outcome = run(0, || async {
        let begin = Instant::now();
        let mut sleep = Box::pin(time::sleep(MILLI * 100));
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            let polled = sleep.as_mut().poll(cx);
            if polls == 1 {
                sleep.as_mut().reset(begin + MILLI * 5);
            }
            polled
        })
        .await;
        (polls, begin.elapsed())
    });
    assert_eq!(outcome.result, Ok((2, MILLI * 5)));
}

#[test]
fn the_clock_can_be_moved_by_hand_whether_it_was_paused_or_not() {
    let outcome = run(0, || async {
        time::pause();
        time::pause();
        let begin = Instant::now();
        let sleeping = spawn(time::sleep(MILLI * 10));
        task::yield_now().await;
        time::advance(MILLI * 10).await;
        sleeping.await.unwrap();
        time::resume();
        begin.elapsed()
    });
    assert_eq!(outcome.result, Ok(MILLI * 10));
}

#[test]
fn an_instant_shows_the_time_of_the_run() {
    let outcome = run(0, || async {
        time::sleep(MILLI * 1_500).await;
        format!("{:?}", Instant::now())
    });
    assert_eq!(outcome.result.as_deref(), Ok("Instant(t=1.500)"));
}
