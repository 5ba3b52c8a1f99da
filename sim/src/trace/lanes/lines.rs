//! From events to lines: what is said, and what is part of something else.

mod writer;

use std::collections::BTreeMap;
use std::fmt;

use self::writer::Writer;
use super::super::{Ending, EventKind, OperationRef, Site, TaskRef, Trace};
use crate::finding::Place;
use crate::time::Instant;

/// One line, in the lane of a task, or a rule across the page.
#[derive(Clone, Debug)]
pub(in crate::trace) struct Line {
    /// The event it stands for, by its place in the trace.
    pub(in crate::trace) event: usize,
    pub(in crate::trace) at: Instant,
    /// Whose lane it is in; `None` for a rule.
    pub(in crate::trace) task: Option<TaskRef>,
    pub(in crate::trace) text: String,
    /// The tasks that it names, behind the text.
    pub(in crate::trace) names: Names,
    pub(in crate::trace) site: Option<Site>,
    /// Where it is, if that is no site: where a panic was.
    pub(in crate::trace) place: Option<Place>,
    /// What the trace itself has to say of it.
    pub(in crate::trace) note: Option<String>,
    pub(in crate::trace) source: Source,
}

/// Tasks that a line names.
#[derive(Clone, Debug, Default)]
pub(in crate::trace) struct Names {
    /// What stands between the text and the names.
    joint: &'static str,
    titles: Vec<String>,
}

impl Names {
    fn new(joint: &'static str, title: String) -> Names {
        Names { joint, titles: vec![title] }
    }
}

/// How many tasks are named in one line.
const NAMED_MAX: usize = 3;

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.titles.len().min(NAMED_MAX);
        write!(f, "{}{}", self.joint, self.titles[..named].join(", "))?;
        match self.titles.len() - named {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// What a line says, as far as later events care.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::trace) enum Source {
    /// A choice that was not plain, or that is marked.
    Rule { is_marked: bool },
    /// An operation gave way before it was executed.
    Announced(OperationRef),
    /// An operation was executed.
    Executed { operation: OperationRef, took: Option<Site> },
    /// An operation waits in a queue.
    Blocked(OperationRef),
    /// Tasks were spawned.
    Spawned(Site),
    /// A hold ended that no operation of this step has told of.
    Freed,
    /// The task ended.
    Ended,
    /// The task goes on: what it does comes later.
    Resumed,
    /// The task says or sees something, writes it down or starts a timer: that wakes nobody.
    Quiet,
    /// Whatever else a task does.
    Other,
}

impl Line {
    pub(in crate::trace) const fn is_rule(&self) -> bool {
        self.task.is_none()
    }

    /// Whether a task with only such lines is worth a lane.
    pub(in crate::trace) const fn is_action(&self) -> bool {
        let is_idle = matches!(self.source, Source::Spawned(_) | Source::Ended | Source::Resumed);
        !is_idle && !self.is_rule()
    }

    /// Whether whoever is woken next may be so because of it.
    const fn may_wake(&self) -> bool {
        !matches!(self.source, Source::Quiet | Source::Spawned(_) | Source::Resumed)
    }
}

/// The lines of a trace up to the end of the main task.
pub(in crate::trace) fn lines(trace: &Trace, marks: &BTreeMap<usize, String>) -> Vec<Line> {
    let mut writer = Writer::new(trace, marks);
    for (index, event) in trace.events.iter().enumerate() {
        if let EventKind::Ended { task: TaskRef(0), how } = event.kind {
            writer.flush();
            if how != Ending::LeftBehind {
                writer.take(index, event);
            }
            return writer.lines;
        }
        writer.take(index, event);
    }
    writer.flush();
    writer.lines
}
