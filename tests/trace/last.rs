//! Traces of the last events alone.

use std::rc::Rc;

use unpick::primitives::Lock;
use unpick::sim::trace::{EventKind, Trace};
use unpick::sim::{Shared, spawn, step};
use unpick::{Kind, Run};

/// Two tasks add to a variable under a lock, and then one of them beside it.
async fn adds() {
    let lock = Rc::new(Lock::new(()));
    let sum = Rc::new(Shared::synchronized(0_u32).named("sum"));
    let task = |is_careless: bool| {
        let (lock, sum) = (lock.clone(), sum.clone());
        spawn(async move {
            for round in 0..20 {
                let guard = lock.lock().await;
                let seen = sum.get();
                if is_careless && round == 19 {
                    drop(guard);
                    step().await;
                    sum.set(seen + 1);
                    return;
                }
                step().await;
                sum.set(seen + 1);
            }
        })
    };
    let tasks = [task(false), task(true)];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

fn traced(run: Run) -> (Option<Kind>, Trace) {
    let outcome = run.execute(adds);
    (outcome.result.err().map(|finding| finding.kind), outcome.trace.expect("it is traced"))
}

#[test]
fn the_last_events_are_those_of_the_whole_trace_and_say_how_many_came_before() {
    let mut kinds = Vec::new();
    for seed in 0..100 {
        let (kind, whole) = traced(Run::new().seed(seed).traced());
        for last in [0, 1, 7, 100, 100_000] {
            let (same, tail) = traced(Run::new().seed(seed).traced_last(last));
            assert_eq!(same, kind, "seed {seed}, the last {last}");
            let kept = (last as usize).min(whole.events.len());
            let elided = whole.events.len() - kept;
            let events = match &tail.events[..] {
                [first, events @ ..] if elided > 0 => {
                    assert_eq!(first.kind, EventKind::Elided { events: elided as u64 });
                    events
                }
                events => events,
            };
            assert_eq!(events, &whole.events[elided..], "seed {seed}, the last {last}");
        }
        kinds.extend(kind);
    }
    assert!(
        kinds.contains(&Kind::LostUpdate) && kinds.len() < 100,
        "some schedules lose an update"
    );
}

#[test]
fn every_rendering_says_how_many_events_are_not_there() {
    let (_, whole) = traced(Run::new().plain().traced());
    let (_, tail) = traced(Run::new().plain().traced_last(5));
    let elided = whole.events.len() - 5;
    let texts = [
        tail.to_text(),
        tail.normal_form().to_string(),
        tail.to_jsonl(),
        tail.to_chrome(),
        tail.lanes().to_string(),
    ];
    for text in texts {
        assert!(text.contains(&elided.to_string()), "{elided} in: {text}");
    }
}
