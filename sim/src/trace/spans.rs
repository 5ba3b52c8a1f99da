//! What tasks do over time: their turns, what they wait for in between, and who wakes whom.
//! Time is the place of an event in the trace.

use std::collections::BTreeMap;

use super::words::one_line;
use super::{Ending, Event, EventKind, ObjectRef, OperationRef, TaskRef, Trace};
use crate::time::Instant;

/// From one event to another, that one left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) task: TaskRef,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A stretch in which a task waits for the same things.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) span: Span,
    /// The operations that it waits in; any will do.
    pub(super) operations: Vec<OperationRef>,
    /// Who holds their objects when the stretch begins.
    pub(super) holders: Vec<TaskRef>,
    /// What it sleeps until.
    sleep: Option<Instant>,
    /// The task whose end it waited for, as is seen afterwards.
    join: Option<TaskRef>,
}

/// What an arrow stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrowKind {
    /// A wake-up.
    Wake,
    /// A wake-up with something that was handed over.
    Hand,
    /// A task's beginning.
    Spawn,
}

/// From an event to the turn that it led to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    pub(super) kind: ArrowKind,
    pub(super) from: usize,
    /// In whose code; `None` in the engine's.
    pub(super) from_task: Option<TaskRef>,
    pub(super) to: usize,
    pub(super) to_task: TaskRef,
}

/// All spans of a trace, each list in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) turns: Vec<Span>,
    /// From a wake-up to the turn that serves it.
    pub(super) ready: Vec<Span>,
    pub(super) waits: Vec<Wait>,
    pub(super) arrows: Vec<Arrow>,
}

impl Wait {
    /// What is waited for, in words.
    pub(super) fn what(&self, trace: &Trace) -> String {
        let title = |object: ObjectRef| one_line(&trace.objects[object.0 as usize].title);
        let operations = self.operations.iter().map(|on| match on.object {
            Some(object) => format!("{} {}", on.name, title(object)),
            None => on.name.into(),
        });
        let mut what: Vec<String> = operations.collect();
        if let Some(deadline) = self.sleep {
            what.push(format!("sleep until t={deadline}"));
        }
        if let Some(TaskRef(task)) = self.join {
            what.push(format!("join {}", one_line(&trace.tasks[task as usize].title())));
        }
        if what.is_empty() {
            "the end of a task, or an unknown future".into()
        } else {
            what.join(", or ")
        }
    }
}

/// What a task does between its turns.
#[derive(Default)]
struct Rest {
    since: usize,
    ready_since: Option<usize>,
    /// What leads to its next turn.
    arrows: Vec<(ArrowKind, usize, Option<TaskRef>)>,
}

#[derive(Default)]
struct Reader {
    spans: Spans,
    /// The turn that goes on.
    turn: Option<(TaskRef, usize)>,
    /// Whether its task has ended in it.
    has_ended: bool,
    /// Those of tasks that have not ended, and what the next one of a running task has already.
    rests: BTreeMap<TaskRef, Rest>,
    waiting: BTreeMap<TaskRef, Vec<OperationRef>>,
    sleeping: BTreeMap<TaskRef, Instant>,
    holders: BTreeMap<ObjectRef, Vec<TaskRef>>,
    /// Where each task's last wait is in the list, until its next turn has ended.
    last_wait: BTreeMap<TaskRef, usize>,
}

impl Spans {
    pub(super) fn of(trace: &Trace) -> Spans {
        let mut reader = Reader::default();
        reader.rests.insert(TaskRef(0), Rest { ready_since: Some(0), ..Rest::default() });
        for (index, event) in trace.events.iter().enumerate() {
            reader.take(index, event);
        }
        reader.end_turn(trace.events.len());
        for (task, rest) in std::mem::take(&mut reader.rests) {
            reader.show_rest(task, &rest, trace.events.len());
        }
        reader.spans
    }
}

