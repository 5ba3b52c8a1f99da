//! Jobs and shards: they make the same runs, and find the same.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use unpick::sim::options::Detection;
use unpick::sim::strategy::portfolio::CALIBRATION_RUNS;
use unpick::sim::{Run, event, probe, spawn, yield_now};
use unpick::{Detectors, Hunt, Kind, Report};

use crate::{sound, two_bugs};

/// What does not depend on the machine.
fn findings(report: &Report) -> Vec<String> {
    let failures = report.failures.iter();
    failures
        .map(|it| format!("{} {} {:?} {}", it.id, it.strategy, it.finding, it.tape.token()))
        .collect()
}

#[test]
fn the_same_is_found_with_any_number_of_jobs() {
    for seed in 0..10 {
        for distinct in [1, 2, 5] {
            let hunt = Hunt::new("two bugs").quiet().unexplained().seed(seed).past_calibration();
            let hunt = hunt.runs(150);
            let hunt = hunt.collect_distinct(distinct);
            let alone = hunt.run(two_bugs);
            assert!(!alone.failures.is_empty(), "there is something to be found");
            for jobs in [2, 4] {
                let together = hunt.clone().jobs(jobs).run(two_bugs);
                assert_eq!(findings(&together), findings(&alone), "{seed:#x}, {jobs} jobs");
                assert_eq!(together.runs, alone.runs, "{seed:#x}, {jobs} jobs");
            }
        }
    }
}

#[test]
fn a_green_hunt_of_several_jobs_makes_every_run_once() {
    let alone = Hunt::new("sound").runs(300).run(sound);
    for jobs in [2, 4] {
        let together = Hunt::new("sound").runs(300).jobs(jobs).run(sound);
        assert_eq!(together.runs, 300);
        assert_eq!(together.strategies, alone.strategies);
    }
}

/// No run is made twice.
const WITHOUT_REPETITION: Detectors =
    Detectors { nondeterminism: Detection::Off, ..Detectors::DEFAULT };

/// Draws a number, and notes which run drew it.
async fn draws(drawn: &Mutex<Vec<u32>>) {
    let task = spawn(async { yield_now().await });
    let number = probe::choose(unpick::sim::choice::Label::Data, 1 << 20);
    drawn.lock().expect("nobody panics").push(number);
    task.await.expect("nobody aborts it");
}

#[test]
fn shards_make_all_runs_between_them_and_the_same_ones() {
    let drawn_by = |hunt: Hunt| {
        let drawn = Mutex::new(Vec::new());
        let report = hunt.run(|| draws(&drawn));
        report.assert_ok();
        let mut drawn = drawn.into_inner().expect("nobody panics");
        assert_eq!(drawn.len() as u64, report.runs);
        drawn.sort_unstable();
        drawn
    };
    let hunt = Hunt::new("draws").runs(200).allow_vacuous().detectors(WITHOUT_REPETITION);
    let whole = drawn_by(hunt.clone());
    let mut counts = BTreeMap::new();
    for ordinal in 1..=3 {
        for number in drawn_by(hunt.clone().shard(ordinal, 3).jobs(2)) {
            *counts.entry(number).or_insert(0) += 1;
        }
    }
    assert_eq!(counts.keys().copied().collect::<Vec<u32>>(), whole);
    let repeated = counts.values().filter(|&&count| count == 3).count() as u64;
    assert_eq!(repeated, CALIBRATION_RUNS, "calibration is every shard's");
    assert_eq!(counts.values().filter(|&&count| count == 1).count() as u64, 200 - repeated);
}

#[test]
fn a_program_may_borrow_and_its_future_need_not_be_send() {
    let seen = Mutex::new(0_u32);
    let hunt = Hunt::new("borrows").runs(50).jobs(2).allow_vacuous();
    let report = hunt.detectors(WITHOUT_REPETITION).run(|| {
        let not_send = std::rc::Rc::new(1);
        let seen = &seen;
        async move {
            yield_now().await;
            *seen.lock().expect("nobody panics") += *not_send;
        }
    });
    report.assert_ok();
    assert_eq!(*seen.lock().expect("nobody panics"), 50);
    assert_eq!(Run::new().execute(sound).result, Ok(()));
}

/// Runs that are repeated wait for the very last runs of the hunt: jobs that waited for them
/// would never get there.
#[test]
fn several_jobs_do_not_wait_for_runs_that_are_repeated() {
    let (made, changed, late) = (Mutex::new(0), Condvar::new(), Mutex::new(0));
    let report = Hunt::new("goes on").runs(2300).jobs(2).allow_vacuous().run(|| async {
        thread_local! {
            static IS_KNOWN: Cell<bool> = const { Cell::new(false) };
        }
        let is_fresh = !IS_KNOWN.replace(true);
        let mut count = made.lock().expect("nobody panics");
        *count += 1;
        changed.notify_all();
        if is_fresh && *count > 100 {
            let limit = Duration::from_secs(5);
            let waited = changed.wait_timeout_while(count, limit, |count| *count < 2200);
            let timed_out = waited.expect("nobody panics").1.timed_out();
            *late.lock().expect("nobody panics") += u32::from(timed_out);
        }
    });
    report.assert_ok();
    assert_eq!(*late.lock().expect("nobody panics"), 0, "a job waited");
}

#[test]
fn a_run_that_is_repeated_aside_and_differs_is_a_failure_of_that_run() {
    let made = AtomicU32::new(0);
    let hunt = Hunt::new("counts").quiet().unexplained().runs(1000).jobs(2).allow_vacuous();
    let report = hunt.run(|| async {
        let made = made.fetch_add(1, Ordering::Relaxed);
        if made > 100 {
            event!("run {made}");
        }
    });
    report.assert_finds(Kind::Nondeterminism);
    let failure = report.failure().expect("it was found");
    assert_eq!(failure.id.number, 256, "the first one that is repeated after that");
    assert_eq!(report.runs, 257);
    let failed: u64 = report.strategies.values().map(|counts| counts.failed).sum();
    assert!(failed >= 1, "it is counted: {:?}", report.strategies);
}
