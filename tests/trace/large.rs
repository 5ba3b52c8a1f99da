//! Reports of long runs: short, and in time.

use std::rc::Rc;
use std::time::{Duration, Instant};

use unpick::primitives::{Lock, Queue};
use unpick::sim::finding::Kind;
use unpick::sim::{spawn, task, yield_now};
use unpick::{Options, Run};

/// How often each pair of tasks hands something over, before two locks are taken in a ring.
const ROUNDS: usize = 3_500;

/// Pairs that talk for long, and a deadlock at the end.
async fn talk_and_get_stuck() {
    let pairs = [1, 2].map(|number| {
        let queue = Rc::new(Queue::new(1).named(format!("q{number}")));
        let other = queue.clone();
        let sender = task().named(format!("sender-{number}")).spawn(async move {
            for round in 0..ROUNDS {
                queue.put(round).await.expect("it is not shut down");
            }
        });
        let receiver = spawn(async move {
            for _ in 0..ROUNDS {
                other.get().await.expect("it is not shut down");
            }
        });
        [sender, receiver]
    });
    for task in pairs.into_iter().flatten() {
        task.await.expect("nobody aborts it");
    }
    let locks = Rc::new([Lock::new(()).named("one"), Lock::new(()).named("two")]);
    let other = locks.clone();
    let child = spawn(async move {
        let _second = other[1].lock().await;
        yield_now().await;
        let _first = other[0].lock().await;
    });
    let _first = locks[0].lock().await;
    yield_now().await;
    let _second = locks[1].lock().await;
    child.await.expect("nobody aborts it");
}

/// Rendering takes a fraction of a second when it is optimised, and must not be quadratic.
const IN_TIME: Duration = Duration::from_secs(10);

#[test]
#[expect(clippy::disallowed_methods, reason = "how long renderings take is what is looked at")]
fn a_run_of_100_000_events_has_a_short_report_in_time() {
    let options = Options { steps_max: 10_000_000, ..Options::default() };
    let outcome = Run::with(options).plain().traced().execute(talk_and_get_stuck);
    let (trace, finding) =
        (outcome.trace.expect("it is traced"), outcome.result.expect_err("stuck"));
    assert_eq!(finding.kind, Kind::Deadlock);
    assert!(trace.events.len() >= 100_000, "{} events", trace.events.len());
    let begun = Instant::now();
    let lanes = trace.lanes().involving(&finding).to_string();
    let tail = trace.tail(&trace.involved(&finding), 5);
    let told = finding.to_string();
    for (what, text) in [("lanes", lanes), ("tail", tail), ("finding", told)] {
        let lines = text.lines().count();
        assert!(lines < 70, "{what}: {lines} lines");
    }
    assert!(trace.lanes().to_string().contains("more lines"), "what is left out is counted");
    assert!(!trace.to_text().is_empty() && !trace.to_jsonl().is_empty());
    assert!(!trace.normal_form().layers.is_empty());
    let took = begun.elapsed();
    assert!(took < IN_TIME, "{took:?} to render {} events", trace.events.len());
}
