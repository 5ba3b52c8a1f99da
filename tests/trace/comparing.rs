//! Tails, comparisons, wait-for graphs, and how fast all renderings are.

use std::collections::BTreeSet;

use unpick::sim::assert_trace_snapshot;
use unpick::sim::strategy::Lockstep;
use unpick::sim::trace::{Page, TaskRef, diff, wait_graph};
use unpick::sim::{event, spawn, yield_now};
use unpick::{Kind, Run};

use crate::programs::{self, traced};

#[test]
fn the_text_of_a_trace_is_pinned_in_one_line() {
    assert_trace_snapshot!("text_of_a_wait", Run::new().plain().traced().execute(programs::drain));
}

#[test]
fn a_tail_has_the_last_things_that_each_task_did() {
    let outcome = Run::new().strategy(Lockstep).traced().execute(programs::ring);
    let finding = outcome.result.expect_err("a deadlock");
    let trace = outcome.trace.expect("the run is traced");
    insta::assert_snapshot!("tail_deadlock", trace.tail(&trace.involved(&finding), 2));
}

#[test]
fn a_tail_of_nobody_is_empty_and_one_of_all_has_everything() {
    let trace = traced(Run::new().plain(), programs::pipeline);
    assert_eq!(trace.tail(&[], 5), "");
    let all: Vec<TaskRef> = (0..trace.tasks.len() as u32).map(TaskRef).collect();
    let tail = trace.tail(&all, 1000);
    assert!(!tail.contains("earlier") && tail.lines().count() > 20, "{tail}");
}

#[test]
fn two_runs_are_compared_from_where_they_part() {
    let failing = traced(Run::new().strategy(Lockstep), programs::deposits);
    let passing = traced(Run::new().plain(), programs::deposits);
    let diff = diff(&passing, &failing).names("the passing run", "the failing run").lines_max(5);
    insta::assert_snapshot!("diff_deposits", diff);
}

#[test]
fn a_run_is_the_same_as_itself_and_one_that_goes_on_differs_at_its_end() {
    let said = |times: usize| {
        traced(Run::new().plain(), move || async move {
            for _ in 0..times {
                event!("again");
            }
            std::future::pending::<()>().await;
        })
    };
    assert_eq!(diff(&said(2), &said(2)).to_string(), "the same, all 4 events\n");
    let (mut short, long) = (said(2), said(2));
    short.events.truncate(2);
    assert_eq!(diff(&short, &long).first(), Some(2));
    let text = diff(&short, &long).to_string();
    assert!(text.contains("then left is over\nthen right\n"), "{text}");
}

#[test]
fn a_deadlock_is_a_graph_that_graphviz_reads() {
    let finding = Run::new().strategy(Lockstep).execute(programs::ring).result;
    let finding = finding.expect_err("a deadlock");
    assert_eq!(finding.kind, Kind::Deadlock);
    let graph = wait_graph(&finding);
    for edge in [
        r#""task main.1 checkout" -> "lock stats""#,
        r#""lock stats" -> "task main.2 reaper""#,
        r#""task main" -> "task main.1 checkout""#,
    ] {
        assert!(graph.contains(edge), "{graph}");
    }
    let lines: BTreeSet<&str> = graph.lines().collect();
    assert_eq!(lines.len(), graph.lines().count(), "nothing is said twice");
    check_dot(&graph);
}

#[test]
fn names_with_quotes_and_backslashes_stay_names_in_a_graph() {
    let finding = Run::new().execute(|| async {
        let name = "\"evil\" \\ [shape=none]\n; x -> y";
        let task = unpick::sim::task().named(name);
        task.spawn(std::future::pending::<()>()).await
    });
    let graph = wait_graph(&finding.result.expect_err("a deadlock"));
    assert!(graph.contains(r#"\"evil\" \\ [shape=none]\n; x -> y""#), "{graph}");
    check_dot(&graph);
}

/// Lets graphviz read a graph, where it is installed.
fn check_dot(graph: &str) {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let dot = Command::new("dot")
        .arg("-Tcanon")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut dot) = dot else {
        eprintln!("SKIPPED: graphviz (`dot`) is not installed");
        return;
    };
    let mut input = dot.stdin.take().expect("its input is a pipe");
    input.write_all(graph.as_bytes()).expect("it reads");
    drop(input);
    let output = dot.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}\n{graph}", String::from_utf8_lossy(&output.stderr));
}

/// Ten tasks that give way again and again.
async fn busy(events: usize) {
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            spawn(async move {
                for round in 0..events / 40 {
                    event!("round {round}");
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// Not a benchmark: `unpick-benches` has that. It is here so that nothing is quadratic.
#[test]
fn a_trace_of_many_events_is_rendered_in_a_moment_and_stays_short_where_people_read() {
    let trace = traced(Run::new(), || busy(20_000));
    assert!(trace.events.len() > 20_000, "{} events", trace.events.len());
    let lanes = trace.lanes().to_string();
    assert!(lanes.lines().count() < 70 && lanes.contains("more lines"), "{lanes}");
    assert!(trace.tail(&[TaskRef(1), TaskRef(2)], 4).lines().count() < 10);
    let other = traced(Run::new().seed(1), || busy(20_000));
    assert!(diff(&trace, &other).to_string().lines().count() < 40);
    assert!(trace.normal_form().layers.len() > 500);
    assert!(trace.to_jsonl().lines().count() > 20_000);
    assert!(trace.to_chrome().len() > 100_000);
    assert!(Page::new("busy").trace("a run", &trace).render().len() > 100_000);
}
