//! Deviations in words: what a choice of a traced run came to.

use super::{Decisions, Decisive, Without};
use crate::choice::{Choice, Label};
use crate::finding::Finding;
use crate::trace::{
    Ending, Event, EventKind, Lanes, OperationRef, StepKind, Struck, TaskRef, Trace,
};

/// What taking this choice did, in words; `None` if the trace has no such choice.
pub(crate) fn tell_choice(trace: &Trace, number: usize) -> Option<String> {
    let is_it =
        |event: &Event| matches!(event.kind, EventKind::Choice { number: at, .. } if at == number);
    let at = trace.events.iter().position(is_it)?;
    let (event, after) = (&trace.events[at], &trace.events[at + 1..]);
    let EventKind::Choice { choice, .. } = event.kind else { return None };
    Some(match choice.label() {
        Label::Schedule => tell_schedule(trace, event, after, choice),
        Label::Time => tell_time(trace, event, after, choice),
        Label::Fault => tell_fault(trace, at),
        Label::Data => {
            let (taken, last) = (choice.taken(), choice.arity() - 1);
            format!("{} draws {taken} from 0..={last}{}", who(trace, event.task), asked_at(event))
        }
    })
}

/// Where the program asked for a choice.
fn asked_at(event: &Event) -> String {
    match event.kind.site() {
        Some(site) => format!(" at {}", site.place()),
        None => String::new(),
    }
}

/// What a choice brings about that makes something go wrong: that is not the program's doing.
fn tell_fault(trace: &Trace, at: usize) -> String {
    let (event, after) = (&trace.events[at], trace.events.get(at + 1));
    let struck = match after {
        Some(Event { kind: EventKind::Struck(struck), .. }) => Some(*struck),
        _ => None,
    };
    match struck {
        Some(Struck::Cancelled { task }) => {
            format!("{} is cancelled where it awaits (injected)", who(trace, Some(task)))
        }
        Some(Struck::WokenSpuriously { task }) => {
            format!("{} is polled although nobody woke it (injected)", who(trace, Some(task)))
        }
        Some(Struck::Stalled { task, until }) => {
            format!("{} is put off until t={until} (injected)", who(trace, Some(task)))
        }
        Some(Struck::Buggified { .. }) => {
            format!("buggify{} says yes to {}", asked_at(event), who(trace, event.task))
        }
        None if trace.is_handing_over(at) => {
            let who = who(trace, event.task);
            format!("hand_over moves what {who} awaits{} to a task of its own", asked_at(event))
        }
        None if event.kind.site().is_some() => {
            format!("the chance{} comes true for {}", asked_at(event), who(trace, event.task))
        }
        None => format!("something is made to go wrong for {}", who(trace, event.task)),
    }
}

/// How many choices of those that a failure takes have the lanes of their tasks shown.
const TAKES_MAX: usize = 6;

/// The lanes of the tasks that a finding and its choices are about, with the decisive one marked.
pub(crate) fn lanes_of<'a>(
    trace: &'a Trace,
    finding: &Finding,
    decisions: Option<&Decisions>,
) -> Lanes<'a> {
    let decisive = decisions.and_then(|decisions| decisions.decisive);
    let concerned: Vec<TaskRef> = match decisions {
        None => Vec::new(),
        Some(_) => {
            let deviating = trace.events.iter().filter_map(|event| match event.kind {
                EventKind::Choice { number, choice, .. } if !choice.is_plain() => Some(number),
                _ => None,
            });
            let numbers = decisive.iter().map(|decisive| decisive.number);
            let numbers = numbers.chain(deviating.take(TAKES_MAX));
            numbers.flat_map(|number| concerned(trace, number)).collect()
        }
    };
    let lanes = trace.lanes().concerning(finding, &concerned).naming(finding);
    match decisive {
        Some(Decisive { number, before, after, .. }) => {
            lanes.mark(number, format!("decisive: chance of failing {before} -> {after}"))
        }
        // None of them makes much more likely what happens, or it was not measured.
        None => match decisions.and_then(Decisions::marked) {
            Some(number) => lanes.mark(number, "decisive: without it the run passes"),
            None => lanes,
        },
    }
}

impl Decisions {
    /// The choice that a report calls decisive: the one after which it is likelier to fail, or else
    /// the last deviation without which the run passes.
    pub(in crate::hunt) fn marked(&self) -> Option<usize> {
        let needed = || self.flips.iter().rev().find(|flip| flip.without == Without::Passes);
        self.decisive.map(|decisive| decisive.number).or_else(|| needed().map(|flip| flip.number))
    }
}

