//! From where the operations of the minimal run were called.

use std::collections::BTreeSet;

use super::{Callers, Decisions, lanes_of};
use crate::callers;
use crate::finding::{Finding, Place};
use crate::options::{Detection, Options};
use crate::trace::{Event, EventKind, TaskRef, Trace};

/// How many events are looked at, at the most, unless more are shown.
const EVENTS_MAX: usize = 128;

/// How many of one task at one place that the finding names.
const OF_ONE_MAX: usize = 8;

/// Replays the run and looks at the stacks of its events, if there are few, or else of those that
/// matter to a report.
///
/// `again` makes the run that the trace is of once more, and has to trace it.
pub(in crate::hunt) fn look_at_callers(
    options: &Options,
    finding: &Finding,
    trace: &Trace,
    decisions: &Decisions,
    again: impl FnOnce(),
) -> Callers {
    if options.callers == Detection::Off {
        return Callers::default();
    }
    callers::look_at(trace, wanted(trace, finding, decisions), &kept_of(trace, finding), again)
}

fn wanted(trace: &Trace, finding: &Finding, decisions: &Decisions) -> BTreeSet<usize> {
    let is_called = |kind: &EventKind| {
        let has_place = kind.site().is_some() || kind.object().is_some();
        has_place || matches!(kind, EventKind::AbortRequested { .. } | EventKind::Logged { .. })
    };
    let called = before_end(trace).filter(|(_, event)| is_called(&event.kind));
    let all: BTreeSet<usize> = called.map(|(index, _)| index).take(EVENTS_MAX + 1).collect();
    let shown = lanes_of(trace, finding, Some(decisions)).events();
    if all.len() <= EVENTS_MAX {
        // Of wakes there are many, and few have a line of their own.
        let is_wake = |event: &usize| matches!(trace.events[*event].kind, EventKind::Woken { .. });
        return all.into_iter().chain(shown.into_iter().filter(is_wake)).collect();
    }
    let mut wanted = shown;
    for (task, place) in named(finding) {
        wanted.extend(events_at(trace, task, place).rev().take(OF_ONE_MAX));
    }
    wanted
}

/// The events before the run was over, and what was left was dropped.
fn before_end(trace: &Trace) -> impl DoubleEndedIterator<Item = (usize, &Event)> {
    let is_end = |event: &Event| matches!(event.kind, EventKind::Ended { task: TaskRef(0), .. });
    let end = trace.events.iter().position(is_end).unwrap_or(trace.events.len());
    trace.events[..end].iter().enumerate()
}

/// The tasks that wait for something unknown, and whoever spawned them and may have polled it
/// before.
fn kept_of(trace: &Trace, finding: &Finding) -> Vec<TaskRef> {
    let unknown = finding.blocked.iter().filter(|blocked| blocked.waits.is_empty());
    let unknown: Vec<TaskRef> =
        unknown.filter_map(|blocked| trace.task_titled(&blocked.task)).collect();
    let spawners = trace.events.iter().filter_map(|event| match event.kind {
        EventKind::Spawned { task, .. } if unknown.contains(&task) => event.task,
        _ => None,
    });
    let mut tasks: Vec<TaskRef> = unknown.iter().copied().chain(spawners).collect();
    tasks.sort_unstable();
    tasks.dedup();
    tasks
}

/// How many ways to one place are told.
const WAYS_MAX: usize = 3;

/// From where tasks came to the places where they wait and hold, a line each, of those where that
/// says something; and where the wakers were kept of tasks that wait for something unknown.
pub(in crate::hunt) fn tell_calls(
    trace: &Trace,
    finding: &Finding,
    callers: &Callers,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (task, place) in named(finding) {
        let known: Vec<usize> =
            events_at(trace, task, place).filter(|&event| callers.is_known(event)).collect();
        if known.iter().all(|&event| callers.telling(event).is_empty()) {
            continue;
        }
        let mut ways: Vec<(String, usize)> = Vec::new();
        for event in known {
            let way = tell_way(callers, event);
            if !ways.iter().any(|(known, _)| *known == way) {
                ways.push((way, event));
            }
        }
        lines.push(match ways.as_slice() {
            [(only, _)] => format!("{task} came to {place} {only}"),
            several => {
                let shown = several.iter().zip(1..).take(WAYS_MAX).map(|((way, event), number)| {
                    format!("({number}) {way}, t={}", trace.events[*event].at)
                });
                let shown: Vec<String> = shown.collect();
                let more = match several.len().saturating_sub(WAYS_MAX) {
                    0 => String::new(),
                    more => format!("; and {more} more"),
                };
                let (count, shown) = (several.len(), shown.join("; "));
                format!("{task} came to {place} in {count} ways: {shown}{more}")
            }
        });
    }
    for task in kept_of(trace, finding) {
        if let Some((at, [keeper, above @ ..])) = callers.kept(task) {
            let above: String =
                above.iter().take(CALLERS_MAX).map(|place| format!(" from {place}")).collect();
            let title = trace.tasks[task.0 as usize].title();
            lines.push(format!("a waker of {title} was kept last at {keeper}{above}, t={at}"));
        }
    }
    lines
}

/// How many lines that called the one which kept a waker are told.
const CALLERS_MAX: usize = 3;

/// From where an event was called: all that is known, if the lines that say something are none.
fn tell_way(callers: &Callers, event: usize) -> String {
    let telling = callers.telling(event);
    let above = if telling.is_empty() { callers.above(event) } else { telling };
    match above {
        [] => String::from("directly"),
        above => above.iter().map(|place| format!("from {place}")).collect::<Vec<_>>().join(" "),
    }
}

/// The tasks that wait or hold, with where they do.
fn named(finding: &Finding) -> Vec<(&str, &Place)> {
    let mut named: Vec<(&str, &Place)> = Vec::new();
    for blocked in &finding.blocked {
        for wait in blocked.waits.iter().filter(|wait| wait.operation != "join") {
            let holders = wait.holders.iter().map(|holder| (holder.task.as_str(), &holder.place));
            for named_here in std::iter::once((blocked.task.as_str(), &wait.place)).chain(holders) {
                if !named.contains(&named_here) {
                    named.push(named_here);
                }
            }
        }
    }
    named
}

/// The events of a task at a place, by the title of the task: those in which it was there, and not
/// only what it had had from there.
fn events_at<'a>(
    trace: &'a Trace,
    task: &'a str,
    place: &'a Place,
) -> impl DoubleEndedIterator<Item = usize> + 'a {
    let task = trace.tasks.iter().zip(0..).find(|(info, _)| info.title() == task);
    let task = task.map(|(_, index)| TaskRef(index));
    before_end(trace)
        .filter(move |(_, event)| task.is_some() && event.task == task && is_there(&event.kind))
        .filter(move |(_, event)| event.kind.site().is_some_and(|site| site.place() == *place))
        .map(|(index, _)| index)
}

/// Whether a task is at the place of such an event when it happens.
fn is_there(kind: &EventKind) -> bool {
    !matches!(
        kind,
        EventKind::Lost { .. }
            | EventKind::TimerDropped { .. }
            | EventKind::Withdrawn(_)
            | EventKind::TimedOut { .. }
    )
}
