//! The normal form of a trace: what happened, whatever order independent things came in.
//!
//! Events are the letters of a Mazurkiewicz trace, and the form is Foata's: layer after layer of
//! events that do not depend on each other, each of which depends on one in the layer before.
//! It is unique (Cartier and Foata 1969).

use std::collections::BTreeMap;
use std::fmt;

use super::words::one_line;
use super::{Ending, Event, EventKind, ObjectRef, OperationRef, Site, Struck, TaskRef, Trace};
use crate::choice::Label;
use crate::probe::Access;

/// A trace's events in layers: equal for two runs in which the same things happened, and whatever
/// depends on each other in the same order.
///
/// Two events depend on each other if they are of one task; if they touch one object and one of
/// them changes it; if they are about one task, by spawning, waking, aborting, joining or ending
/// it; if both draw data; or if the clock moves in one of them. Turns, announcements and plain
/// waking of oneself are not events here, so that giving way for nothing leaves no mark. It ends
/// where the main task ends.
///
/// In its text a line is an event, and a layer begins with `-`. It is what a snapshot should
/// usually pin.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, event, spawn};
///
/// let program = || async {
///     let tasks = [spawn(async { event!("one") }), spawn(async { event!("two") })];
///     for task in tasks {
///         task.await.expect("it returns");
///     }
/// };
/// let trace = |seed| Run::new().seed(seed).traced().execute(program).trace.expect("it is traced");
/// let texts = (0..20).map(|seed| trace(seed).to_text());
/// let forms = (0..20).map(|seed| trace(seed).normal_form().to_string());
/// assert!(texts.collect::<std::collections::BTreeSet<_>>().len() > 1);
/// let forms: Vec<String> = forms.collect();
/// assert!(forms[0].contains(" main.1                say one\n"), "{}", forms[0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalForm {
    /// The layers, in order.
    pub layers: Vec<Vec<Letter>>,
}

/// An event of a normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// The path and name of its task; empty for the clock.
    pub task: String,
    /// What happened.
    pub what: String,
}

impl fmt::Display for NormalForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in &self.layers {
            for (number, letter) in layer.iter().enumerate() {
                let lead = if number == 0 { '-' } else { ' ' };
                let task = if letter.task.is_empty() { "(clock)" } else { &letter.task };
                writeln!(f, "{lead} {task:<20}  {}", letter.what)?;
            }
        }
        Ok(())
    }
}

impl NormalForm {
    pub(super) fn of(trace: &Trace) -> NormalForm {
        let mut layers: Vec<Vec<(Vec<u32>, Letter)>> = Vec::new();
        let mut heights = Heights::default();
        let paths: Vec<Vec<u32>> = trace.tasks.iter().map(|task| ordinals(&task.path)).collect();
        for action in Actions::of(trace) {
            let height = heights.place(&action.touches);
            if layers.len() < height {
                layers.resize_with(height, Vec::new);
            }
            let task = action.task.map(|TaskRef(index)| index as usize);
            let order = task.map_or_else(Vec::new, |index| paths[index].clone());
            let task = task.map(|index| one_line(&trace.tasks[index].title()).into_owned());
            let letter = Letter { task: task.unwrap_or_default(), what: action.what };
            layers[height - 1].push((order, letter));
        }
        let sorted = layers.into_iter().map(|mut layer| {
            layer.sort();
            layer.into_iter().map(|(_, letter)| letter).collect()
        });
        NormalForm { layers: sorted.collect() }
    }
}

/// A path as numbers, so that `main.10` comes after `main.9`.
fn ordinals(path: &str) -> Vec<u32> {
    path.split('.').filter_map(|part| part.parse().ok()).collect()
}

/// What events can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Task(TaskRef),
    Object(ObjectRef),
    /// The stream of data that programs draw from.
    Data,
    /// Everything at once.
    Everything,
}

/// One letter, before it has a place.
struct Action {
    task: Option<TaskRef>,
    what: String,
    touches: Vec<(Thing, Access)>,
}

/// How high each thing was touched last.
#[derive(Default)]
struct Heights {
    /// The layer of the last change, and the highest of the reads since then.
    things: BTreeMap<Thing, (usize, usize)>,
    /// Nothing comes below this any more.
    floor: usize,
    top: usize,
}

impl Heights {
    /// The layer of an event, from 1: one above the highest that it depends on.
    fn place(&mut self, touches: &[(Thing, Access)]) -> usize {
        let below = touches.iter().map(|(thing, access)| {
            let (changed, read) = self.things.get(thing).copied().unwrap_or_default();
            match (thing, access) {
                (Thing::Everything, _) => self.top,
                (_, Access::Read) => changed,
                (_, Access::Change) => changed.max(read),
            }
        });
        let height = below.max().unwrap_or(0).max(self.floor) + 1;
        self.top = self.top.max(height);
        for &(thing, access) in touches {
            let entry = self.things.entry(thing).or_default();
            match access {
                Access::Change => entry.0 = height,
                Access::Read => entry.1 = entry.1.max(height),
            }
            if thing == Thing::Everything {
                self.floor = height;
            }
        }
        height
    }
}

