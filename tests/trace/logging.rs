//! What a program logs through `tracing` and `log`, in the trace of its run.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tracing::span;
use unpick::Run;
use unpick::sim::time::sleep;
use unpick::sim::{event, spawn, task};

use crate::programs::traced;

/// Two tasks that log, if they are to.
async fn logs(logging: bool) {
    let worker = task().named("worker").spawn(async move {
        sleep(Duration::from_secs(2)).await;
        if logging {
            tracing::info!(jobs = 3, "through tracing");
            log::warn!("through {}", "log");
            tracing::debug!("of less use");
        }
    });
    let other = spawn(async move {
        if logging {
            tracing::error_span!("a span").in_scope(|| tracing::error!("at once"));
        }
    });
    worker.await.expect("nobody aborts it");
    other.await.expect("nobody aborts it");
}

#[test]
fn what_is_logged_has_virtual_time_and_task_and_stands_in_its_place() {
    let trace = traced(Run::new().plain(), || logs(true));
    let text = trace.to_text();
    for line in [
        "    0.000  main.2                log error trace::logging: at once\n",
        "    2.000  main.1 worker         log info trace::logging: through tracing jobs=3\n",
        "    2.000  main.1 worker         log warn trace::logging: through log\n",
        "    2.000  main.1 worker         log debug trace::logging: of less use\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let lanes = trace.lanes().to_string();
    assert!(lanes.contains("log info: through tracing jobs=3"), "{lanes}");
    assert!(!lanes.contains("of less use"), "{lanes}");
    assert!(trace.to_jsonl().contains(r#""event":"logged","level":"warn""#));
}

#[test]
fn logging_moves_no_schedule() {
    for seed in 0..50 {
        let run = |logging: bool| Run::new().seed(seed).execute(move || logs(logging)).tape;
        let traced = Run::new().seed(seed).traced().execute(|| logs(true)).tape;
        assert_eq!(run(true), run(false));
        assert_eq!(run(true), traced);
    }
}

#[test]
fn nothing_is_formatted_in_a_run_that_is_not_traced() {
    thread_local! {
        static FORMATTED: Cell<u32> = const { Cell::new(0) };
    }
    struct Counts;
    impl std::fmt::Display for Counts {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            FORMATTED.set(FORMATTED.get() + 1);
            f.write_str("counted")
        }
    }
    let program = || async {
        tracing::info!("{}", Counts);
        log::info!("{}", Counts);
        event!("{}", Counts);
    };
    let _passes = Run::new().execute(program);
    assert_eq!(FORMATTED.get(), 0);
    let _passes = Run::new().traced().execute(program);
    assert_eq!(FORMATTED.get(), 3);
}

/// Counts events that are meant for it.
struct Counter;

static COUNTED: AtomicUsize = AtomicUsize::new(0);

impl tracing::Subscriber for Counter {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "counted"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        COUNTED.fetch_add(1, Ordering::Relaxed);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_subscriber_of_the_process_has_what_is_outside_of_runs_and_nothing_of_theirs() {
    tracing::subscriber::set_global_default(Counter).expect("no other test sets one");
    let count = || {
        tracing::info!(target: "counted", "here");
        COUNTED.load(Ordering::Relaxed)
    };
    assert_eq!(count(), 1);
    let trace = traced(Run::new(), || async { tracing::info!(target: "counted", "inside") });
    assert!(trace.to_text().contains("log info counted: inside"));
    assert_eq!(count(), 2);
    assert_eq!(count(), 3);
}
