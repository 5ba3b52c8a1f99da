//! Runs that are made again on fresh threads: when, and what becomes of what that finds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, ThreadId};

use unpick::sim::{spawn, yield_now};
use unpick::{Hunt, Kind, Report, event};

use crate::{child, opposite_locks, sound};

/// Says how many were made before it, and fails as the `fails_at`-th.
async fn counts(made: &AtomicU32, fails_at: u32) {
    let made = made.fetch_add(1, Ordering::Relaxed);
    let other = spawn(async { yield_now().await });
    event!("run {made}");
    assert_ne!(made, fails_at, "it was called so often");
    other.await.expect("nobody aborts it");
}

fn hunted(hunt: &Hunt, fails_at: u32) -> Report {
    let made = AtomicU32::new(0);
    hunt.run(|| counts(&made, fails_at))
}

/// What repeating run 0 finds comes first, and is reported as if nothing had been made after it.
#[test]
fn what_repeating_run_0_finds_ends_the_hunt_there_whatever_was_found_meanwhile() {
    let never = u32::MAX;
    for fails_at in [1, 2, 17, never] {
        for jobs in [1, 2, 4] {
            let hunt = Hunt::new("counts").quiet().unexplained().jobs(jobs);
            let report = hunted(&hunt, fails_at);
            report.assert_finds(Kind::Nondeterminism);
            assert_eq!(report.failures.len(), 1, "{report}");
            let failure = report.failure().expect("it was found");
            assert_eq!((failure.id.number, failure.strategy.as_str()), (0, "fifo"));
            assert_eq!((report.runs, report.classes.runs), (1, 1), "{report}");
            assert!(report.strategies.is_empty(), "{:?}", report.strategies);
        }
    }
    let hunt = Hunt::new("counts").quiet().unexplained().collect_distinct(2);
    let report = hunted(&hunt, 2);
    let kinds = report.failures.iter().map(|it| (it.id.number, it.finding.kind));
    assert_eq!(kinds.collect::<Vec<_>>(), [(0, Kind::Nondeterminism), (2, Kind::Panic)]);
}

/// On which threads a hunt's runs are made, one after the other: each by when it was seen first.
fn threads(hunt: &Hunt, fails: bool) -> Vec<usize> {
    let called: Mutex<Vec<ThreadId>> = Mutex::default();
    let report = hunt.run(|| async {
        called.lock().expect("nobody panics").push(thread::current().id());
        if fails { opposite_locks().await } else { sound().await }
    });
    assert_eq!(report.failures.is_empty(), !fails, "{report}");
    let called = called.into_inner().expect("nobody panics");
    let mut known: Vec<ThreadId> = Vec::new();
    let place = |id| {
        known.iter().position(|&known| known == id).unwrap_or_else(|| {
            known.push(id);
            known.len() - 1
        })
    };
    called.into_iter().map(place).collect()
}

#[test]
fn run_0_is_repeated_when_calibration_has_ended_on_two_threads_of_their_own() {
    let hunt = Hunt::new("threads").quiet().unexplained();
    let expected: Vec<usize> = [0; 32].into_iter().chain([1, 2]).chain([0; 68]).collect();
    assert_eq!(threads(&hunt.clone().runs(100), false), expected);
    assert_eq!(threads(&hunt.clone().runs(1), false), [0, 1, 2], "however few runs there are");

    let all = threads(&hunt, true);
    let (repeated, made) = (&all[all.len() - 2..], &all[..all.len() - 2]);
    assert_eq!(repeated, [1, 2], "also if something was found");
    assert!(made.len() <= 32 && made.iter().all(|&thread| thread == 0), "{all:?}");

    let past = threads(&hunt.runs(100).past_calibration(), false);
    assert!(past.iter().all(|&thread| thread == 0), "nothing would come of it: {past:?}");
}

/// Stacks of this size are nowhere to be had.
const NO_THREADS: [(&str, &str); 1] = [("RUST_MIN_STACK", "1152921504606846976")];

#[test]
fn a_hunt_that_has_no_thread_to_repeat_runs_on_says_so_once() {
    if child::is_child() {
        let hunt = Hunt::new("no threads").runs(300);
        println!("{}\n{}", hunt.run(sound), hunt.clone().jobs(2).run(sound));
        println!("{}", hunt.run(opposite_locks));
        return;
    }
    let name = "repetitions::a_hunt_that_has_no_thread_to_repeat_runs_on_says_so_once";
    let output = child::run_test_with(name, &NO_THREADS);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let told = "2 runs that were to be repeated were not, because there was no OS thread to be had";
    assert_eq!(text.matches(told).count(), 2, "once a hunt: {text}");
    assert_eq!(text.matches("1 run that was to be repeated was not").count(), 1, "{text}");
    assert!(text.contains("FAILED no threads"), "explained all the same: {text}");

    let output = child::run_test(name);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("no OS thread"), "there are threads: {text}");
}
