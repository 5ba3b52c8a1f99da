//! Code that uses tokio itself, as crates of others do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unpick_sim::finding::Kind;
use unpick_tokio as ours;

use super::{finding_of, run};

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn tokios_own_clock_shows_the_time_of_the_run() {
    for seed in 0..20 {
        let outcome = run(seed, || async {
            let begin = ours::time::Instant::now();
            let mut seen = Vec::new();
            for millis in [1, 10, 70, 5_000, 3_600_000] {
                ours::time::sleep(MILLI * millis).await;
                tokio::time::sleep(MILLI * millis).await;
                let now: ours::time::Instant = tokio::time::Instant::now().into();
                assert_eq!(now, ours::time::Instant::now());
                seen.push((now - begin).as_millis());
            }
            seen
        });
        assert_eq!(outcome.result, Ok(vec![2, 22, 162, 10_162, 7_210_162]), "seed {seed}");
    }
}

#[test]
fn tasks_on_tokios_own_runtime_sleep_in_virtual_time() {
    for seed in 0..50 {
        let outcome = run(seed, || async {
            let begin = ours::time::Instant::now();
            let log = Arc::new(Mutex::new(Vec::new()));
            let mut tasks = Vec::new();
            for number in 1..=6_u32 {
                let log = Arc::clone(&log);
                tasks.push(tokio::spawn(async move {
                    tokio::time::sleep(MILLI * 100 * number).await;
                    ours::time::sleep(MILLI * 100 * number).await;
                    let now: ours::time::Instant = tokio::time::Instant::now().into();
                    log.lock().unwrap().push((number, (now - begin).as_millis()));
                }));
            }
            for task in tasks {
                task.await.unwrap();
            }
            Arc::into_inner(log).unwrap().into_inner().unwrap()
        });
        let expected = (1..=6).map(|number| (number, 200 * u128::from(number))).collect();
        assert_eq!(outcome.result, Ok(expected), "seed {seed}");
    }
}

/// Four steps of a task on tokio's runtime beside four of one of ours.
async fn interleaved() -> String {
    let log = Arc::new(Mutex::new(String::new()));
    let steps = |letter: char| {
        let log = Arc::clone(&log);
        async move {
            for _ in 0..4 {
                log.lock().unwrap().push(letter);
                tokio::task::yield_now().await;
            }
        }
    };
    let (theirs, mine) = (tokio::spawn(steps('t')), ours::spawn(steps('o')));
    theirs.await.unwrap();
    mine.await.unwrap();
    Arc::into_inner(log).unwrap().into_inner().unwrap()
}

#[test]
fn each_poll_on_tokios_runtime_is_a_turn_among_all_others() {
    let orders: BTreeSet<String> =
        (0..2_000).map(|seed| run(seed, interleaved).result.unwrap()).collect();
    // All interleavings of two times four steps: 8 over 4.
    assert_eq!(orders.len(), 70);
}

#[test]
fn same_seed_same_trace_whatever_ran_before() {
    let text = |seed| run(seed, interleaved).trace.unwrap().to_text();
    let fresh = |seed| std::thread::scope(|scope| scope.spawn(|| text(seed)).join().unwrap());
    for seed in 0..20 {
        let first = text(seed);
        assert_eq!(first, text(seed), "seed {seed}");
        assert_eq!(first, fresh(seed), "seed {seed}, on a fresh thread");
    }
}

#[test]
fn a_task_on_tokios_runtime_that_waits_for_ever_is_a_deadlock_of_who_joins_it() {
    let outcome = run(0, || async {
        ours::time::sleep(MILLI).await;
        tokio::spawn(std::future::pending::<()>()).await.unwrap();
    });
    let at = finding_of(outcome, Kind::Deadlock).at;
    assert_eq!(at.as_nanos(), 1_000_000, "the clock stays where it was");
}

#[test]
fn tokios_timeout_ends_what_waits_for_ever() {
    let outcome = run(0, || async {
        ours::task::yield_now().await;
        let begin = ours::time::Instant::now();
        let never = tokio::time::timeout(MILLI * 250, std::future::pending::<()>()).await;
        (never.is_err(), begin.elapsed())
    });
    assert_eq!(outcome.result, Ok((true, MILLI * 250)));
}

#[test]
fn what_blocks_on_a_thread_of_tokios_is_a_finding() {
    let outcome = run(0, || async {
        ours::task::yield_now().await;
        tokio::task::spawn_blocking(|| ()).await.unwrap();
    });
    let message = finding_of(outcome, Kind::Panic).message;
    assert!(message.contains("was about to start an OS thread inside of a run"), "{message}");
}

#[test]
fn advancing_by_hand_fires_the_timers_of_both_clocks() {
    for seed in 0..50 {
        let outcome = run(seed, || async {
            let theirs = tokio::spawn(tokio::time::sleep(MILLI * 10));
            let mine = ours::spawn(ours::time::sleep(MILLI * 10));
            ours::task::yield_now().await;
            ours::time::advance(MILLI * 10).await;
            let begin = ours::time::Instant::now();
            theirs.await.unwrap();
            mine.await.unwrap();
            begin.elapsed()
        });
        let late = outcome.result.expect("it passes");
        assert!(late <= MILLI * 10, "seed {seed}: {late:?}");
    }
}

#[test]
fn a_panic_on_tokios_runtime_is_a_finding_at_its_own_place_unless_it_is_said_to_be_handled() {
    let program = |is_handled: bool| async move {
        if is_handled {
            ours::sim::handle_panics();
        }
        let error = tokio::spawn(async { panic!("there") }).await.unwrap_err();
        assert!(error.is_panic());
    };
    let finding = finding_of(run(0, || program(false)), Kind::Panic);
    assert!(finding.message.starts_with("there (in a task on tokio's own runtime"), "{finding}");
    assert!(finding.place.unwrap().to_string().contains("driven.rs"));
    for seed in 0..20 {
        let outcome = run(seed, || program(true));
        let trace = outcome.trace.unwrap().to_text();
        let told = trace.contains("a task on tokio's own runtime");
        assert!(told && trace.contains("panicked: there"), "{trace}");
        assert_eq!(outcome.result, Ok(()), "it is not handled in the next run either");
    }
    finding_of(run(0, || program(false)), Kind::Panic);
}

#[test]
fn a_panic_that_the_task_itself_catches_is_none_of_the_runs_business() {
    let outcome = run(0, || async {
        let task = tokio::spawn(async {
            let caught = std::panic::catch_unwind(|| panic!("caught"));
            tokio::task::yield_now().await;
            caught.is_err()
        });
        task.await.unwrap()
    });
    assert_eq!(outcome.result, Ok(true));
}

#[test]
fn a_trace_shows_what_tokios_runtime_is_given_and_the_time_that_is_spent_there() {
    let outcome = run(0, || async {
        let task = tokio::spawn(async {
            tokio::time::sleep(MILLI * 70).await;
            ours::time::sleep(MILLI * 5).await;
        });
        task.await.unwrap();
    });
    let trace = outcome.trace.unwrap();
    let text = trace.to_text();
    if cfg!(tokio_unstable) {
        // Built so, tokio tells where it was spawned, too.
        assert!(text.contains("spawns a task on tokio's own runtime at"), "{text}");
        assert!(text.contains("say polls the task that was spawned at"), "{text}");
    } else {
        insta::assert_snapshot!("time_spent_in_a_task_of_tokios", text);
    }
}
