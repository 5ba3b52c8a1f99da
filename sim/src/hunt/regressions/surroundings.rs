//! What stands around a choice: enough to find it again after an edit of the program.

use crate::choice::{Choice, Label};
use crate::trace::{Event, EventKind, ObjectRef, OperationRef, TaskRef, Trace};

/// A task, by its path and its name. Either survives what moves the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) path: String,
    pub(super) name: String,
}

/// An operation and the object that it is done to, without a place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct What {
    pub(super) operation: String,
    pub(super) object: String,
}

/// What stands around one choice. Whatever is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// Whose code ran.
    pub(super) task: Who,
    /// What that task was about to do, at a preemption point.
    pub(super) before: What,
    /// What that task had done last.
    pub(super) after: What,
    /// The how-manieth choice with this label, task and operation it is, from 1.
    pub(super) nth: u32,
    /// Which task had its turn next.
    pub(super) to: Who,
    /// What that task did first.
    pub(super) then: What,
}

/// One choice of a traced run, and what stands around it.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) number: usize,
    pub(super) choice: Choice,
    pub(super) around: Surroundings,
}

/// Every choice of a traced run.
pub(super) fn place_all(trace: &Trace) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    let mut last_step: Option<TaskRef> = None;
    let mut last_of: Vec<What> = vec![What::default(); trace.tasks.len()];
    for (at, event) in trace.events.iter().enumerate() {
        match event.kind {
            EventKind::Step { .. } => last_step = event.task,
            EventKind::Choice { number, choice, .. } => {
                let task = event.task.or(last_step);
                let after = task.and_then(|TaskRef(task)| last_of.get(task as usize));
                let after = after.cloned().unwrap_or_default();
                let around = look(trace, &trace.events[at + 1..], choice, task, after);
                placed.push(Placed { number, choice, around });
            }
            _ => {}
        }
        if let (Some(TaskRef(task)), Some(what)) = (event.task, what(trace, event))
            && let Some(last) = last_of.get_mut(task as usize)
        {
            *last = what;
        }
    }
    count(&mut placed);
    placed
}

fn look(
    trace: &Trace,
    after: &[Event],
    choice: Choice,
    task: Option<TaskRef>,
    last: What,
) -> Surroundings {
    let mut around =
        Surroundings { task: who(trace, task), after: last, ..Surroundings::default() };
    if choice.label() != Label::Schedule {
        return around;
    }
    let is_step = |event: &Event| matches!(event.kind, EventKind::Step { .. });
    let step = after.iter().position(is_step).unwrap_or(after.len());
    // What the task goes on with, or gives way before. A choice at which nobody could go on is
    // followed by a step at once.
    let own = after[..step].iter().filter(|event| event.task == task);
    around.before = own.filter_map(|event| what(trace, event)).next().unwrap_or_default();
    if let Some(next) = after.get(step) {
        around.to = who(trace, next.task);
        let theirs = after[step + 1..].iter().take_while(|event| !is_step(event));
        let theirs = theirs.filter(|event| event.task == next.task);
        around.then = theirs.filter_map(|event| what(trace, event)).next().unwrap_or_default();
    }
    around
}

/// Numbers choices that are alike.
fn count(placed: &mut [Placed]) {
    for at in 0..placed.len() {
        let (before, rest) = placed.split_at_mut(at);
        let this = &mut rest[0];
        let is_alike = |other: &&Placed| {
            other.choice.label() == this.choice.label()
                && other.around.task == this.around.task
                && other.around.before == this.around.before
        };
        this.around.nth = before.iter().filter(is_alike).count() as u32 + 1;
    }
}

fn who(trace: &Trace, task: Option<TaskRef>) -> Who {
    let info = task.and_then(|TaskRef(task)| trace.tasks.get(task as usize));
    info.map_or_else(Who::default, |info| Who {
        path: info.path.clone(),
        name: info.name.clone().unwrap_or_default(),
    })
}

/// What an event does to which object, if it is an operation of a task.
fn what(trace: &Trace, event: &Event) -> Option<What> {
    let titled = |operation: &str, object: Option<ObjectRef>| {
        let object = object.and_then(|object| trace.objects.get(object.0 as usize));
        let object = object.map_or_else(String::new, |object| object.title.clone());
        // A word, because a file has the object after it.
        Some(What { operation: operation.replace(' ', "_"), object })
    };
    match &event.kind {
        EventKind::Announced(operation)
        | EventKind::Executed(operation)
        | EventKind::Blocked(operation) => {
            let OperationRef { name, object, .. } = *operation;
            titled(name, object)
        }
        EventKind::TimerStarted { .. } => titled("sleep", None),
        EventKind::SharedRead { object, .. } => titled("get", Some(*object)),
        EventKind::SharedWritten { object, .. } => titled("set", Some(*object)),
        EventKind::SharedUpdated { object, .. } => titled("update", Some(*object)),
        EventKind::Ended { .. } => titled("end", None),
        _ => None,
    }
}

impl Who {
    /// How alike two tasks are, out of 4: a name says more than a path, which any task that is
    /// spawned earlier moves.
    fn likeness(&self, other: &Who) -> u32 {
        match (self.path == other.path, self.name == other.name, self.name.is_empty()) {
            (true, true, _) => 4,
            (false, true, false) => 3,
            (true, false, _) => 2,
            (false, true, true) if self.depth() == other.depth() => 1,
            _ => 0,
        }
    }

    fn depth(&self) -> usize {
        self.path.split('.').count()
    }
}

impl What {
    /// How alike two operations are, out of 4.
    fn likeness(&self, other: &What) -> u32 {
        let kind = |object: &str| object.split([' ', '#']).next().unwrap_or_default().to_owned();
        let operation = if self.operation == other.operation { 2 } else { 0 };
        let object = match self.object == other.object {
            true => 2,
            false if kind(&self.object) == kind(&other.object) => 1,
            false => 0,
        };
        operation + object
    }
}

impl Surroundings {
    /// The most that a likeness can be.
    pub(super) const LIKENESS_MAX: u32 = 14;

    /// How alike two choices are before anything is taken, out of
    /// [`LIKENESS_MAX`](Self::LIKENESS_MAX).
    pub(super) fn likeness(&self, other: &Surroundings) -> u32 {
        self.task.likeness(&other.task)
            + self.before.likeness(&other.before)
            + self.after.likeness(&other.after)
            + if self.nth == other.nth { 2 } else { 0 }
    }

    /// How alike what was taken is, out of 8.
    pub(super) fn likeness_taken(&self, other: &Surroundings) -> u32 {
        self.to.likeness(&other.to) + self.then.likeness(&other.then)
    }
}
