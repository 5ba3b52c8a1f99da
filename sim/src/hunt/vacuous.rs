//! Tests that try nothing: tasks overlap, and yet no schedule was ever chosen.

use std::collections::BTreeMap;
use std::fmt;

use crate::trace::{EventKind, TaskRef, Trace};

/// Why a hunt is vacuous: tasks overlapped in it, and yet no schedule choice ever had two
/// alternatives, so that all runs were the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vacuous {
    /// Two tasks that overlapped: the second took a turn while the first was unfinished.
    pub tasks: [String; 2],
}

impl fmt::Display for Vacuous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.tasks;
        write!(
            f,
            "no schedule choice ever had two alternatives, although {second} ran while {first} was \
             unfinished: they were never ready at the same time, and every run was the same\n  \
             do one of these:\n  \
             - time = stalling, if timers keep them apart: a slow machine brings them together\n  \
             - start them before the first of them is awaited\n  \
             - allow_vacuous, if there is nothing to be interleaved"
        )
    }
}

/// When a task was at it: its first turn, its last event, and all of its turns between.
#[derive(Debug, Default)]
struct Span {
    turns: Vec<usize>,
    end: Option<usize>,
    parent: Option<TaskRef>,
}

impl Span {
    /// Whether it has begun at this event and has not ended.
    fn covers(&self, at: usize) -> bool {
        self.turns.first().is_some_and(|&first| first < at) && self.end.is_none_or(|end| at < end)
    }

    /// Whether the other one took a turn while this one was unfinished.
    fn has_within(&self, other: &Span) -> bool {
        other.turns.iter().any(|&turn| self.covers(turn))
    }
}

/// Two tasks of a run that overlapped; `None` if each waited for the other to end, or had ended
/// before.
pub(super) fn overlapping(trace: &Trace) -> Option<Vacuous> {
    let mut spans: BTreeMap<TaskRef, Span> = BTreeMap::new();
    for (at, event) in trace.events.iter().enumerate() {
        match (&event.kind, event.task) {
            (EventKind::Spawned { task, .. }, parent) => {
                spans.entry(*task).or_default().parent = parent;
            }
            (EventKind::Step { .. }, Some(task)) => {
                spans.entry(task).or_default().turns.push(at);
            }
            // What is left behind is unfinished to the end.
            (EventKind::Ended { task, how }, _) if *how != crate::trace::Ending::LeftBehind => {
                spans.entry(*task).or_default().end = Some(at);
            }
            _ => {}
        }
    }
    let descends = |mut task: TaskRef, ancestor: TaskRef| {
        while let Some(parent) = spans.get(&task).and_then(|span| span.parent) {
            if parent == ancestor {
                return true;
            }
            task = parent;
        }
        false
    };
    // A parent that does nothing while its children run just waits for them.
    let overlap = |first: TaskRef, second: TaskRef| {
        let (one, other) = (&spans[&first], &spans[&second]);
        one.has_within(other) && (!descends(second, first) || other.has_within(one))
    };
    let tasks: Vec<TaskRef> = spans.keys().copied().collect();
    for &first in &tasks {
        let second = tasks.iter().find(|&&second| second != first && overlap(first, second));
        if let Some(&second) = second {
            let name = |task: TaskRef| trace.tasks[task.0 as usize].title();
            return Some(Vacuous { tasks: [name(first), name(second)] });
        }
    }
    None
}
