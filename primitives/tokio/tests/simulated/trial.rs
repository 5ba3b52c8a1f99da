//! Hunts, whose runs are made without tokio's own runtime as long as nobody wants more than to
//! know that it is there.

use std::future::{Future, pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use unpick_sim::Run;
use unpick_sim::faults::Faults;
use unpick_sim::finding::Kind;
use unpick_sim::hunt::{Hunt, Report};
use unpick_sim::options::{Detection, Detectors, TimeModel};
use unpick_tokio as ours;

const MILLI: Duration = Duration::from_millis(1);

const RUNS: u64 = 40;

/// Hunts, and says how many runs were made in all.
fn hunt<Fut: Future<Output = ()>>(program: impl Fn() -> Fut + Send + Sync) -> (Report, u64) {
    let made = AtomicU64::new(0);
    let detectors = Detectors { nondeterminism: Detection::Off, ..Detectors::default() };
    let hunt =
        Hunt::new("trial").quiet().runs(RUNS).detectors(detectors).allow_vacuous().unexplained();
    let report = hunt.run(|| {
        made.fetch_add(1, Ordering::Relaxed);
        program()
    });
    (report, made.into_inner())
}

/// Checks that the program passes in runs that have all of tokio's runtime, after one that had not.
#[track_caller]
fn check_missed<Fut: Future<Output = ()>>(program: impl Fn() -> Fut + Send + Sync) {
    let (report, made) = hunt(program);
    report.assert_ok();
    assert_eq!(made, RUNS + 1, "the first of its runs is made twice");
}

/// As a crate does that knows nothing of this package.
fn their_now() -> ours::time::Instant {
    tokio::time::Instant::now().into()
}

#[test]
fn programs_that_only_use_this_package_are_made_once() {
    let (report, made) = hunt(|| async {
        let (sender, mut receiver) = ours::sync::mpsc::channel(1);
        let task = ours::spawn(async move {
            ours::time::sleep(MILLI).await;
            sender.send(ours::time::Instant::now()).await.unwrap();
        });
        let _current = ours::runtime::Handle::current();
        let in_time = ours::time::timeout(MILLI * 5, receiver.recv()).await;
        assert_eq!(in_time.unwrap(), Some(ours::time::Instant::now()));
        task.await.unwrap();
    });
    report.assert_ok();
    assert_eq!(made, RUNS);
}

#[test]
fn who_asks_what_the_time_is_is_told_that_of_the_run() {
    check_missed(|| async {
        let begun = their_now();
        ours::time::sleep(MILLI).await;
        assert_eq!(their_now(), ours::time::Instant::now());
        assert_eq!(their_now() - begun, MILLI);
    });
}

#[test]
fn who_asks_late_and_survives_the_panic_is_told_that_of_the_run() {
    check_missed(|| async {
        ours::time::sleep(MILLI).await;
        let now = catch_unwind(their_now);
        assert!(now.is_ok_and(|now| now == ours::time::Instant::now()));
    });
}

#[test]
fn who_asks_in_a_drop_is_told_that_of_the_run() {
    struct Asks;
    impl Drop for Asks {
        fn drop(&mut self) {
            assert_eq!(their_now(), ours::time::Instant::now());
        }
    }
    check_missed(|| async {
        ours::spawn(async {
            let _asks = Asks;
            pending::<()>().await;
        });
        ours::time::sleep(MILLI).await;
    });
}

#[test]
fn timers_of_tokios_own_are_driven() {
    check_missed(|| tokio::time::sleep(MILLI));
    check_missed(|| async {
        let later = (ours::time::Instant::now() + MILLI).into();
        tokio::time::sleep_until(later).await;
        assert_eq!(tokio::time::Instant::now(), later);
    });
    check_missed(|| async {
        let later = (ours::time::Instant::now() + MILLI).into();
        assert!(tokio::time::timeout_at(later, pending::<()>()).await.is_err());
    });
    check_missed(|| async {
        let later = (ours::time::Instant::now() + MILLI).into();
        tokio::time::interval_at(later, MILLI).tick().await;
    });
}

#[test]
fn tasks_on_tokios_own_runtime_are_run() {
    check_missed(|| async { tokio::spawn(async {}).await.unwrap() });
    check_missed(|| async {
        let handle: tokio::runtime::Handle = ours::runtime::Handle::current().into();
        handle.spawn(ours::time::sleep(MILLI)).await.unwrap();
    });
}

#[test]
fn tasks_on_tokios_own_runtime_are_noticed_that_nobody_waits_for() {
    check_missed(|| async { drop(tokio::spawn(async {})) });
    check_missed(|| async { tokio::spawn(async {}).abort() });
    check_missed(|| async {
        let polled = AtomicU64::new(0);
        let task = tokio::spawn(async { 1 });
        // Without tokio's own runtime this goes round for ever.
        while !task.is_finished() {
            polled.fetch_add(1, Ordering::Relaxed);
            ours::task::yield_now().await;
        }
        assert_eq!(task.await.unwrap(), 1);
    });
}

#[test]
fn tokios_own_clock_moves_as_the_program_says() {
    check_missed(|| async {
        let begun = their_now();
        let mut advance = pin!(tokio::time::advance(MILLI));
        poll_fn(|cx| Poll::Ready(advance.as_mut().poll(cx).is_ready())).await;
        assert_eq!(their_now() - begun, MILLI);
    });
}

#[test]
fn a_finding_of_a_run_on_trial_is_that_of_the_same_run_for_good() {
    let program = || async {
        let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let tasks = [1, 2, 3, 4].map(|number| {
            let log = std::sync::Arc::clone(&log);
            ours::spawn(async move {
                for _ in 0..2 {
                    ours::time::sleep(MILLI).await;
                    ours::task::yield_now().await;
                    log.lock().unwrap().push(number);
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert_ne!(*log.lock().unwrap(), [4, 3, 1, 2, 3, 1, 4, 2]);
    };
    let hunt = Hunt::new("rare").quiet().runs(5_000);
    let report = hunt.clone().run(program);
    report.assert_finds(Kind::Panic);
    let failure = &report.failures[0];
    let again = hunt.run_one(failure.id.number, program);
    assert_eq!(again.tape, failure.tape);
    assert_eq!(again.result.unwrap_err().message, failure.finding.message);
}

/// Tasks that sleep, time out, send and give up.
async fn busy(asks: bool) {
    if asks {
        let _now = tokio::time::Instant::now();
    }
    let (sender, mut receiver) = ours::sync::mpsc::channel(1);
    let mut tasks = ours::task::JoinSet::new();
    for number in 1..=3 {
        let sender = sender.clone();
        tasks.spawn(async move {
            for round in 0..2 {
                ours::time::sleep(MILLI * (number + round)).await;
                let sends = sender.send(number);
                let _given_up = ours::time::timeout(MILLI, sends).await;
            }
        });
    }
    drop(sender);
    let mut ticks = ours::time::interval(MILLI * 2);
    loop {
        ours::select! {
            received = receiver.recv() => if received.is_none() { break },
            _ = ticks.tick() => ours::task::yield_now().await,
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[test]
fn what_a_hunt_comes_to_is_the_same_on_trial_and_for_good() {
    let (exact, stalling) = (TimeModel::Exact, TimeModel::Stalling);
    for (time, faults) in
        [(exact, Faults::OFF), (stalling, Faults::OFF), (exact, Faults::ON), (stalling, Faults::ON)]
    {
        let hunt =
            || Hunt::new("busy").quiet().runs(300).both_switchings().time(time).faults(faults);
        let (on_trial, for_good) = (hunt().run(|| busy(false)), hunt().run(|| busy(true)));
        on_trial.assert_ok();
        assert_eq!(on_trial.to_string(), for_good.to_string());
        assert!(on_trial.classes.distinct_estimated() > 50, "{on_trial}");
    }
}

#[test]
fn a_finding_that_was_on_trial_does_not_count_if_the_run_is_void() {
    let (report, made) = hunt(|| async {
        let task = tokio::spawn(async { 1 });
        ours::task::yield_now().await;
        ours::time::sleep(MILLI).await;
        assert!(task.is_finished());
    });
    report.assert_ok();
    assert_eq!(made, RUNS + 1);
}

#[test]
fn a_crate_that_comes_before_this_package_finds_a_runtime() {
    let outcome = Run::new().execute(|| async {
        let begun = tokio::time::Instant::now();
        tokio::spawn(tokio::time::sleep(Duration::from_secs(60))).await.unwrap();
        begun.elapsed()
    });
    assert_eq!(outcome.result, Ok(Duration::from_secs(60)));
}

#[test]
fn threads_of_tokios_are_refused_in_every_run() {
    let (report, _) = hunt(|| async { tokio::task::spawn_blocking(|| ()).await.unwrap() });
    let messages: Vec<_> = report.failures.iter().map(|it| &it.finding.message).collect();
    assert!(messages[0].contains("was about to start an OS thread"), "{messages:?}");
    for _ in 0..3 {
        let again = Run::new().execute(|| tokio::task::spawn_blocking(|| ()));
        let message = again.result.unwrap_err().message;
        assert!(message.contains("was about to start an OS thread"), "{message}");
    }
}

#[test]
fn a_heartbeat_hides_no_hang_in_runs_for_good_either() {
    let program = || async {
        ours::spawn(async {
            let mut ticks = ours::time::interval(MILLI);
            loop {
                ticks.tick().await;
            }
        });
        ours::sync::Notify::new().notified().await;
    };
    let (report, _) = hunt(program);
    report.assert_finds(Kind::Deadlock);
    let for_good = Run::new().plain().execute(program);
    assert_eq!(for_good.result.unwrap_err().kind, Kind::Deadlock);
}

#[test]
fn who_waits_for_a_timer_of_tokios_beside_a_heartbeat_does_not_hang() {
    let outcome = Run::new().plain().execute(|| async {
        ours::spawn(async {
            let mut ticks = ours::time::interval(MILLI);
            loop {
                ticks.tick().await;
            }
        });
        tokio::time::sleep(MILLI * 100_000).await;
    });
    assert_eq!(outcome.result, Ok(()));
}