/// From events to letters: what goes with an operation is part of its letter.
struct Actions {
    titles: Vec<String>,
    objects: Vec<String>,
    done: Vec<Action>,
    /// Where the letters of the step that goes on begin.
    step_begins: usize,
    /// Operations that wait, and how many of each.
    waiting: BTreeMap<(&'static str, Option<ObjectRef>, Site), usize>,
}

impl Actions {
    fn of(trace: &Trace) -> Vec<Action> {
        let titles = trace.tasks.iter().map(|task| one_line(&task.title()).into_owned());
        let objects = trace.objects.iter().map(|object| one_line(&object.title).into_owned());
        let mut actions = Actions {
            titles: titles.collect(),
            objects: objects.collect(),
            done: Vec::new(),
            step_begins: 0,
            waiting: BTreeMap::new(),
        };
        for event in &trace.events {
            actions.take(event);
            if matches!(event.kind, EventKind::Ended { task: TaskRef(0), .. }) {
                break;
            }
        }
        actions.done
    }

    fn push(&mut self, event: &Event, what: String, touches: &[(Thing, Access)]) {
        let mut touches = touches.to_vec();
        if let Some(task) = event.task {
            touches.push((Thing::Task(task), Access::Change));
        }
        self.done.push(Action { task: event.task, what, touches });
    }

    /// Adds something to the last letter of this step, or makes a letter of it.
    fn add(&mut self, event: &Event, behind: &str, alone: String, touches: (Thing, Access)) {
        match self.done[self.step_begins..].last_mut().filter(|last| last.task == event.task) {
            Some(last) => {
                last.what.push_str(behind);
                last.touches.push(touches);
            }
            None => self.push(event, alone, &[touches]),
        }
    }

    fn task(&self, task: TaskRef) -> &str {
        &self.titles[task.0 as usize]
    }

    fn object(&self, object: ObjectRef) -> &str {
        &self.objects[object.0 as usize]
    }

    fn operation(&self, operation: &OperationRef) -> String {
        match operation.object {
            Some(object) => format!("{} {}", operation.name, self.object(object)),
            None => operation.name.into(),
        }
    }

    fn push_operation(&mut self, event: &Event, on: &OperationRef, how: &str, access: Access) {
        let what = format!("{}{how}", self.operation(on));
        let touched = on.object.map(|object| (Thing::Object(object), access));
        self.push(event, what, touched.as_slice());
    }

