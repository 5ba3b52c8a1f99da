//! Traces in the Trace Event Format, which ui.perfetto.dev and `chrome://tracing` open.
//!
//! Virtual time mostly stands still, so the axis is the number of the event: a microsecond an
//! event. The virtual time is a counter beside, and an argument of everything.
//!
//! Each task is a thread, and the clock is thread 0. A task's thread shows, one after the other
//! and never overlapping, its turns, what it waits for between them, and how long it was ready
//! before its turn came. What it does in a turn is an instant. Wake-ups are arrows to the turn
//! that serves them.

use serde_json::{Map, Value, json};

use super::spans::{ArrowKind, Span, Spans};
use super::words::one_line;
use super::{Event, EventKind, TaskRef, Text, Trace};

/// The process that all threads are of.
const PROCESS: u32 = 1;
/// The thread of the clock.
const CLOCK: u32 = 0;

pub(super) fn render(trace: &Trace) -> String {
    let mut writer = Writer { trace, events: Vec::new() };
    writer.threads();
    writer.spans(&Spans::of(trace));
    let text = Text::default().with_sites();
    for (index, event) in trace.events.iter().enumerate() {
        writer.instant(&text, index, event);
    }
    // Viewers want them in order; what is longer comes first, so that spans nest.
    writer.events.sort_by_key(|&(ts, duration, _)| (ts, std::cmp::Reverse(duration)));
    let about = json!({ "unpick_run": trace.run.to_string() });
    let mut text =
        format!("{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[\n");
    for (number, (_, _, event)) in writer.events.iter().enumerate() {
        text.push_str(if number == 0 { "" } else { ",\n" });
        text.push_str(&event.to_string());
    }
    text.push_str("\n]}\n");
    text
}

fn thread(task: Option<TaskRef>) -> u32 {
    task.map_or(CLOCK, |TaskRef(index)| index + 1)
}

struct Writer<'a> {
    trace: &'a Trace,
    /// When each begins, how long it is, and what it is.
    events: Vec<(usize, usize, Value)>,
}

impl Writer<'_> {
    /// An event with what all have.
    fn push(&mut self, phase: &str, name: &str, tid: u32, ts: usize, fields: Value) {
        let mut event = Map::new();
        event.insert("ph".into(), phase.into());
        event.insert("name".into(), name.into());
        event.insert("pid".into(), PROCESS.into());
        event.insert("tid".into(), tid.into());
        event.insert("ts".into(), ts.into());
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        let duration = event.get("dur").and_then(Value::as_u64).unwrap_or(0);
        self.events.push((ts, duration as usize, Value::Object(event)));
    }

    fn threads(&mut self) {
        let run = json!({ "args": { "name": format!("run {}", self.trace.run) } });
        self.push("M", "process_name", CLOCK, 0, run);
        let titles = self.trace.tasks.iter().map(|task| one_line(&task.title()).into_owned());
        let titles: Vec<String> = std::iter::once("clock".to_owned()).chain(titles).collect();
        for (tid, title) in (0..).zip(titles) {
            self.push("M", "thread_name", tid, 0, json!({ "args": { "name": title } }));
            self.push("M", "thread_sort_index", tid, 0, json!({ "args": { "sort_index": tid } }));
        }
    }

    fn at(&self, index: usize) -> String {
        self.trace.events.get(index).map_or_else(String::new, |event| event.at.to_string())
    }

    fn span(&mut self, name: &str, span: Span, mut args: Value) {
        if let Value::Object(args) = &mut args {
            args.insert("t".into(), self.at(span.from).into());
        }
        let fields = json!({ "cat": "unpick", "dur": span.to - span.from, "args": args });
        self.push("X", name, thread(Some(span.task)), span.from, fields);
    }

    fn spans(&mut self, spans: &Spans) {
        for &turn in &spans.turns {
            self.span("turn", turn, json!({}));
        }
        for &ready in &spans.ready {
            self.span("ready", ready, json!({}));
        }
        for wait in &spans.waits {
            let sites = wait.operations.iter().map(|operation| operation.site.place().to_string());
            let holders =
                wait.holders.iter().map(|&TaskRef(task)| self.trace.tasks[task as usize].title());
            let args = json!({
                "at": sites.collect::<Vec<_>>(),
                "held by": holders.collect::<Vec<_>>(),
            });
            self.span(&format!("waits: {}", wait.what(self.trace)), wait.span, args);
        }
        for (id, arrow) in spans.arrows.iter().enumerate() {
            let name = match arrow.kind {
                ArrowKind::Wake => "wakes",
                ArrowKind::Hand => "hands over",
                ArrowKind::Spawn => "spawns",
            };
            let end = json!({ "cat": "wake", "id": id, "bp": "e" });
            self.push("s", name, thread(arrow.from_task), arrow.from, end.clone());
            self.push("f", name, thread(Some(arrow.to_task)), arrow.to, end);
        }
        self.clock();
    }

    /// The jumps of the clock, each until the next turn; and the virtual time, as a counter.
    fn clock(&mut self) {
        let trace = self.trace;
        let mut jump: Option<usize> = None;
        for index in 0..=trace.events.len() {
            let kind = trace.events.get(index).map(|event| &event.kind);
            let is_jump = matches!(kind, Some(EventKind::ClockJumped { .. }));
            let ends = is_jump || matches!(kind, None | Some(EventKind::Step { .. }));
            if ends && let Some(from) = jump.take() {
                let fields = json!({ "cat": "unpick", "dur": index - from, "args": {} });
                self.push("X", "the clock jumps", CLOCK, from, fields);
            }
            if let Some(EventKind::ClockJumped { to }) = kind {
                jump = Some(index);
                // In whole nanoseconds, which a counter can hold exactly for 104 days.
                let args = json!({ "args": { "ns": to.as_nanos() } });
                self.push("C", "virtual time", CLOCK, index, args);
            }
        }
    }

    fn instant(&mut self, text: &Text, index: usize, event: &Event) {
        let is_shown_otherwise = match event.kind {
            EventKind::Step { .. } | EventKind::Woken { .. } => true,
            EventKind::Choice { choice, .. } => choice.is_plain(),
            _ => false,
        };
        let Some(name) = text.what(self.trace, event).filter(|_| !is_shown_otherwise) else {
            return;
        };
        let args = json!({ "t": event.at.to_string(), "event": index });
        let fields = json!({ "cat": "unpick", "s": "t", "args": args });
        self.push("i", &name, thread(event.task), index, fields);
    }
}
