//! What was lost with a future that was dropped half-way: what it had taken and not passed on,
//! units that it had taken without a guard, what it was about to give.
//!
//! Looked at in traced runs only. The engine does not see which future an operation is in. It is
//! certain where a whole task is dropped, and where a [`Scope`](crate::probe::Scope) says since
//! when it has polled what it drops. Otherwise, what was taken is told only if what is dropped
//! began to wait in the very poll in which it was taken. A task is done with what it took once it
//! gives something, or comes back to a place where it was before it took that: a loop.

use std::collections::BTreeMap;
use std::panic::Location;

use super::events::Events;
use super::operations::Description;
use super::tasks::State;
use super::{Core, TaskId};
use crate::finding::Place;
use crate::probe::{Cause, Passage, Spurious};
use crate::time::Instant;
use crate::trace::{Event, EventKind, Lost, TaskRef};

/// The state of that, in a traced run.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// What tasks have taken and not passed on, the oldest first.
    taken: Vec<Taken>,
    /// In which poll of its task something began to wait, and at which event. What is over stays
    /// there until its place is used again.
    begun: BTreeMap<Pending, (u32, usize)>,
    /// At which event each task was at a place last, and whether an operation that it began there
    /// has not been executed yet.
    visits: BTreeMap<(TaskId, &'static Location<'static>), (usize, bool)>,
    /// What is being dropped has been polled since this event.
    scope: Option<Given>,
    /// What was lost, to be told beside a finding.
    told: Vec<Told>,
}

/// Something that waits and can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pending {
    /// An operation, by its place in the engine's table.
    Operation(u32),
    /// A timer, by its order.
    Timer(u64),
}

/// Something that a task has taken.
#[derive(Clone, Copy, Debug)]
struct Taken {
    task: TaskId,
    object: u32,
    /// The hold without a guard that it is, if it is one.
    hold: Option<u32>,
    site: &'static Location<'static>,
    poll: u32,
    event: usize,
    at_ns: u64,
}

/// A future that is given up.
#[derive(Clone, Copy, Debug)]
struct Given {
    since: usize,
    /// Where what gives it up was called; `None` for a whole task.
    site: Option<&'static Location<'static>>,
}

/// Something that was lost.
#[derive(Debug)]
struct Told {
    object: u32,
    how: Lost,
    text: String,
}

/// How many open entries are kept: what is older is mostly in use by somebody.
const TAKEN_MAX: usize = 256;
/// How many losses a finding tells of.
const TOLD_MAX: usize = 3;

