//! Two traces beside each other: where they part, and what each did then.

use std::fmt;

use super::{Event, EventKind, Text, Trace};

/// Compares two traces, such as those of a failing and of a passing run.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, event, trace};
///
/// let trace = |number: u32| {
///     let program = || async move { event!("drew {number}") };
///     Run::new().plain().traced().execute(program).trace.expect("the run was traced")
/// };
/// let (one, other) = (trace(1), trace(2));
/// assert_eq!(trace::diff(&one, &one).first(), None);
/// assert_eq!(trace::diff(&one, &other).names("one", "other").to_string(), "\
/// the same for 1 event, up to t=0.000
///       0.000  main                  step
/// then one
/// -     0.000  main                  say drew 1
/// -     0.000  main                  end
/// then other
/// +     0.000  main                  say drew 2
/// +     0.000  main                  end
/// ");
/// ```
pub fn diff<'a>(left: &'a Trace, right: &'a Trace) -> Diff<'a> {
    let same = left
        .events
        .iter()
        .zip(&right.events)
        .position(|(mine, theirs)| !is_same(left, mine, right, theirs));
    let first = same.or_else(|| {
        let shorter = left.events.len().min(right.events.len());
        (left.events.len() != right.events.len()).then_some(shorter)
    });
    Diff { traces: [left, right], first, names: ["left".into(), "right".into()], lines_max: 12 }
}

/// What two traces share, and what each did after that.
#[derive(Clone, Debug)]
#[must_use = "a comparison is to be printed"]
pub struct Diff<'a> {
    traces: [&'a Trace; 2],
    first: Option<usize>,
    names: [String; 2],
    lines_max: usize,
}

/// How many of the events that both share are shown.
const SHARED_SHOWN: usize = 4;

/// Events are the same if they say the same of the same tasks and objects at the same time, at
/// the same place in the source.
fn is_same(left: &Trace, mine: &Event, right: &Trace, theirs: &Event) -> bool {
    let task =
        |trace: &Trace, event: &Event| event.task.map(|task| trace.tasks[task.0 as usize].title());
    let text = Text::default().with_sites();
    mine.at == theirs.at
        && task(left, mine) == task(right, theirs)
        && std::mem::discriminant(&mine.kind) == std::mem::discriminant(&theirs.kind)
        && text.what(left, mine) == text.what(right, theirs)
}

impl Diff<'_> {
    /// The number of the first event that differs, or that only one of them has; `None` if the
    /// traces are the same.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        self.first
    }

    /// What each trace has from where they part on, a line each, up to
    /// [`lines_max`](Self::lines_max); nothing if they are the same.
    #[must_use]
    pub fn lines_after(&self) -> [Vec<String>; 2] {
        self.traces.map(|trace| {
            let events = self.first.map_or(&[][..], |first| &trace.events[first..]);
            let mut lines = lines(trace, events);
            lines.truncate(self.lines_max);
            lines
        })
    }

    /// What the traces are called; `left` and `right` unless it is said.
    pub fn names(mut self, left: impl Into<String>, right: impl Into<String>) -> Self {
        self.names = [left.into(), right.into()];
        self
    }

    /// How many lines of each trace are shown after the point where they part, at least 1; 12
    /// unless it is said. The rest is counted.
    pub fn lines_max(mut self, lines: usize) -> Self {
        self.lines_max = lines.max(1);
        self
    }
}

/// The lines of some events, choices with their numbers among them.
fn lines(trace: &Trace, events: &[Event]) -> Vec<String> {
    let text = Text::default().with_choices();
    events.iter().filter_map(|event| text.line(trace, event)).collect()
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

impl fmt::Display for Diff<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [left, right] = self.traces;
        let Some(first) = self.first else {
            return writeln!(f, "the same, all {}", count(left.events.len(), "event"));
        };
        if first == 0 {
            writeln!(f, "different from the first event on")?;
        } else {
            let at = left.events[first - 1].at;
            writeln!(f, "the same for {}, up to t={at}", count(first, "event"))?;
            let shared = lines(left, &left.events[..first]);
            for line in &shared[shared.len().saturating_sub(SHARED_SHOWN)..] {
                writeln!(f, "  {line}")?;
            }
        }
        for ((trace, name), sign) in [left, right].into_iter().zip(&self.names).zip(['-', '+']) {
            let after = lines(trace, &trace.events[first..]);
            if after.is_empty() {
                writeln!(f, "then {name} is over")?;
                continue;
            }
            writeln!(f, "then {name}")?;
            for line in after.iter().take(self.lines_max) {
                writeln!(f, "{sign} {line}")?;
            }
            if let Some(more) = after.len().checked_sub(self.lines_max).filter(|more| *more > 0) {
                let end = end_of(trace);
                writeln!(f, "{sign} ... {}{end}", count(more, "more line"))?;
            }
        }
        Ok(())
    }
}

/// How a trace ended, for one that is not shown to its end.
fn end_of(trace: &Trace) -> String {
    let mut jumps = trace.events.iter().rev().filter_map(|event| match event.kind {
        EventKind::ClockJumped { to } => Some(to),
        _ => None,
    });
    match jumps.next() {
        Some(to) => format!(", up to t={to}"),
        None => String::new(),
    }
}
