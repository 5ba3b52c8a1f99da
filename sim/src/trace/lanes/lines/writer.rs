//! What each event adds to the lines that there are.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::words::{one_line, short_titles};
use super::super::super::{
    Ending, Event, EventKind, LogLevel, Lost, ObjectRef, OperationRef, Site, StepKind, Struck,
    TaskRef, Trace,
};
use super::{Line, Names, Source};
use crate::choice::{Choice, Label};

/// What was written to a variable, and what of it each task has seen.
#[derive(Default)]
struct Variable {
    writes: usize,
    last_writer: Option<TaskRef>,
    value: Option<Box<str>>,
    /// How many writes there had been when a task read it last.
    seen: BTreeMap<TaskRef, usize>,
}

/// Takes event after event, and writes lines.
pub(super) struct Writer<'a> {
    trace: &'a Trace,
    /// What each task is called.
    titles: Vec<String>,
    marks: &'a BTreeMap<usize, String>,
    /// Where timeouts were called of which one at least was up.
    timeouts: BTreeSet<Site>,
    pub(super) lines: Vec<Line>,
    /// Where the lines of the step that goes on begin.
    step_begins: usize,
    /// Rules that come once another task's turn begins.
    rules: Vec<Line>,
    /// The tasks that the last line says were woken.
    woken: Vec<TaskRef>,
    /// Who holds what.
    holders: BTreeMap<ObjectRef, Vec<TaskRef>>,
    variables: BTreeMap<ObjectRef, Variable>,
    /// A sleep that was dropped in this step: told only if something was lost with it.
    dropped: Option<(usize, Site)>,
    /// Whether whoever is woken is so because the clock has moved: that is nobody's doing.
    has_clock_moved: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(trace: &'a Trace, marks: &'a BTreeMap<usize, String>) -> Writer<'a> {
        let timeouts = trace.events.iter().filter_map(|event| match event.kind {
            EventKind::TimedOut { site } => Some(site),
            _ => None,
        });
        Writer {
            trace,
            timeouts: timeouts.collect(),
            titles: short_titles(trace),
            marks,
            lines: Vec::new(),
            step_begins: 0,
            rules: Vec::new(),
            woken: Vec::new(),
            holders: BTreeMap::new(),
            variables: BTreeMap::new(),
            dropped: None,
            has_clock_moved: false,
        }
    }

    pub(super) fn flush(&mut self) {
        self.lines.append(&mut self.rules);
    }

    fn push(&mut self, index: usize, event: &Event, text: String, site: Option<Site>, of: Source) {
        let task = match event.kind {
            EventKind::Ended { task, .. } => Some(task),
            _ => event.task,
        };
        let task = task.unwrap_or(TaskRef(0));
        self.woken.clear();
        self.lines.push(Line {
            event: index,
            at: event.at,
            task: Some(task),
            text,
            names: Names::default(),
            site,
            place: None,
            note: None,
            source: of,
        });
    }

    /// The last line of the step that goes on.
    fn last(&mut self) -> Option<&mut Line> {
        self.lines[self.step_begins..].last_mut()
    }

    /// The last line of this step, if it is an operation on this object.
    fn last_on(&mut self, object: ObjectRef) -> Option<&mut Line> {
        self.last().filter(|line| {
            matches!(&line.source, Source::Executed { operation, .. }
                if operation.object == Some(object))
        })
    }

    pub(super) fn take(&mut self, index: usize, event: &Event) {
        self.has_clock_moved = match event.kind {
            EventKind::ClockJumped { .. } => true,
            EventKind::Woken { .. } | EventKind::WokenAgain { .. } => self.has_clock_moved,
            _ => false,
        };
        match &event.kind {
            EventKind::Step { kind: StepKind::Resumed | StepKind::Granted } => {
                self.flush();
                self.step_begins = self.lines.len();
                self.woken.clear();
                self.dropped = None;
            }
            EventKind::Choice { number, choice, .. } => self.choice(index, event, *number, *choice),
            EventKind::Spawned { task, site } => self.spawned(index, event, *task, *site),
            EventKind::Ended { how, .. } => {
                let text = match how {
                    Ending::Returned => "ends",
                    Ending::Cancelled => "ends, cancelled",
                    Ending::Panicked => "ends, panicked",
                    Ending::LeftBehind => return,
                };
                self.push(index, event, text.into(), None, Source::Ended);
            }
            EventKind::Announced(on) => {
                let text = format!("about to {}", self.operation(on));
                self.push(index, event, text, Some(on.site), Source::Announced(*on));
            }
            EventKind::Withdrawn(on) => {
                let text = format!("drops its future in {}", self.operation(on));
                self.push(index, event, text, Some(on.site), Source::Other);
            }
            EventKind::Blocked(on) => self.blocked(index, event, on),
            EventKind::Executed(on) => {
                let source = Source::Executed { operation: *on, took: None };
                // A drop has no place in the program.
                let site = Some(on.site).filter(|_| !on.name.starts_with("drop "));
                self.push(index, event, self.operation(on), site, source);
            }
            EventKind::Acquired { object, site, .. } => self.acquired(index, event, *object, *site),
            EventKind::Released { object, taken_by, .. } => {
                self.released(index, event, *object, *taken_by);
            }
            EventKind::Granted { task, .. } => self.woke(index, event, *task),
            EventKind::Notified { object, woken } => self.notified(index, event, *object, *woken),
            EventKind::Woken { task } => {
                if event.task == Some(*task) {
                    // That a task gives way is seen by what comes next.
                    if self.last().is_some() {
                        return;
                    }
                    self.push(index, event, "wakes itself".into(), None, Source::Other);
                } else if event.task.is_some() && !self.has_clock_moved {
                    self.woke(index, event, *task);
                }
            }
            EventKind::AbortRequested { task } => {
                let text = format!("aborts {}", self.title(*task));
                self.push(index, event, text, None, Source::Other);
            }
            EventKind::TimerStarted { deadline, site } => {
                let is_timeout = self.timeouts.contains(site);
                let what = if is_timeout { "timeout at" } else { "sleeps until" };
                let text = format!("{what} t={deadline}");
                self.push(index, event, text, Some(*site), Source::Quiet);
            }
            EventKind::TimerDropped { site, .. } => self.dropped = Some((index, *site)),
            EventKind::TimedOut { site } => {
                self.push(index, event, "times out".into(), Some(*site), Source::Other);
            }
            EventKind::Lost { object, how, site } => self.lost(event, *object, *how, *site),
            EventKind::Panicked { message, place } => {
                let first = message.lines().next().unwrap_or_default();
                let text = format!("panics: {}", one_line(first));
                self.push(index, event, text, None, Source::Other);
                if let Some(line) = self.lines.last_mut() {
                    line.place.clone_from(place);
                }
            }
            EventKind::SharedRead { object, site, value } => {
                self.shared(index, event, ("read", *object, *site, value));
            }
            EventKind::SharedWritten { object, site, value } => {
                self.shared(index, event, ("write", *object, *site, value));
            }
            EventKind::SharedUpdated { object, site, value } => {
                self.shared(index, event, ("update", *object, *site, value));
            }
            EventKind::Struck(struck) => self.struck(index, event, *struck),
            EventKind::Passed { label, site } => {
                self.push(index, event, format!("point {label}"), Some(*site), Source::Quiet);
            }
            // What matters less is told by the other renderings.
            EventKind::Logged { level, .. } if *level > LogLevel::Info => {}
            EventKind::Logged { level, text, .. } => {
                let text = format!("log {}: {}", level.name(), one_line(text));
                self.push(index, event, text, None, Source::Quiet);
            }
            EventKind::Said { text, site } if !site.is_known() => self.remarked(text),
            EventKind::Said { text, site } => {
                let text = format!("say {}", one_line(text));
                self.push(index, event, text, Some(*site), Source::Quiet);
            }
            EventKind::Elided { events } => {
                let text = format!("({events} events before)");
                self.push(index, event, text, None, Source::Other);
            }
            EventKind::ClockJumped { .. }
            | EventKind::Joined { .. }
            | EventKind::WokenAgain { .. }
            | EventKind::Published { .. }
            | EventKind::Observed { .. }
            | EventKind::Stamped { .. }
            | EventKind::StampObserved { .. } => {}
        }
    }

    fn struck(&mut self, index: usize, event: &Event, struck: Struck) {
        let (task, text, site) = match struck {
            Struck::Buggified { site } => (event.task, "buggify says yes".into(), Some(site)),
            Struck::Cancelled { task } => (Some(task), "is cancelled (injected)".into(), None),
            Struck::WokenSpuriously { task } => {
                (Some(task), "is woken for nothing (injected)".into(), None)
            }
            Struck::Stalled { task, until } => {
                (Some(task), format!("is put off until t={until} (injected)"), None)
            }
        };
        self.push(index, event, text, site, Source::Other);
        if let Some(line) = self.lines.last_mut() {
            line.task = task.or(line.task);
        }
    }

    /// What was lost is said behind what was dropped.
    fn lost(&mut self, event: &Event, object: ObjectRef, how: Lost, site: Site) {
        if let Some((index, site)) = self.dropped.take().filter(|_| !matches!(how, Lost::Units(_)))
        {
            self.push(index, event, "drops its future in sleep".into(), Some(site), Source::Other);
        }
        let object = self.object(object);
        let beside = self.last().and_then(|line| line.site);
        let site = site.beside(beside);
        let note = match how {
            Lost::Taken => format!("lost: what it took from {object} {site}"),
            Lost::PerhapsTaken => format!("it had just taken something from {object} {site}"),
            Lost::Units(1) => format!("not given back: {object} {site}"),
            Lost::Units(units) => format!("not given back: {units} of {object} {site}"),
            Lost::Carried => format!("lost: what it was to give to {object}"),
            Lost::WakeUp => "it had been notified, and had not looked".into(),
        };
        if let Some(line) = self.last() {
            line.note = Some(match line.note.take() {
                Some(earlier) => format!("{earlier}; {note}"),
                None => note,
            });
        }
    }

    /// What a primitive has to say of its operation.
    fn remarked(&mut self, text: &str) {
        if let Some(line) = self.last() {
            line.note = Some(match line.note.take() {
                Some(earlier) => format!("{earlier}; {}", one_line(text)),
                None => one_line(text).into_owned(),
            });
        }
    }

    /// A rule comes where the turn of another task begins; one that is not about turns, at once.
    fn choice(&mut self, index: usize, event: &Event, number: usize, choice: Choice) {
        let mark = self.marks.get(&number);
        if mark.is_none() && (choice.is_plain() || choice.label() == Label::Data) {
            return;
        }
        let (taken, arity) = (choice.taken(), choice.arity());
        let jump = match self.trace.events.get(index + 1).map(|event| &event.kind) {
            Some(&EventKind::ClockJumped { to }) if choice.label() == Label::Time => Some(to),
            _ => None,
        };
        if jump.is_some() {
            self.goes_on(index, event);
        }
        let what = match (choice.label(), choice.is_plain()) {
            (Label::Schedule, false) => "switch".into(),
            (Label::Schedule, true) => "no switch".into(),
            (Label::Time, false) => match jump {
                Some(to) => format!("the clock runs ahead: t={} -> t={to}", event.at),
                None => "what is due together comes in another order".into(),
            },
            (Label::Time, true) => "the clock stays".into(),
            (Label::Fault, false) => self.injected(index).into(),
            (Label::Fault, true) => "nothing is injected".into(),
            (Label::Data, _) => {
                let who =
                    event.task.map_or_else(String::new, |task| format!("{} ", self.title(task)));
                format!("{who}draws {taken} from 0..={}", arity - 1)
            }
        };
        let rule = Line {
            event: index,
            at: event.at,
            task: None,
            text: what,
            names: Names::default(),
            site: event.kind.site(),
            place: None,
            note: mark.map(|mark| one_line(mark).into_owned()),
            source: Source::Rule { is_marked: mark.is_some() },
        };
        self.rules.push(rule);
        if choice.label() != Label::Schedule {
            self.flush();
        }
    }

    /// A task that has done nothing yet in its step, and before whose first operation the clock
    /// moves: it has come to it at an earlier time than that of its next line.
    fn goes_on(&mut self, index: usize, event: &Event) {
        let Some(task) = event.task else { return };
        if self.last().is_some() {
            return;
        }
        let earlier = self.lines.iter().rev().find(|line| line.task == Some(task));
        let text = match earlier {
            Some(line) if line.at == event.at => return,
            Some(_) => "goes on",
            None => "begins",
        };
        self.push(index, event, text.into(), None, Source::Resumed);
    }

    /// What a choice of a fault brings about, which the next event says.
    fn injected(&self, index: usize) -> &'static str {
        match self.trace.events.get(index + 1).map(|event| &event.kind) {
            Some(EventKind::Struck(Struck::Buggified { .. })) => "buggify",
            Some(EventKind::Struck(Struck::Cancelled { .. })) => "injected: a cancellation",
            Some(EventKind::Struck(Struck::WokenSpuriously { .. })) => {
                "injected: a spurious wake-up"
            }
            Some(EventKind::Struck(Struck::Stalled { .. })) => "injected: a stall",
            _ if self.trace.is_handing_over(index) => "the future moves to another task",
            _ => "a chance comes true",
        }
    }

    fn spawned(&mut self, index: usize, event: &Event, task: TaskRef, site: Site) {
        let title = self.title(task).to_owned();
        if let Some(last) = self.last()
            && last.source == Source::Spawned(site)
        {
            last.names.titles.push(title);
            return;
        }
        self.push(index, event, "spawns".into(), Some(site), Source::Spawned(site));
        self.name(" ", title);
    }

    fn blocked(&mut self, index: usize, event: &Event, on: &OperationRef) {
        let held = on.object.and_then(|object| self.holders.get(&object));
        let held = held.filter(|holders| !holders.is_empty()).map(|holders| {
            let mut names: Vec<(String, usize)> = Vec::new();
            for name in holders.iter().map(|&holder| self.holder(event, holder)) {
                match names.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, times)) => *times += 1,
                    None => names.push((name, 1)),
                }
            }
            let names: Vec<String> = names
                .into_iter()
                .map(|(name, times)| match times {
                    1 => name,
                    times => format!("{name} {times} times"),
                })
                .collect();
            format!(" for {}", names.join(", "))
        });
        let text = format!("{}: waits{}", self.operation(on), held.unwrap_or_default());
        self.push(index, event, text, Some(on.site), Source::Blocked(*on));
    }

    fn holder(&self, event: &Event, holder: TaskRef) -> String {
        if event.task == Some(holder) {
            format!("{} itself", self.title(holder))
        } else {
            self.title(holder).to_owned()
        }
    }

    fn acquired(&mut self, index: usize, event: &Event, object: ObjectRef, site: Site) {
        self.holders.entry(object).or_default().extend(event.task);
        if let Some(Line { source: Source::Executed { took, .. }, .. }) = self.last_on(object) {
            *took = Some(site);
            return;
        }
        let text = format!("takes hold of {}", self.object(object));
        self.push(index, event, text, Some(site), Source::Other);
    }

    /// What was taken and is let go in the same step is one line.
    fn released(&mut self, index: usize, event: &Event, object: ObjectRef, taken_by: TaskRef) {
        if let Some(holders) = self.holders.get_mut(&object)
            && let Some(place) = holders.iter().rposition(|&holder| holder == taken_by)
        {
            holders.remove(place);
        }
        let title = self.object(object);
        let step = &mut self.lines[self.step_begins..];
        if let [.., taking, letting_go] = step
            && let Source::Executed { operation: first, took: Some(_) } = &taking.source
            && let Source::Executed { operation: second, took: None } = &letting_go.source
            && (first.object, second.object) == (Some(object), Some(object))
        {
            taking.text = format!("{}+{} {title}", first.name, second.name);
            taking.source = Source::Executed { operation: *first, took: None };
            self.lines.pop();
        } else if self.last_on(object).is_none() {
            self.push(index, event, format!("lets go of {title}"), None, Source::Freed);
        }
    }

    /// Another task was woken: said behind what woke it.
    fn woke(&mut self, index: usize, event: &Event, task: TaskRef) {
        if event.task == Some(task) || self.woken.contains(&task) {
            return;
        }
        let title = self.title(task).to_owned();
        match self.last() {
            Some(last) if last.may_wake() && !last.names.titles.is_empty() => {
                last.names.titles.push(title);
            }
            Some(last) if last.may_wake() => {
                last.names = Names::new(" -> ", title);
            }
            _ => {
                self.push(index, event, "wakes".into(), None, Source::Other);
                self.name(" ", title);
            }
        }
        self.woken.push(task);
    }

    fn notified(&mut self, index: usize, event: &Event, object: ObjectRef, woken: usize) {
        let is_said = !self.woken.is_empty() && self.woken.len() == woken;
        let title = self.object(object);
        match self.last_on(object) {
            Some(_) if is_said => {}
            Some(last) => last.text.push_str(&format!(" (woke {})", count(woken))),
            None => {
                let text = format!("notifies {title} (woke {})", count(woken));
                self.push(index, event, text, None, Source::Other);
            }
        }
    }

    fn shared(&mut self, index: usize, event: &Event, access: SharedAccess<'_>) {
        let (verb, object, site, value) = access;
        // An awaitable access was executed as an operation as well.
        if let Some(last) = self.last_on(object)
            && last.site == Some(site)
        {
            self.lines.pop();
        }
        let is = value.as_ref().map_or_else(String::new, |value| format!(" = {}", one_line(value)));
        let text = format!("{verb} {}{is}", self.object(object));
        self.push(index, event, text, Some(site), Source::Quiet);
        let task = event.task.unwrap_or(TaskRef(0));
        let variable = self.variables.entry(object).or_default();
        if verb == "write"
            && let Some(&seen) = variable.seen.get(&task)
            && seen < variable.writes
            && variable.last_writer != Some(task)
            && let Some(line) = self.lines.last_mut()
        {
            let what = variable.value.as_deref().unwrap_or("what was written since it read");
            line.note = Some(format!("overwrites {}", one_line(what)));
        }
        if verb != "read" {
            variable.writes += 1;
            variable.last_writer = Some(task);
            variable.value.clone_from(value);
        }
        variable.seen.insert(task, variable.writes);
    }

    fn title(&self, task: TaskRef) -> &str {
        &self.titles[task.0 as usize]
    }

    /// Names a task behind the line that was pushed last.
    fn name(&mut self, joint: &'static str, title: String) {
        if let Some(line) = self.lines.last_mut() {
            line.names = Names::new(joint, title);
        }
    }

    /// An operation's name and object. Where the one begins with the other's kind, as in
    /// `notify_waiters notify ready`, the kind is said once.
    fn operation(&self, operation: &OperationRef) -> String {
        let Some(object) = operation.object else { return operation.name.into() };
        let info = &self.trace.objects[object.0 as usize];
        let name = info.title.strip_prefix(info.kind).and_then(|rest| rest.strip_prefix(' '));
        match name {
            Some(name) if operation.name.starts_with(info.kind.trim_end_matches('y')) => {
                format!("{} {}", operation.name, one_line(name))
            }
            _ => format!("{} {}", operation.name, self.object(object)),
        }
    }

    /// An object as lanes call it: a shared variable with a name is called by that alone.
    fn object(&self, object: ObjectRef) -> String {
        let info = &self.trace.objects[object.0 as usize];
        let title = &info.title;
        if let Some((kind, path)) = title.split_once('@')
            && kind.strip_prefix(info.kind).is_some_and(|rest| rest.starts_with('#'))
            && let Some(task) = self.trace.tasks.iter().position(|task| task.path == path)
        {
            let kind = kind.strip_suffix("#1").unwrap_or(kind);
            return format!("{kind} of {}", self.titles[task]);
        }
        one_line(title.strip_prefix("shared ").unwrap_or(title)).into_owned()
    }
}

fn count(woken: usize) -> String {
    if woken == 0 { "nobody".into() } else { woken.to_string() }
}

/// What is done to a variable, which, where, and the value.
type SharedAccess<'a> = (&'a str, ObjectRef, Site, &'a Option<Box<str>>);
