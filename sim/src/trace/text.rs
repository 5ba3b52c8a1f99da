//! Traces as text, for people and for snapshots.

use std::fmt::Write;

use super::words::one_line;
use super::{Ending, Event, EventKind, Lost, OperationRef, Site, StepKind, Struck, TaskRef, Trace};

/// Whether places in the source are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sites {
    /// They are not, so that a text stays the same when lines move.
    #[default]
    Hidden,
    /// They are.
    Shown,
}

/// Which choices are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Choices {
    /// Those that are not plain, without what changes when something unrelated is added.
    #[default]
    Deviations,
    /// All.
    All,
}

/// How a trace is rendered as text: one line an event, with virtual time in seconds, the task's
/// path and name, and what happened.
///
/// Nothing in it depends on addresses or on other runs. Without places it is what a snapshot can
/// pin: no line numbers, and of the choices only those that are not plain, without their numbers
/// and how many alternatives there were. Tasks go by their paths, and objects without a name by
/// kind and number in the task that made them, so that what other tasks do does not rename them.
/// What only says what happens before what is left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text {
    sites: Sites,
    choices: Choices,
}

impl Text {
    /// A rendering that prints places in the source, and every choice with its number.
    #[must_use]
    pub fn with_sites(mut self) -> Text {
        self.sites = Sites::Shown;
        self.with_choices()
    }

    /// A rendering that prints every choice, with its number and how many alternatives there were.
    #[must_use]
    pub fn with_choices(mut self) -> Text {
        self.choices = Choices::All;
        self
    }

