//! How long the forms of a long run take: each is to be there in less than a second.

#[path = "../../tests/support/long_run.rs"]
mod long_run;

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use long_run::talk_and_get_stuck;
use unpick::sim::hunt::explain::{Callers, Decisions, Explanation, Minimal, Replayed, Shrunk};
use unpick::sim::hunt::{Failure, Origin};
use unpick::sim::seed::RunId;
use unpick::sim::trace::{Page, Trace, wait_graph};
use unpick::{Options, Run};

/// How long one form may take.
const TIME_MAX: Duration = Duration::from_secs(1);

/// A traced run of that with about so many events, as the failure of a hunt.
fn failure(events: u64) -> Failure {
    let options = Options { steps_max: events * 10, ..Options::default() };
    let rounds = usize::try_from(events / 28).unwrap_or(usize::MAX);
    let outcome = Run::with(options).plain().traced().execute(|| talk_and_get_stuck(rounds));
    let finding = outcome.result.expect_err("two tasks wait in a ring");
    let trace = outcome.trace.expect("it is traced");
    let shrunk = Shrunk {
        tape: outcome.tape.clone(),
        finding: finding.clone(),
        switches: 0,
        steps: outcome.steps,
        runs: 0,
        cut_short: None,
    };
    let minimal = Minimal {
        shrunk,
        trace: trace.clone(),
        callers: Callers::default(),
        decisions: Decisions { flips: Vec::new(), decisive: None, cut_short: None },
        plainer: Vec::new(),
        passing: None,
    };
    let explanation =
        Explanation { replayed: Replayed::Identically, minimal: Some(minimal), trace: Some(trace) };
    Failure {
        hunt: "a long run".into(),
        origin: Origin::Given,
        id: RunId::default(),
        runs_max: 1,
        after: Duration::ZERO,
        strategy: "fifo".into(),
        finding,
        tape: outcome.tape,
        explanation: Some(explanation),
        rerun: Vec::new(),
        kept: None,
        report: None,
    }
}

/// A form: what it is called, and how it is made.
type Form<'a> = (&'static str, Box<dyn Fn() -> String + 'a>);

fn forms<'a>(failure: &'a Failure, trace: &'a Trace) -> Vec<Form<'a>> {
    let finding = &failure.finding;
    vec![
        ("report", Box::new(|| failure.to_string())),
        ("lanes", Box::new(|| trace.lanes().to_string())),
        ("text", Box::new(|| trace.to_text())),
        ("normal form", Box::new(|| trace.normal_form().to_string())),
        ("JSON Lines", Box::new(|| trace.to_jsonl())),
        ("Chrome trace", Box::new(|| trace.to_chrome())),
        ("DOT", Box::new(|| wait_graph(finding))),
        (
            "page",
            Box::new(|| {
                Page::new("a long run").report(failure.to_string()).trace("it", trace).render()
            }),
        ),
    ]
}

/// Prints how long each form of a run of so many events takes, and of one with a quarter; says
/// whether each of them was there in time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
pub fn print_table(events: u64) -> bool {
    let failures = [failure(events / 4), failure(events)];
    let traces = failures.each_ref().map(|failure| {
        let known = failure.explanation.as_ref().and_then(|known| known.trace.as_ref());
        known.expect("it has just been made with one")
    });
    let counts = traces.map(|trace| trace.events.len());
    println!("| form | ms, {} events | ms, {} events | lines | KiB |", counts[0], counts[1]);
    println!("|---|---|---|---|---|");
    let mut is_in_time = true;
    let small = forms(&failures[0], traces[0]);
    for ((name, of_fewer), (_, of_all)) in small.iter().zip(&forms(&failures[1], traces[1])) {
        let mut row = format!("| {name} ");
        let mut text = String::new();
        for form in [of_fewer, of_all] {
            let begun = Instant::now();
            text = black_box(form());
            let took = begun.elapsed();
            is_in_time &= took < TIME_MAX;
            let _infallible = write!(row, "| {} ", took.as_millis());
        }
        println!("{row}| {} | {} |", text.lines().count(), text.len() / 1024);
    }
    is_in_time
}
