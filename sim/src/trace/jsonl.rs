#![doc = include_str!("schema.md")]

use serde_json::{Map, Value, json};

use super::{
    Ending, Event, EventKind, Lost, ObjectRef, OperationRef, Site, StepKind, Struck, Trace,
};
use crate::finding::Place;
use crate::probe::Access;

/// The version of the schema.
pub const VERSION: u32 = 1;

pub(super) fn render(trace: &Trace) -> String {
    let mut text = header(trace).to_string();
    text.push('\n');
    for event in &trace.events {
        text.push_str(&line(event).to_string());
        text.push('\n');
    }
    text
}

fn header(trace: &Trace) -> Value {
    let tasks = trace.tasks.iter().map(|task| {
        let spawned = task.spawned.as_ref().map(Place::to_string);
        json!({ "path": task.path, "name": task.name, "spawned": spawned })
    });
    let objects = trace.objects.iter().map(|object| {
        json!({ "kind": object.kind, "title": object.title, "made": object.made.to_string() })
    });
    json!({
        "unpick_trace": VERSION,
        "run": trace.run.to_string(),
        "tasks": tasks.collect::<Vec<_>>(),
        "objects": objects.collect::<Vec<_>>(),
    })
}

fn line(event: &Event) -> Value {
    let (name, fields) = kind(&event.kind);
    let mut line = Map::new();
    line.insert("at_ns".into(), event.at.as_nanos().into());
    line.insert("task".into(), event.task.map(|task| task.0).into());
    line.insert("event".into(), name.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    Value::Object(line)
}

fn kind(kind: &EventKind) -> (&'static str, Value) {
    match kind {
        EventKind::Spawned { task, site } => {
            ("spawned", json!({ "spawned": task.0, "site": site.place().to_string() }))
        }
        EventKind::Ended { task, how } => {
            let how = match how {
                Ending::Returned => "returned",
                Ending::Cancelled => "cancelled",
                Ending::Panicked => "panicked",
                Ending::LeftBehind => "left_behind",
            };
            ("ended", json!({ "ended": task.0, "how": how }))
        }
        EventKind::Step { kind } => {
            let kind = match kind {
                StepKind::Resumed => "resumed",
                StepKind::Granted => "granted",
            };
            ("step", json!({ "kind": kind }))
        }
        EventKind::Announced(on) => ("announced", operation(on)),
        EventKind::Withdrawn(on) => ("withdrawn", operation(on)),
        EventKind::Blocked(on) => ("blocked", operation(on)),
        EventKind::Executed(on) => ("executed", operation(on)),
        EventKind::Acquired { object, units, site } => (
            "acquired",
            json!({ "object": object.0, "units": units, "site": site.place().to_string() }),
        ),
        EventKind::Released { object, units, taken_by } => {
            ("released", json!({ "object": object.0, "units": units, "taken_by": taken_by.0 }))
        }
        EventKind::Granted { task, object } => {
            ("granted", json!({ "to": task.0, "object": object.map(|object| object.0) }))
        }
        EventKind::Notified { object, woken } => {
            ("notified", json!({ "object": object.0, "woken": woken }))
        }
        EventKind::Woken { task } => ("woken", json!({ "woken": task.0 })),
        EventKind::WokenAgain { task } => ("woken_again", json!({ "woken": task.0 })),
        EventKind::Joined { task } => ("joined", json!({ "joined": task.0 })),
        EventKind::AbortRequested { task } => ("abort_requested", json!({ "of": task.0 })),
        EventKind::TimerStarted { deadline, site } => (
            "timer_started",
            json!({ "deadline_ns": deadline.as_nanos(), "site": site.place().to_string() }),
        ),
        EventKind::TimerDropped { deadline, site } => (
            "timer_dropped",
            json!({ "deadline_ns": deadline.as_nanos(), "site": site.place().to_string() }),
        ),
        EventKind::TimedOut { site } => ("timed_out", json!({ "site": site.place().to_string() })),
        EventKind::Lost { object, how, site } => {
            let site = site.place().to_string();
            let (how, units) = match how {
                Lost::Taken => ("taken", None),
                Lost::PerhapsTaken => ("perhaps_taken", None),
                Lost::Units(units) => ("units", Some(units)),
                Lost::Carried => ("carried", None),
                Lost::WakeUp => ("wake_up", None),
            };
            let mut fields = json!({ "object": object.0, "how": how, "site": site });
            if let Some(units) = units {
                fields["units"] = json!(units);
            }
            ("lost", fields)
        }
        EventKind::Panicked { message, place } => {
            let place = place.as_ref().map(Place::to_string);
            ("panicked", json!({ "message": message, "site": place }))
        }
        EventKind::Elided { events } => ("elided", json!({ "events": events })),
        EventKind::ClockJumped { to } => ("clock_jumped", json!({ "to_ns": to.as_nanos() })),
        EventKind::Choice { number, choice, site } => {
            let mut fields = json!({
                "number": number,
                "label": choice.label().name(),
                "arity": choice.arity(),
                "taken": choice.taken(),
            });
            if let Some(site) = site {
                fields["site"] = json!(site.place().to_string());
            }
            ("choice", fields)
        }
        EventKind::Published { object, by } => {
            ("published", json!({ "object": object.0, "by": by.name() }))
        }
        EventKind::Observed { object, by } => {
            ("observed", json!({ "object": object.0, "by": by.name() }))
        }
        EventKind::Stamped { number } => ("stamped", json!({ "message": number })),
        EventKind::StampObserved { number } => ("stamp_observed", json!({ "message": number })),
        EventKind::SharedRead { object, site, value } => {
            ("shared_read", access(*object, *site, value))
        }
        EventKind::SharedWritten { object, site, value } => {
            ("shared_written", access(*object, *site, value))
        }
        EventKind::SharedUpdated { object, site, value } => {
            ("shared_updated", access(*object, *site, value))
        }
        EventKind::Struck(struck) => {
            let fields = match struck {
                Struck::Buggified { site } => {
                    json!({ "fault": "buggify", "site": site.place().to_string() })
                }
                Struck::Cancelled { task } => json!({ "fault": "cancellation", "of": task.0 }),
                Struck::WokenSpuriously { task } => {
                    json!({ "fault": "spurious_wake", "of": task.0 })
                }
                Struck::Stalled { task, until } => {
                    json!({ "fault": "stall", "of": task.0, "until_ns": until.as_nanos() })
                }
            };
            ("struck", fields)
        }
        EventKind::Passed { label, site } => {
            ("passed", json!({ "point": label, "site": site.place().to_string() }))
        }
        EventKind::Logged { level, target, text } => {
            ("logged", json!({ "level": level.name(), "target": target, "text": text }))
        }
        EventKind::Said { text, site } => {
            ("said", json!({ "text": text, "site": site.place().to_string() }))
        }
    }
}

fn access(object: ObjectRef, site: Site, value: &Option<Box<str>>) -> Value {
    json!({ "object": object.0, "site": site.place().to_string(), "value": value })
}

fn operation(operation: &OperationRef) -> Value {
    let access = match operation.access {
        Access::Read => "read",
        Access::Change => "change",
    };
    json!({
        "operation": operation.name,
        "object": operation.object.map(|object| object.0),
        "access": access,
        "site": operation.site.is_known().then(|| operation.site.place().to_string()),
    })
}