    /// Renders a trace.
    #[must_use]
    pub fn render(&self, trace: &Trace) -> String {
        let mut text = String::new();
        for event in &trace.events {
            if let Some(line) = self.line(trace, event) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    /// An event's line; `None` for what is left out.
    pub(super) fn line(&self, trace: &Trace, event: &Event) -> Option<String> {
        let what = self.what(trace, event)?;
        let task = event.task.map_or_else(|| String::from("-"), |task| title(trace, task));
        Some(format!("{:>9}  {task:<20}  {what}", event.at.to_string()))
    }

    /// What happened, in words; `None` for what is left out.
    pub(super) fn what(&self, trace: &Trace, event: &Event) -> Option<String> {
        let task_title = |task: TaskRef| title(trace, task);
        let object_title =
            |object: super::ObjectRef| one_line(&trace.objects[object.0 as usize].title);
        Some(match &event.kind {
            EventKind::Spawned { task, site } => {
                format!("spawn {}{}", task_title(*task), self.at(*site))
            }
            EventKind::Ended { task, how } => match how {
                Ending::Returned => String::from("end"),
                Ending::Cancelled => String::from("end, cancelled"),
                Ending::Panicked => String::from("end, panicked"),
                Ending::LeftBehind => format!("{} was left behind", task_title(*task)),
            },
            EventKind::Step { kind: StepKind::Resumed } => String::from("step"),
            EventKind::Step { kind: StepKind::Granted } => String::from("step, granted"),
            EventKind::Announced(operation) => self.operation(trace, operation, ", gives way"),
            EventKind::Withdrawn(operation) => self.operation(trace, operation, ", dropped"),
            EventKind::Blocked(operation) => self.operation(trace, operation, ", blocked"),
            EventKind::Executed(operation) => self.operation(trace, operation, ""),
            EventKind::Acquired { object, units, site } => {
                format!("holds {}{}{}", object_title(*object), count(*units), self.at(*site))
            }
            EventKind::Released { object, units, taken_by } => {
                let taker = match event.task {
                    Some(task) if task == *taken_by => String::new(),
                    _ => format!(", taken by {}", task_title(*taken_by)),
                };
                format!("let go {}{}{taker}", object_title(*object), count(*units))
            }
            EventKind::Granted { task, object } => match object {
                Some(object) => {
                    format!("grants {} to {}", object_title(*object), task_title(*task))
                }
                None => format!("grants it to {}", task_title(*task)),
            },
            EventKind::Notified { object, woken } => {
                format!("notified {woken} through {}", object_title(*object))
            }
            EventKind::Woken { task } => format!("wake {}", task_title(*task)),
            EventKind::Joined { task } => format!("joined {}", task_title(*task)),
            EventKind::AbortRequested { task } => format!("abort {}", task_title(*task)),
            EventKind::TimerStarted { deadline, site } => {
                format!("sleep until t={deadline}{}", self.at(*site))
            }
            EventKind::TimerDropped { deadline, site } => {
                format!("sleep until t={deadline}, dropped{}", self.at(*site))
            }
            EventKind::TimedOut { site } => format!("time out{}", self.at(*site)),
            EventKind::Lost { object, how, site } => {
                format!("{}{}", lost(*how, &object_title(*object)), self.at(*site))
            }
            EventKind::Panicked { message, place } => {
                let at = match (self.sites, place) {
                    (Sites::Shown, Some(place)) => format!("  [{place}]"),
                    _ => String::new(),
                };
                format!("panic: {}{at}", one_line(message))
            }
            EventKind::Elided { events } => {
                format!("{events} events before this one were not kept")
            }
            EventKind::ClockJumped { to } => format!("clock jumps to t={to}"),
            EventKind::Choice { number, choice, site } => match self.choices {
                Choices::Deviations if choice.is_plain() => return None,
                Choices::Deviations => format!("chooses {} {}", choice.label(), choice.taken()),
                Choices::All => {
                    let site = site.map_or_else(String::new, |site| self.at(site));
                    format!("choice {number}: {choice:?}{site}")
                }
            },
            EventKind::SharedRead { object, site, value } => {
                format!("get {}{}{}", object_title(*object), is(value), self.at(*site))
            }
            EventKind::SharedWritten { object, site, value } => {
                format!("set {}{}{}", object_title(*object), is(value), self.at(*site))
            }
            EventKind::SharedUpdated { object, site, value } => {
                format!("update {}{}{}", object_title(*object), is(value), self.at(*site))
            }
            EventKind::Struck(struck) => match struck {
                Struck::Buggified { site } => format!("fault: buggify{}", self.at(*site)),
                Struck::Cancelled { task } => format!("fault: cancels {}", task_title(*task)),
                Struck::WokenSpuriously { task } => {
                    format!("fault: spurious wake of {}", task_title(*task))
                }
                Struck::Stalled { task, until } => {
                    format!("fault: stalls {} until t={until}", task_title(*task))
                }
            },
            EventKind::Passed { label, site } => format!("point {label}{}", self.at(*site)),
            EventKind::Logged { level, target, text } => {
                format!("log {} {}: {}", level.name(), one_line(target), one_line(text))
            }
            EventKind::Said { text, site } => format!("say {}{}", one_line(text), self.at(*site)),
            EventKind::WokenAgain { .. }
            | EventKind::Published { .. }
            | EventKind::Observed { .. }
            | EventKind::Stamped { .. }
            | EventKind::StampObserved { .. } => return None,
        })
    }

    fn operation(&self, trace: &Trace, operation: &OperationRef, how: &str) -> String {
        let mut text = String::from(operation.name);
        if let Some(object) = operation.object {
            let _ = write!(text, " {}", one_line(&trace.objects[object.0 as usize].title));
        }
        text.push_str(how);
        text.push_str(&self.at(operation.site));
        text
    }

    fn at(&self, site: Site) -> String {
        match self.sites {
            Sites::Hidden => String::new(),
            Sites::Shown if !site.is_known() => String::new(),
            Sites::Shown => format!("  [{}:{}]", site.0.file(), site.0.line()),
        }
    }
}

fn title(trace: &Trace, task: TaskRef) -> String {
    one_line(&trace.tasks[task.0 as usize].title()).into_owned()
}

/// What was lost, said of the task.
fn lost(how: Lost, object: &str) -> String {
    match how {
        Lost::Taken => format!("loses what it took from {object}"),
        Lost::PerhapsTaken => format!("had just taken something from {object}"),
        Lost::Units(units) => format!("has not given back {object}{}", count(units)),
        Lost::Carried => format!("loses what it was to give to {object}"),
        Lost::WakeUp => format!("had been woken at {object}, and had not looked"),
    }
}

fn count(units: u32) -> String {
    if units == 1 { String::new() } else { format!(" x{units}") }
}

fn is(value: &Option<Box<str>>) -> String {
    value.as_ref().map_or_else(String::new, |value| format!(" = {}", one_line(value)))
}