    fn take(&mut self, event: &Event) {
        use Access::{Change, Read};
        match &event.kind {
            EventKind::Step { .. } => self.step_begins = self.done.len(),
            EventKind::Spawned { task, .. } => {
                let what = format!("spawn {}", self.task(*task));
                self.push(event, what, &[(Thing::Task(*task), Change)]);
            }
            EventKind::Ended { task, how } => {
                let what = match how {
                    Ending::Returned => "end",
                    Ending::Cancelled => "end, cancelled",
                    Ending::Panicked => "end, panicked",
                    Ending::LeftBehind => "left behind",
                };
                let of_task = Event { task: Some(*task), ..event.clone() };
                self.push(&of_task, what.into(), &[]);
            }
            EventKind::Executed(on) => {
                if let Some(count) = self.waiting.get_mut(&key(on)) {
                    *count = count.saturating_sub(1);
                }
                self.push_operation(event, on, "", on.access);
            }
            EventKind::Blocked(on) => {
                *self.waiting.entry(key(on)).or_default() += 1;
                self.push_operation(event, on, ", blocked", Change);
            }
            EventKind::Withdrawn(on) => {
                // One that was announced only has touched nothing.
                if let Some(count) = self.waiting.get_mut(&key(on))
                    && *count > 0
                {
                    *count -= 1;
                    self.push_operation(event, on, ", dropped", Change);
                }
            }
            EventKind::Granted { task, .. } | EventKind::Woken { task } => {
                if event.task.is_some() && event.task != Some(*task) {
                    let title = self.task(*task).to_owned();
                    let touched = (Thing::Task(*task), Change);
                    self.wake(event, &title, touched);
                }
            }
            EventKind::Notified { object, woken } => {
                let behind = format!(" (woke {woken})");
                let alone = format!("notify {} (woke {woken})", self.object(*object));
                self.add(event, &behind, alone, (Thing::Object(*object), Change));
            }
            EventKind::Acquired { object, .. } => {
                self.hold(event, "hold", *object);
            }
            EventKind::Released { object, .. } => {
                self.hold(event, "let go", *object);
            }
            EventKind::Joined { task } => {
                let what = format!("joined {}", self.task(*task));
                self.push(event, what, &[(Thing::Task(*task), Change)]);
            }
            EventKind::AbortRequested { task } => {
                let what = format!("abort {}", self.task(*task));
                self.push(event, what, &[(Thing::Task(*task), Change)]);
            }
            EventKind::TimerStarted { deadline, .. } => {
                self.push(event, format!("sleep until t={deadline}"), &[]);
            }
            EventKind::TimedOut { .. } => self.push(event, "time out".into(), &[]),
            EventKind::Panicked { message, .. } => {
                self.push(event, format!("panic: {}", one_line(message)), &[]);
            }
            EventKind::Elided { events } => {
                let what = format!("{events} events before this one were not kept");
                self.push(event, what, &[(Thing::Everything, Change)]);
            }
            EventKind::ClockJumped { to } => {
                let what = format!("clock jumps to t={to}");
                self.push(event, what, &[(Thing::Everything, Change)]);
            }
            EventKind::Choice { choice, .. } if choice.label() == Label::Data => {
                self.push(event, format!("draw {}", choice.taken()), &[(Thing::Data, Change)]);
            }
            EventKind::SharedRead { object, value, .. } => {
                self.shared(event, "get", *object, value.as_deref(), Read);
            }
            EventKind::SharedWritten { object, value, .. } => {
                self.shared(event, "set", *object, value.as_deref(), Change);
            }
            EventKind::SharedUpdated { object, value, .. } => {
                self.shared(event, "update", *object, value.as_deref(), Change);
            }
            EventKind::Struck(struck) => self.struck(event, *struck),
            EventKind::Passed { label, .. } => self.push(event, format!("point {label}"), &[]),
            EventKind::Logged { level, text, .. } => {
                self.push(event, format!("log {}: {}", level.name(), one_line(text)), &[]);
            }
            EventKind::Said { text, .. } => {
                self.push(event, format!("say {}", one_line(text)), &[])
            }
            EventKind::Announced(_)
            | EventKind::TimerDropped { .. }
            | EventKind::Lost { .. }
            | EventKind::WokenAgain { .. }
            | EventKind::Choice { .. }
            | EventKind::Published { .. }
            | EventKind::Observed { .. }
            | EventKind::Stamped { .. }
            | EventKind::StampObserved { .. } => {}
        }
    }

    /// A hold that begins or ends with an operation on the object is part of that.
    fn hold(&mut self, event: &Event, verb: &str, object: ObjectRef) {
        let thing = Thing::Object(object);
        let last = self.done[self.step_begins..].last_mut();
        match last.filter(|last| last.touches.iter().any(|(touched, _)| *touched == thing)) {
            Some(last) => last.touches.push((thing, Access::Change)),
            None => {
                let what = format!("{verb} {}", self.object(object));
                self.push(event, what, &[(thing, Access::Change)]);
            }
        }
    }

    /// A wake-up is said once, however many events tell of it.
    fn wake(&mut self, event: &Event, title: &str, touched: (Thing, Access)) {
        let last = self.done[self.step_begins..].last();
        if last.is_some_and(|last| last.task == event.task && last.touches.contains(&touched)) {
            return;
        }
        self.add(event, &format!(" -> {title}"), format!("wake {title}"), touched);
    }

    fn shared(
        &mut self,
        event: &Event,
        verb: &str,
        object: ObjectRef,
        value: Option<&str>,
        access: Access,
    ) {
        let is = value.map_or_else(String::new, |value| format!(" = {}", one_line(value)));
        let what = format!("{verb} {}{is}", self.object(object));
        self.push(event, what, &[(Thing::Object(object), access)]);
    }

    fn struck(&mut self, event: &Event, struck: Struck) {
        let (what, task) = match struck {
            Struck::Buggified { .. } => ("fault: buggify".into(), None),
            Struck::Cancelled { task } => {
                (format!("fault: cancels {}", self.task(task)), Some(task))
            }
            Struck::WokenSpuriously { task } => {
                (format!("fault: wakes {}", self.task(task)), Some(task))
            }
            Struck::Stalled { task, until } => {
                (format!("fault: stalls {} until t={until}", self.task(task)), Some(task))
            }
        };
        let touched = task.map(|task| (Thing::Task(task), Access::Change));
        self.push(event, what, touched.as_slice());
    }
}

fn key(on: &OperationRef) -> (&'static str, Option<ObjectRef>, Site) {
    (on.name, on.object, on.site)
}
