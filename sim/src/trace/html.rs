//! Traces as a page: one file that needs nothing else, for a browser.

use serde_json::{Value, json};

use super::spans::{ArrowKind, Spans};
use super::words::{one_line, short_titles};
use super::{Event, EventKind, Site, TaskRef, Text, Trace};
use crate::choice::Label;
use crate::seed::RunId;

/// A page with a lane for each task of one run, or of two side by side.
///
/// It is one file without any reference to another. It shows turns, what tasks wait for and who
/// holds it, wake-ups and hand-overs, and can be stepped through by slider and keyboard: `?`
/// lists the keys.
///
/// # Examples
/// ```
/// use unpick_sim::Run;
/// use unpick_sim::trace::Page;
///
/// let trace = Run::new().traced().execute(|| async {}).trace.expect("the run was traced");
/// let html = Page::new("an empty run").trace("the run", &trace).report("nothing to see").render();
/// assert!(html.starts_with("<!doctype html>"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a page is to be rendered"]
pub struct Page<'a> {
    title: String,
    report: String,
    traces: Vec<(String, &'a Trace)>,
}

impl<'a> Page<'a> {
    /// A page with a title, and nothing on it.
    pub fn new(title: impl Into<String>) -> Page<'a> {
        Page { title: title.into(), report: String::new(), traces: Vec::new() }
    }

    /// Adds a run: first the one that failed, then the one to compare it with.
    pub fn trace(mut self, title: impl Into<String>, trace: &'a Trace) -> Page<'a> {
        self.traces.push((title.into(), trace));
        self
    }

    /// What is known of the failure, as it is printed elsewhere.
    pub fn report(mut self, text: impl Into<String>) -> Page<'a> {
        self.report = text.into();
        self
    }

    /// The page.
    #[must_use]
    pub fn render(&self) -> String {
        let traces = self.traces.iter().map(|(title, trace)| data(title, trace));
        let data = json!({ "report": self.report, "traces": traces.collect::<Vec<_>>() });
        // Inside of a script element only `<` could end it, or begin a comment.
        let data = data.to_string().replace('<', "\\u003c");
        let parts = [
            ("@title@", escape(&self.title)),
            ("@css@", include_str!("html/page.css").into()),
            ("@js@", [include_str!("html/pane.js"), include_str!("html/page.js")].concat()),
            ("@data@", data),
        ];
        let mut page = String::new();
        let mut rest = include_str!("html/page.html");
        // Each mark is looked for in the template alone, never in what was put in.
        while let Some((at, (mark, part))) = parts
            .iter()
            .filter_map(|part| rest.find(part.0).map(|at| (at, part)))
            .min_by_key(|&(at, _)| at)
        {
            page.push_str(&rest[..at]);
            page.push_str(part);
            rest = &rest[at + mark.len()..];
        }
        page.push_str(rest);
        page
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// One run, as the page's script reads it.
fn data(title: &str, trace: &Trace) -> Value {
    let spans = Spans::of(trace);
    let tasks = trace.tasks.iter().zip(short_titles(trace)).map(|(task, short)| {
        json!({
            "title": one_line(&task.title()),
            "short": short,
            "path": task.path,
            "spawned": task.spawned.as_ref().map(ToString::to_string),
        })
    });
    let text = Text::default();
    let events = trace.events.iter().map(|event| {
        let task = event.task.map_or(-1, |task| i64::from(task.0));
        let what = text.what(trace, event).unwrap_or_else(|| order(trace, event));
        json!([event.at.to_string(), task, kind(event), what, site(event)])
    });
    let turns = spans.turns.iter().map(|span| json!([span.task.0, span.from, span.to]));
    let ready = spans.ready.iter().map(|span| json!([span.task.0, span.from, span.to]));
    let waits = spans.waits.iter().map(|wait| {
        let sites = wait.operations.iter().map(|on| on.site.place().to_string());
        let holders: Vec<u32> = wait.holders.iter().map(|task| task.0).collect();
        let sites = sites.collect::<Vec<_>>().join(", ");
        json!([wait.span.task.0, wait.span.from, wait.span.to, wait.what(trace), sites, holders])
    });
    let arrows = spans.arrows.iter().map(|arrow| {
        let kind = match arrow.kind {
            ArrowKind::Wake => "wake",
            ArrowKind::Hand => "hand",
            ArrowKind::Spawn => "spawn",
        };
        let from = arrow.from_task.map_or(-1, |task| i64::from(task.0));
        json!([arrow.from, from, arrow.to, arrow.to_task.0, kind])
    });
    json!({
        "title": title,
        // Of a tape nobody knows the number.
        "run": (trace.run != RunId::default()).then(|| trace.run.to_string()),
        "over": over(trace),
        "tasks": tasks.collect::<Vec<_>>(),
        "events": events.collect::<Vec<_>>(),
        "turns": turns.collect::<Vec<_>>(),
        "ready": ready.collect::<Vec<_>>(),
        "waits": waits.collect::<Vec<_>>(),
        "arrows": arrows.collect::<Vec<_>>(),
    })
}

/// The event with which the run was over: after it, what was left is dropped.
fn over(trace: &Trace) -> usize {
    let is_end = |event: &Event| matches!(event.kind, EventKind::Ended { task: TaskRef(0), .. });
    trace.events.iter().position(is_end).unwrap_or(trace.events.len().saturating_sub(1))
}

/// How an event is drawn.
fn kind(event: &Event) -> &'static str {
    match &event.kind {
        EventKind::Step { .. } => "step",
        EventKind::Choice { choice, .. } if choice.is_plain() || choice.label() == Label::Data => {
            "minor"
        }
        EventKind::Choice { .. } => "choice",
        EventKind::Blocked(_) => "blocked",
        EventKind::SharedRead { .. }
        | EventKind::SharedWritten { .. }
        | EventKind::SharedUpdated { .. } => "shared",
        EventKind::Said { .. } | EventKind::Logged { .. } | EventKind::Passed { .. } => "say",
        EventKind::Struck(_) => "fault",
        EventKind::Woken { .. }
        | EventKind::WokenAgain { .. }
        | EventKind::Granted { .. }
        | EventKind::Acquired { .. }
        | EventKind::Released { .. }
        | EventKind::Published { .. }
        | EventKind::Observed { .. }
        | EventKind::Stamped { .. }
        | EventKind::StampObserved { .. } => "minor",
        _ => "act",
    }
}

/// What only says what happens before what, which texts leave out.
fn order(trace: &Trace, event: &Event) -> String {
    let object = event.kind.object().map(|object| &trace.objects[object.0 as usize].title);
    match (&event.kind, object) {
        (EventKind::Choice { number, choice, .. }, _) => format!("choice {number}: {choice:?}"),
        (EventKind::WokenAgain { task }, _) => {
            format!("wake {} again", one_line(&trace.tasks[task.0 as usize].title()))
        }
        (EventKind::Published { .. }, Some(title)) => format!("publish {}", one_line(title)),
        (EventKind::Observed { .. }, Some(title)) => format!("observe {}", one_line(title)),
        (EventKind::Stamped { number }, _) => format!("stamp message {number}"),
        (EventKind::StampObserved { number }, _) => format!("observe message {number}"),
        _ => String::new(),
    }
}

/// Where in the source an event is.
fn site(event: &Event) -> Option<String> {
    let site = event.kind.site().filter(|site: &Site| site.is_known());
    site.map(|site| site.place().to_string())
}