impl Reader {
    fn take(&mut self, index: usize, event: &Event) {
        match &event.kind {
            EventKind::Step { .. } => {
                self.end_turn(index);
                if let Some(task) = event.task {
                    self.begin_turn(index, task);
                }
            }
            EventKind::ClockJumped { .. } => self.end_turn(index),
            EventKind::Ended { task, how } => {
                if *how == Ending::LeftBehind {
                    // The run is over: what is left is dropped, in nobody's turn.
                    self.end_turn(index);
                }
                self.has_ended = self.turn.is_some_and(|(running, _)| running == *task);
                if let Some(rest) = self.rests.remove(task).filter(|_| !self.has_ended) {
                    self.show_rest(*task, &rest, index);
                }
            }
            EventKind::Spawned { task, .. } => {
                let rest = Rest { since: index, ready_since: Some(index), ..Rest::default() };
                self.rests.insert(*task, rest);
                self.arrow(ArrowKind::Spawn, index, event.task, *task);
            }
            EventKind::Woken { task } => {
                if let Some(rest) = self.rests.get_mut(task) {
                    rest.ready_since.get_or_insert(index);
                }
                if event.task != Some(*task) {
                    self.arrow(ArrowKind::Wake, index, event.task, *task);
                }
            }
            EventKind::Granted { task, .. } => {
                self.arrow(ArrowKind::Hand, index, event.task, *task);
            }
            EventKind::Announced(_) => {
                // It has given way, and has a turn of its own.
                let rest = event.task.and_then(|task| self.rests.get_mut(&task));
                if let Some(rest) = rest {
                    rest.ready_since.get_or_insert(index);
                }
            }
            EventKind::Blocked(on) => {
                if let Some(task) = event.task {
                    self.waiting.entry(task).or_default().push(*on);
                }
            }
            EventKind::Executed(on) | EventKind::Withdrawn(on) => {
                if let Some(waiting) = event.task.and_then(|task| self.waiting.get_mut(&task))
                    && let Some(place) = waiting.iter().position(|waits| waits == on)
                {
                    waiting.remove(place);
                }
            }
            EventKind::TimerStarted { deadline, .. } => {
                if let Some(task) = event.task {
                    self.sleeping.insert(task, *deadline);
                }
            }
            EventKind::Joined { task } => {
                let wait = event.task.and_then(|joiner| self.last_wait.remove(&joiner));
                if let Some(wait) = wait.map(|place| &mut self.spans.waits[place])
                    && wait.operations.is_empty()
                    && wait.sleep.is_none()
                {
                    wait.join = Some(*task);
                }
            }
            EventKind::Acquired { object, .. } => {
                self.holders.entry(*object).or_default().extend(event.task);
            }
            EventKind::Released { object, taken_by, .. } => {
                if let Some(holders) = self.holders.get_mut(object)
                    && let Some(place) = holders.iter().rposition(|holder| holder == taken_by)
                {
                    holders.remove(place);
                }
            }
            _ => {}
        }
    }

    fn arrow(&mut self, kind: ArrowKind, index: usize, from: Option<TaskRef>, to: TaskRef) {
        if let Some(rest) = self.rests.get_mut(&to) {
            rest.arrows.push((kind, index, from));
        }
    }

    fn begin_turn(&mut self, index: usize, task: TaskRef) {
        if let Some(rest) = self.rests.remove(&task) {
            self.show_rest(task, &rest, index);
            let mut arrows = rest.arrows;
            // What was handed over woke as well: one arrow is enough.
            let hands: Vec<_> = arrows
                .iter()
                .filter(|(kind, ..)| *kind == ArrowKind::Hand)
                .map(|&(_, _, from)| from)
                .collect();
            arrows.retain(|(kind, _, from)| *kind != ArrowKind::Wake || !hands.contains(from));
            for (kind, from, from_task) in arrows {
                self.spans.arrows.push(Arrow { kind, from, from_task, to: index, to_task: task });
            }
        }
        self.sleeping.remove(&task);
        self.rests.insert(task, Rest::default());
        self.turn = Some((task, index));
    }

    fn end_turn(&mut self, index: usize) {
        if let Some((task, from)) = self.turn.take() {
            self.spans.turns.push(Span { task, from, to: index });
            self.last_wait.remove(&task);
            if std::mem::take(&mut self.has_ended) {
                self.rests.remove(&task);
                return;
            }
            let Some(rest) = self.rests.get_mut(&task) else { return };
            // Woken while it ran, it is ready from here on.
            rest.ready_since = rest.ready_since.map(|_| index);
            rest.since = index;
        }
    }

    fn show_rest(&mut self, task: TaskRef, rest: &Rest, to: usize) {
        let ready = rest.ready_since.unwrap_or(to).clamp(rest.since, to);
        if ready > rest.since {
            let operations = self.waiting.get(&task).cloned().unwrap_or_default();
            let objects = operations.iter().filter_map(|operation| operation.object);
            let mut holders: Vec<TaskRef> =
                objects.filter_map(|object| self.holders.get(&object)).flatten().copied().collect();
            holders.dedup();
            let sleep = self.sleeping.get(&task).copied();
            let span = Span { task, from: rest.since, to: ready };
            self.last_wait.insert(task, self.spans.waits.len());
            self.spans.waits.push(Wait { span, operations, holders, sleep, join: None });
        }
        if to > ready {
            self.spans.ready.push(Span { task, from: ready, to });
        }
    }
}