/// The tasks that a choice of a traced run is about: whose choice it was, who came next instead,
/// and whom a fault struck.
pub(crate) fn concerned(trace: &Trace, number: usize) -> Vec<TaskRef> {
    let is_it =
        |event: &Event| matches!(event.kind, EventKind::Choice { number: at, .. } if at == number);
    let Some(at) = trace.events.iter().position(is_it) else { return Vec::new() };
    let (event, after) = (&trace.events[at], &trace.events[at + 1..]);
    let EventKind::Choice { choice, .. } = event.kind else { return Vec::new() };
    let is_step = |event: &&Event| matches!(event.kind, EventKind::Step { .. });
    let next = after.iter().find(is_step).and_then(|step| step.task);
    match (choice.label(), after.first().map(|event| &event.kind)) {
        (
            Label::Fault,
            Some(EventKind::Struck(
                Struck::Cancelled { task }
                | Struck::WokenSpuriously { task }
                | Struck::Stalled { task, .. },
            )),
        ) => vec![*task],
        (Label::Fault | Label::Data, _) => event.task.into_iter().collect(),
        (Label::Schedule, Some(EventKind::Announced(_))) => {
            event.task.into_iter().chain(next).collect()
        }
        (Label::Schedule, _) => next.into_iter().collect(),
        (Label::Time, _) => Vec::new(),
    }
}

fn tell_schedule(trace: &Trace, event: &Event, after: &[Event], choice: Choice) -> String {
    let is_step = |event: &&Event| matches!(event.kind, EventKind::Step { .. });
    let next = who(trace, after.iter().find(is_step).and_then(|step| step.task));
    match after.first() {
        Some(Event { kind: EventKind::Announced(operation), task, .. }) if *task == event.task => {
            format!(
                "{} gives way to {next} before {}",
                who(trace, *task),
                operation_at(trace, operation)
            )
        }
        _ => {
            let ahead = match choice.taken() {
                1 => String::from("another task that was"),
                taken => format!("{taken} others that were"),
            };
            format!("{next} goes before {ahead} ready longer")
        }
    }
}

fn tell_time(trace: &Trace, event: &Event, after: &[Event], choice: Choice) -> String {
    match after.first() {
        Some(Event { kind: EventKind::ClockJumped { to }, .. }) => {
            format!("the clock runs ahead to t={to} although tasks are ready")
        }
        _ => format!(
            "what is due together comes in another order for {} (alternative {} of {})",
            who(trace, event.task),
            choice.taken(),
            choice.arity()
        ),
    }
}

/// Operations, with their tasks, that gave way and were dropped before they were executed, while
/// the main task had not ended: only a poll that gives way makes room for that.
pub(crate) fn tell_dropped(trace: &Trace) -> Vec<String> {
    let mut announced: Vec<(Option<TaskRef>, &OperationRef)> = Vec::new();
    let mut told = Vec::new();
    let cancelled: Vec<TaskRef> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Ended { task, how: Ending::Cancelled } => Some(task),
            _ => None,
        })
        .collect();
    let is_cancelled = |event: &Event| {
        // Of a task that is dropped nothing is left but drops.
        let is_last = |task: &TaskRef| {
            let later = trace.events.iter().rev().take_while(|later| !std::ptr::eq(*later, event));
            let mut own = later.filter(|later| later.task == Some(*task));
            own.all(|later| !matches!(later.kind, EventKind::Step { .. } | EventKind::Blocked(_)))
        };
        event.task.is_some_and(|task| cancelled.contains(&task) && is_last(&task))
    };
    for event in &trace.events {
        match &event.kind {
            EventKind::Ended { task: TaskRef(0), .. } => break,
            EventKind::Announced(operation) => announced.push((event.task, operation)),
            EventKind::Executed(operation) | EventKind::Blocked(operation) => {
                announced.retain(|known| *known != (event.task, operation));
            }
            EventKind::Step { kind: StepKind::Granted | StepKind::Resumed } => {}
            // A task that is aborted, or meets its timeout, may be so anywhere.
            EventKind::Withdrawn(_) if is_cancelled(event) => {}
            EventKind::Withdrawn(operation) => {
                let before = announced.len();
                announced.retain(|(_, known)| *known != operation);
                if announced.len() < before {
                    let who = who(trace, event.task);
                    told.push(format!("{} of {who}", operation_at(trace, operation)));
                }
            }
            _ => {}
        }
    }
    told.dedup();
    told
}

/// A task by its name, or else its path.
fn who(trace: &Trace, task: Option<TaskRef>) -> String {
    let info = task.and_then(|TaskRef(task)| trace.tasks.get(task as usize));
    match info {
        Some(info) => info.name.clone().unwrap_or_else(|| info.path.clone()),
        None => String::from("nobody"),
    }
}

fn operation_at(trace: &Trace, operation: &OperationRef) -> String {
    let place = operation.site.place();
    match operation.object.and_then(|object| trace.objects.get(object.0 as usize)) {
        Some(object) => format!("`{} {}` ({place})", operation.name, object.title),
        None => format!("`{}` ({place})", operation.name),
    }
}