impl Core {
    fn passage(&self, object: u32) -> Option<&'static Passage> {
        self.objects[object as usize].passage
    }

    /// An operation was executed: it may have taken something, or passed it on.
    #[cold]
    pub(super) fn note_passed(&mut self, description: Description) {
        let Some(task) = self.current.filter(|_| self.events.is_some()) else { return };
        let (poll, event) = (self.tasks[task.index()].polls, self.event_count());
        let (at_ns, site) = (self.now_ns, description.site);
        let passage = description.object.and_then(|object| self.passage(object));
        let Some(losses) = &mut self.losses else { return };
        losses.visit(task, site, event, Visit::Executed);
        let (Some(object), Some(passage)) = (description.object, passage) else { return };
        if passage.gives.contains(&description.name) {
            let own = |taken: &Taken| taken.task == task && taken.hold.is_none();
            let list = &losses.taken;
            let same = list.iter().rposition(|taken| own(taken) && taken.object == object);
            if let Some(place) = same.or_else(|| list.iter().rposition(own)) {
                losses.taken.remove(place);
            }
        }
        if passage.takes.contains(&description.name) {
            losses.push(Taken { task, object, hold: None, site, poll, event, at_ns });
        }
    }

    /// Units were taken without a guard.
    #[cold]
    pub(super) fn note_unguarded(&mut self, hold: u32) {
        let Some(&record) = self.objects.hold(hold).filter(|_| self.events.is_some()) else {
            return;
        };
        let event = self.event_count();
        if let Some(losses) = &mut self.losses {
            losses.push(Taken {
                task: record.task,
                object: record.object,
                hold: Some(hold),
                site: record.site,
                poll: record.taken_in,
                event,
                at_ns: record.since_ns,
            });
        }
    }

    /// A hold without a guard has ended.
    #[cold]
    pub(super) fn note_given_back(&mut self, hold: u32) {
        if let Some(losses) = &mut self.losses {
            losses.taken.retain(|taken| taken.hold != Some(hold));
        }
    }

    /// Something begins to wait that the current task polls.
    #[cold]
    pub(super) fn note_begun(&mut self, what: Pending, site: &'static Location<'static>) {
        let Some(task) = self.current.filter(|_| self.events.is_some()) else { return };
        let (poll, event) = (self.tasks[task.index()].polls, self.event_count());
        if let Some(losses) = &mut self.losses {
            losses.visit(task, site, event, Visit::Begun);
            losses.begun.insert(what, (poll, event));
        }
    }

    /// Something that waits is dropped by the current task: with what it has taken.
    #[cold]
    pub(super) fn note_dropped(
        &mut self,
        what: Pending,
        waits: &'static str,
        site: &'static Location<'static>,
    ) {
        let Some(task) = self.current.filter(|_| self.events.is_some() && !self.teardown) else {
            return;
        };
        let Some(losses) = &mut self.losses else { return };
        let Some((poll, event)) = losses.begun.remove(&what) else { return };
        let is_whole =
            self.tasks[task.index()].aborted || self.tasks[task.index()].state == State::Ended;
        let scope = losses.scope.map(|scope| scope.since).or(is_whole.then_some(0));
        let goes_with_it = |taken: &Taken| {
            let is_inside = match scope {
                Some(since) => taken.event >= since,
                None => taken.poll == poll,
            };
            taken.task == task && taken.hold.is_none() && taken.event < event && is_inside
        };
        let gone: Vec<Taken> = losses.taken.extract_if(.., |taken| goes_with_it(taken)).collect();
        let how = if scope.is_some() { Lost::Taken } else { Lost::PerhapsTaken };
        for taken in gone {
            let (what, object) =
                (self.tell_of_dropped(waits, site), self.object_title(taken.object));
            let (from, since) = (Place::from(taken.site), Instant::from_nanos(taken.at_ns));
            let had = match how {
                Lost::Taken => format!("that future had taken something from {object} at {from}"),
                _ => format!(
                    "{} had just taken something from {object} at {from}",
                    self.task_title(task)
                ),
            };
            let text = format!("{what}; {had}, t={since}");
            self.lose(taken.object, how, taken.site, text);
        }
    }

    /// An operation is dropped that was woken and has not been polled since.
    #[cold]
    pub(super) fn note_unseen(&mut self, description: Description) {
        let Some(object) = description.object.filter(|_| self.events.is_some()) else { return };
        let is_notified = self.objects[object as usize].spurious != Spurious::Never;
        if !is_notified || self.teardown || self.current.is_none() {
            return;
        }
        let what = self.tell_of_dropped(description.name, description.site);
        let text = format!("{what}; that future had been notified and had not looked");
        self.lose(object, Lost::WakeUp, description.site, text);
    }

    /// An operation that would give something is dropped, and what it would give with it.
    #[cold]
    pub(super) fn note_not_given(&mut self, description: Description) {
        let Some(object) = description.object.filter(|_| self.events.is_some()) else { return };
        let is_giving = |passage: &'static Passage| passage.gives.contains(&description.name);
        if self.teardown || self.current.is_none() || !self.passage(object).is_some_and(is_giving) {
            return;
        }
        let what = self.tell_of_dropped(description.name, description.site);
        let text =
            format!("{what}, with what that future was to give to {}", self.object_title(object));
        self.lose(object, Lost::Carried, description.site, text);
    }

    /// That a future of the current task is dropped, by what, and where it was.
    fn tell_of_dropped(&self, waits: &str, site: &'static Location<'static>) -> String {
        let scope = self.losses.as_ref().and_then(|losses| losses.scope);
        let (now, site) = (self.now(), Place::from(site));
        let is_whole = self.current.is_some_and(|task| self.tasks[task.index()].aborted);
        let task = self.current.map_or_else(String::new, |task| self.task_title(task));
        match scope {
            _ if is_whole => format!("at t={now} {task} was cancelled in `{waits}` at {site}"),
            Some(Given { site: Some(timeout), .. }) => {
                let timeout = Place::from(timeout);
                format!(
                    "at t={now} the timeout of {task} at {timeout} dropped a future that was in \
                     `{waits}` at {site}"
                )
            }
            _ => format!("at t={now} {task} dropped a future of its own in `{waits}` at {site}"),
        }
    }

    /// What the current task drops from here on has been polled since this event; says what was
    /// so before, which is to be put back.
    #[cold]
    pub(crate) fn begin_giving_up(
        &mut self,
        since: usize,
        site: Option<&'static Location<'static>>,
    ) -> GivingUp {
        let losses = self.losses.as_mut();
        GivingUp(losses.and_then(|losses| losses.scope.replace(Given { since, site })))
    }

    /// The drop is over: whatever units were taken in it without a guard are gone.
    #[cold]
    pub(crate) fn end_giving_up(&mut self, before: GivingUp) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let Some(losses) = &mut self.losses else { return };
        if let Some(scope) = std::mem::replace(&mut losses.scope, before.0) {
            let how = match scope.site {
                Some(site) => format!("gave up at the timeout at {}", Place::from(site)),
                None => String::from("was cancelled"),
            };
            self.lose_units(task, scope.since, &how);
        }
    }

    /// A task was cancelled, or panicked: whatever units it had taken without a guard are gone.
    #[cold]
    pub(super) fn note_units_gone(&mut self, task: TaskId) {
        let how = match self.tasks[task.index()].aborted {
            true => "was cancelled",
            false => "panicked",
        };
        self.lose_units(task, 0, how);
    }

    fn lose_units(&mut self, task: TaskId, since: usize, how: &str) {
        if self.teardown || self.events.is_none() {
            return;
        }
        let Some(losses) = &mut self.losses else { return };
        let is_gone =
            |taken: &Taken| taken.task == task && taken.hold.is_some() && taken.event >= since;
        let gone: Vec<Taken> = losses.taken.extract_if(.., |taken| is_gone(taken)).collect();
        for taken in gone {
            let units =
                taken.hold.and_then(|hold| self.objects.hold(hold)).map_or(0, |it| it.units);
            let title = self.object_title(taken.object);
            let what = if units == 1 { title } else { format!("{units} of {title}") };
            let text = format!(
                "at t={} {} {how}, and has not given back {what}, taken at {}, t={}",
                self.now(),
                self.task_title(task),
                Place::from(taken.site),
                Instant::from_nanos(taken.at_ns),
            );
            self.lose(taken.object, Lost::Units(units), taken.site, text);
        }
    }

    fn lose(&mut self, object: u32, how: Lost, site: &'static Location<'static>, text: String) {
        self.record(move |_| EventKind::Lost { object: object.into(), how, site: site.into() });
        if let Some(losses) = &mut self.losses {
            losses.told.push(Told { object, how, text });
        }
    }

    /// What was lost, to be told beside a finding: first what was lost of objects at which
    /// somebody waits, the latest first.
    pub(super) fn tell_of_losses(&self) -> Vec<String> {
        let Some(losses) = &self.losses else { return Vec::new() };
        let is_waited_for = |told: &&Told| {
            let waits = |task: TaskId| {
                self.pending(task).any(|(_, it)| it.description.object == Some(told.object))
            };
            (0..self.tasks.len() as u32)
                .map(TaskId)
                .any(|task| self.tasks[task.index()].state != State::Ended && waits(task))
        };
        // That units are missing for which somebody waits is what the finding itself says.
        let message = self.finding.as_ref().map_or("", |finding| finding.message.as_str());
        let is_news = |told: &&Told| {
            !matches!(told.how, Lost::Units(_))
                || !message.contains(&self.object_title(told.object))
        };
        let (first, then): (Vec<&Told>, Vec<&Told>) =
            losses.told.iter().rev().filter(is_news).partition(is_waited_for);
        let count = first.len() + then.len();
        let all = first.into_iter().chain(then);
        let mut lines: Vec<String> =
            all.take(TOLD_MAX).map(|told| format!("lost: {}", told.text)).collect();
        if count > TOLD_MAX {
            lines.push(format!("lost: {} more things like that", count - TOLD_MAX));
        }
        lines
    }

    /// Everything was dropped: whoever still had an end of something that somebody waits at, such
    /// as a sender of a channel, could have ended that wait. Known only now, and in a traced run.
    pub(super) fn note_keepers(&mut self) {
        let (Some(finding), Some(events)) = (&self.finding, &self.events) else { return };
        let waits = finding.blocked.iter().flat_map(|blocked| &blocked.waits);
        let waited: Vec<(&str, &str)> =
            waits.filter_map(|wait| Some((wait.object.as_deref()?, wait.operation))).collect();
        if waited.is_empty() {
            return;
        }
        let is_end =
            |event: &Event| matches!(event.kind, EventKind::Ended { task: TaskRef(0), .. });
        let Some(over) = events.iter().position(is_end) else { return };
        let mut lines: Vec<String> = Vec::new();
        for event in &events[over..] {
            let (EventKind::Executed(on), Some(TaskRef(task))) = (&event.kind, event.task) else {
                continue;
            };
            let (Some(what), Some(object)) = (on.name.strip_prefix("drop "), on.object) else {
                continue;
            };
            let title = self.object_title(object.0);
            let ends = |cause: &Cause| {
                cause.by.contains(&on.name) && waited.contains(&(title.as_str(), cause.wait))
            };
            if !self.objects[object.0 as usize].causes.iter().any(ends) {
                continue;
            }
            let is_own = |event: &&Event| {
                event.task == Some(TaskRef(task)) && event.kind.object() == Some(object)
            };
            let used = events[..over].iter().rev().find(is_own).and_then(|event| event.kind.site());
            let used = match used {
                Some(site) => format!("which it used last at {}", site.place()),
                None => String::from("and never used it"),
            };
            let owner = self.task_title(TaskId(task));
            let line = format!("kept: {owner} had a {what} of {title} to the end, {used}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let more = lines.len().saturating_sub(TOLD_MAX);
        lines.truncate(TOLD_MAX);
        if more > 0 {
            lines.push(format!("kept: {more} more like that"));
        }
        if let Some(finding) = &mut self.finding {
            finding.evidence.append(&mut lines);
        }
    }

    /// What a task has taken last and not passed on, if the run is traced.
    pub(super) fn tell_of_items(&self, task: TaskId) -> Option<String> {
        let losses = self.losses.as_ref()?;
        let last = losses.taken.iter().rev().find(|it| it.task == task && it.hold.is_none())?;
        let (title, site) = (self.object_title(last.object), Place::from(last.site));
        let at = Instant::from_nanos(last.at_ns);
        Some(format!("had taken something from {title} at {site}, t={at}"))
    }

    /// How many events there were so far.
    pub(crate) fn event_count(&self) -> usize {
        self.events.as_ref().map_or(0, Events::count)
    }
}

/// What is put back when a future has been given up.
#[derive(Debug)]
pub(crate) struct GivingUp(Option<Given>);

impl Losses {
    fn push(&mut self, taken: Taken) {
        if self.taken.len() == TAKEN_MAX {
            self.taken.remove(0);
        }
        self.taken.push(taken);
    }

    /// A task is at a place. If it was there before, it is done with what it has taken since.
    fn visit(&mut self, task: TaskId, site: &'static Location<'static>, event: usize, as_: Visit) {
        let visit = self.visits.entry((task, site)).or_insert((usize::MAX, false));
        let (before, is_begun) = *visit;
        if as_ == Visit::Executed && is_begun {
            visit.1 = false;
            return;
        }
        *visit = (event, as_ == Visit::Begun);
        self.taken.retain(|it| it.task != task || it.event < before || it.hold.is_some());
    }
}

/// How a task comes to be at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visit {
    /// It begins something there.
    Begun,
    /// It executes something there, which it may have begun before.
    Executed,
}
