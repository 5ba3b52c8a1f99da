//! Lost wake-ups: when nothing can run any more, tasks are woken by hand, one after the other. If
//! one of them then goes on, all that it missed was to be woken.
//!
//! A task that waits in something unknown is polled. An operation whose primitive can be notified
//! for nothing (`Notify`, `Condition`, an `Event` that was set and cleared) returns as if it had
//! been, if anybody ever notified through it: a program that looks again then goes on only if it
//! has reason to.
//!
//! What happens from there on is a proof and no more part of the run: it is not on the tape and
//! not in the trace, its choices are plain, and the clock and the counts of steps are put back.

use std::fmt::Write;

use super::super::deeds::Deed;
use super::super::events::Events;
use super::super::operations::{Handed, OperationRecord};
use super::super::tasks::State;
use super::super::{Core, Heed, OperationId, TaskId, Turn};
use super::Detectors;
use super::deadlock::Extent;
use crate::finding::{Finding, Kind, Place};
use crate::options::Detection;
use crate::probe::Spurious;
use crate::strategy::{Chooser, Fifo};
use crate::time::Instant;
use crate::trace::{Event, EventKind, Lost, TaskRef};

/// How many steps what was woken by hand may take.
const STEPS_MAX: u64 = 10_000;

/// A run at a standstill, whose tasks are being woken by hand.
#[derive(Debug)]
pub(crate) struct ByHand {
    /// What is found if that comes to nothing.
    standstill: Finding,
    /// Who is still to be woken, the next one last.
    todo: Vec<TaskId>,
    /// Who was woken last, and what was so before.
    woken: Option<Woken>,
    /// From which step on it has gone on for long enough.
    steps_end: u64,
    kept: Kept,
}

/// What is put back when it is over.
#[derive(Debug)]
struct Kept {
    events: Option<Events>,
    chooser: Chooser,
    is_asking: bool,
    is_heard: bool,
    choices: usize,
    now_ns: u64,
    steps: u64,
    spent: u64,
    eye_from: u64,
    detectors: Option<Box<Detectors>>,
}

/// A task that was woken by hand.
#[derive(Debug)]
struct Woken {
    task: TaskId,
    /// What the finding will say, from before it was woken.
    subject: String,
    message: String,
    story: Vec<String>,
    /// What is said of its wait at a standstill, which that makes superfluous.
    told: Vec<String>,
    place: Option<Place>,
    before: Standing,
}

/// By what it is seen whether a task has gone on.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    /// The places where it waits.
    waits: Vec<(&'static str, Option<u32>, String)>,
    /// How many tasks there are, and how many of them have ended.
    tasks: usize,
    ended: usize,
    /// How many times others were polled.
    polls_of_others: u64,
}

impl Core {
    /// Nothing can run any more: wakes tasks by hand, unless there is nothing to try. Otherwise
    /// that is the finding.
    pub(super) fn try_by_hand(&mut self, standstill: Finding, extent: Extent) {
        let mut todo: Vec<TaskId> = match self.options.detectors.lost_wakeups {
            Detection::On if extent == Extent::Everybody => {
                self.unfinished().filter(|&task| self.is_worth_waking(task)).collect()
            }
            _ => Vec::new(),
        };
        if todo.is_empty() {
            self.fail(standstill);
            return;
        }
        todo.reverse();
        let (spent, eye_from) = (self.spent(), self.eye_from);
        let steps_end = spent.saturating_add(STEPS_MAX);
        let is_heard = self.is_heard();
        self.heed.add(Heed::HEARD.or(Heed::FOLLOWED));
        self.open_eye_from(steps_end, spent);
        let plain = Chooser::Strategy(Box::new(Fifo));
        let kept = Kept {
            events: self.events.take(),
            chooser: std::mem::replace(&mut self.chooser, plain),
            is_asking: std::mem::replace(&mut self.is_asking, true),
            is_heard,
            choices: self.tape.len(),
            now_ns: self.now_ns,
            steps: self.steps,
            spent,
            detectors: self.detectors.take(),
            eye_from,
        };
        self.by_hand = Some(Box::new(ByHand { standstill, todo, woken: None, steps_end, kept }));
        self.go_on_by_hand();
    }

    /// Nothing can run any more, again: has the task that was woken by hand gone on? If not, the
    /// next one is woken, until there is none.
    #[cold]
    pub(in super::super) fn go_on_by_hand(&mut self) {
        let Some(mut by_hand) = self.by_hand.take() else { return };
        if let Some(woken) = &by_hand.woken
            && self.standing(woken.task) != woken.before
        {
            self.by_hand = Some(by_hand);
            self.conclude_by_hand();
            return;
        }
        by_hand.woken = None;
        while let Some(task) = by_hand.todo.pop() {
            if self.tasks[task.index()].state == State::Idle {
                let events = by_hand.kept.events.as_deref();
                by_hand.woken = Some(self.wake_by_hand(task, events));
                break;
            }
        }
        let is_over = by_hand.woken.is_none();
        self.by_hand = Some(by_hand);
        if is_over {
            self.conclude_by_hand();
        }
    }

    /// Whether what was woken by hand has gone on for long enough: then the run is over.
    pub(in super::super) fn is_by_hand_over(&mut self) -> bool {
        let is_over = self.by_hand.as_ref().is_some_and(|it| self.spent() >= it.steps_end);
        if is_over {
            self.conclude_by_hand();
        }
        is_over
    }

    /// Puts the run back to its standstill, and says what was found.
    #[cold]
    pub(in super::super) fn conclude_by_hand(&mut self) {
        let Some(by_hand) = self.by_hand.take() else { return };
        let ByHand { mut standstill, woken, kept, steps_end, .. } = *by_hand;
        let proof = woken.as_ref().and_then(|woken| self.tell_of_proof(woken, steps_end));
        // Whatever came of it is no finding of its own.
        self.finding = None;
        self.tape.truncate(kept.choices);
        self.chooser = kept.chooser;
        self.is_asking = kept.is_asking;
        self.heed.set(Heed::HEARD, kept.is_heard);
        (self.events, self.now_ns) = (kept.events, kept.now_ns);
        self.detectors = kept.detectors;
        // Turns that the run's own strategy has never heard of.
        self.ready.clear();
        self.heed.remove(Heed::PRESELECTED);
        self.steps = kept.steps;
        self.open_eye_from(kept.eye_from, kept.spent);
        if let (Some(woken), Some(proof)) = (woken, proof) {
            standstill.kind = Kind::LostWakeup;
            standstill.subject = Some(woken.subject);
            standstill.message = woken.message;
            standstill.task = Some(self.task_title(woken.task));
            standstill.place = woken.place;
            let mut story = woken.story;
            story.push(proof);
            standstill.story.retain(|line| !woken.told.contains(line));
            story.append(&mut standstill.story);
            standstill.story = story;
        }
        self.fail(standstill);
    }

    /// What was so of a task that could go on if only it was woken.
    fn wake_by_hand(&mut self, task: TaskId, events: Option<&[Event]>) -> Woken {
        let notified: Vec<OperationId> = self.notifiable(task).map(|(id, _)| id).collect();
        let woken = match notified.first() {
            Some(&id) => self.woken_from(task, id, events),
            None => self.woken_from_unknown(task, events),
        };
        for id in notified {
            self.hand::<true>(id, Handed::ByHand);
        }
        self.tasks[task.index()].state = State::Ready;
        self.make_ready(Turn::Resume(task));
        woken
    }

    fn woken_from(&self, task: TaskId, id: OperationId, events: Option<&[Event]>) -> Woken {
        let title = self.task_title(task);
        let before = self.standing(task);
        let Some(operation) = self.operations.get(id.0) else {
            return self.woken_from_unknown(task, events);
        };
        let site = operation.description.site;
        let subject = operation.description.object.map(|object| self.object_title(object));
        let since = Instant::from_nanos(operation.since_ns);
        let message = format!("{title} has waited there since t={since}, and was never woken");
        let story = self.tell_of_missed(task, operation, events);
        let told = self.tell_of_sources(task);
        let (subject, place) = (subject.unwrap_or_default(), Some(site.into()));
        Woken { task, subject, message, story, told, place, before }
    }

    fn woken_from_unknown(&self, task: TaskId, events: Option<&[Event]>) -> Woken {
        let title = self.task_title(task);
        let subject = format!("a future of {title}");
        let message = match self.has_waker(task) {
            false => format!("{title} waits, and nobody has kept its waker"),
            true => format!("{title} waits, and its waker was not called"),
        };
        let (place, before) = (self.task_place(task), self.standing(task));
        let instead = events.filter(|_| !self.has_waker(task));
        let story = instead.map_or_else(Vec::new, |events| self.tell_of_spawner(events, task));
        Woken { task, subject, message, story, told: Vec::new(), place, before }
    }

    /// A future may have been moved to this task after whoever spawned it had polled it, and have
    /// kept the first waker: was that called since?
    fn tell_of_spawner(&self, events: &[Event], task: TaskId) -> Vec<String> {
        let is_spawned = |event: &Event| matches!(event.kind, EventKind::Spawned { task: spawned, .. } if spawned == task.into());
        let Some(at) = events.iter().position(is_spawned) else { return Vec::new() };
        let Some(spawner) = events[at].task else { return Vec::new() };
        let woken = events[at..].iter().rev().find_map(|event| match event.kind {
            EventKind::Woken { task } | EventKind::WokenAgain { task } if task == spawner => {
                event.task.filter(|&by| by != spawner && by != task).map(|by| (by, event.at))
            }
            _ => None,
        });
        let spawner = self.task_title(TaskId(spawner.0));
        match woken {
            Some((by, at)) => vec![format!(
                "{} woke {spawner} instead, t={at}: a future that {spawner} polled before it was \
                 moved to {} may have kept its first waker",
                self.task_title(TaskId(by.0)),
                self.task_title(task),
            )],
            None => Vec::new(),
        }
    }

    /// What was done through an object before, and while, a task waited there.
    fn tell_of_missed(
        &self,
        waiter: TaskId,
        wait: &OperationRecord,
        events: Option<&[Event]>,
    ) -> Vec<String> {
        let Some(object) = wait.description.object else { return Vec::new() };
        let title = self.task_title(waiter);
        let mut lines = Vec::new();
        for deed in self.deeds_for(object, wait.description.name) {
            let by = self.task_title(deed.task);
            let (at, site) = (Instant::from_nanos(deed.at_ns), Place::from(deed.site));
            let when = match deed.order < wait.order {
                true => format!("BEFORE {title} was waiting"),
                false => format!("while {title} was waiting"),
            };
            let instead = || self.tell_of_woken(events?, &deed, waiter);
            let woke = match deed.is_unheard {
                true => String::from("it woke nobody, and is not kept"),
                false => {
                    instead().unwrap_or_else(|| String::from("it woke another wait than this one"))
                }
            };
            let mut line = format!("{by} called {} at {site}, t={at}, {when}: {woke}", deed.action);
            let is_waiting = !self.has_ended(deed.task) && !self.may_go_on(deed.task);
            if deed.task != waiter && !is_waiting {
                let (title, fate) =
                    (self.task_title(deed.task), self.tell_what_became_of(deed.task));
                let fate = fate.strip_prefix("it ").unwrap_or(&fate);
                let _infallible = write!(line, "; {title} {fate}");
            }
            lines.push(line);
        }
        let left_out = lines.len().saturating_sub(DEEDS_SHOWN);
        lines.truncate(DEEDS_SHOWN);
        if left_out > 0 {
            lines.push(format!("and {left_out} more like that"));
        }
        lines
    }

    /// Whom something woke, and what became of that task's turn: from the events of a traced run.
    fn tell_of_woken(&self, events: &[Event], deed: &Deed, waiter: TaskId) -> Option<String> {
        let is_deed = |event: &Event| match event.kind {
            EventKind::Executed(on) => {
                event.task == Some(deed.task.into())
                    && on.name == deed.action
                    && on.site.0 == deed.site
            }
            _ => false,
        };
        let from = events.iter().rposition(is_deed)?;
        let rest = &events[from + 1..];
        let is_step = |event: &Event| matches!(event.kind, EventKind::Step { .. });
        let step = rest.iter().position(is_step).unwrap_or(rest.len());
        let mut woken: Vec<TaskRef> = Vec::new();
        for event in &rest[..step] {
            match event.kind {
                EventKind::Executed(_) => break,
                EventKind::Woken { task }
                | EventKind::WokenAgain { task }
                | EventKind::Granted { task, .. }
                    if !woken.contains(&task) =>
                {
                    woken.push(task);
                }
                _ => {}
            }
        }
        let first = *woken.first()?;
        let title = self.task_title(TaskId(first.0));
        let more = match woken.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        if first == waiter.into() {
            let is_dropped = rest.iter().any(|event| {
                let lost = matches!(event.kind, EventKind::Lost { how: Lost::WakeUp, .. });
                lost && event.task == Some(first)
            });
            return Some(match is_dropped {
                true => {
                    format!("it woke an earlier wait of {title}{more}, which was dropped unseen")
                }
                false => format!("it woke an earlier wait of {title}{more}"),
            });
        }
        let fate = self.tell_of_turn(&rest[step..], first);
        Some(format!("it woke {title}{more}{}", fate.unwrap_or_default()))
    }

    /// What a task that was woken made of its turns: where it waited, or how it ended.
    fn tell_of_turn(&self, events: &[Event], task: TaskRef) -> Option<String> {
        let own = events.iter().filter(|event| event.task == Some(task));
        let last = own.filter_map(|event| match &event.kind {
            EventKind::Blocked(on) => {
                let object = on.object.map(|object| format!(" {}", self.object_title(object.0)));
                let (object, at) = (object.unwrap_or_default(), on.site.place());
                Some(format!(", which went to `{}{object}` at {at}", on.name))
            }
            EventKind::Ended { task: ended, .. } if *ended == task => {
                Some(format!(", which has ended since, t={}", event.at))
            }
            EventKind::TimerStarted { site, .. } => {
                Some(format!(", which went to sleep at {}", site.place()))
            }
            _ => None,
        });
        last.into_iter().next()
    }

    /// What became of a task that was woken by hand; `None` if it has not gone on.
    fn tell_of_proof(&self, woken: &Woken, steps_end: u64) -> Option<String> {
        let title = self.task_title(woken.task);
        let went_on = format!("proof: woken by hand, {title}");
        if let Some(finding) = &self.finding {
            return Some(format!("{went_on} went on, to this: {}", finding.headline()));
        }
        if self.has_ended(TaskId::MAIN) {
            return Some(match woken.task {
                TaskId::MAIN => format!("{went_on} returned"),
                _ => format!("{went_on} went on, and the run came to its end"),
            });
        }
        if self.spent() >= steps_end {
            return Some(format!("{went_on} went on, and was still going {STEPS_MAX} steps later"));
        }
        if self.standing(woken.task) == woken.before {
            return None;
        }
        Some(format!("{went_on} went on; {}", self.tell_what_became_of(woken.task)))
    }

    fn standing(&self, task: TaskId) -> Standing {
        let waits = self.pending(task).map(|(_, operation)| {
            let description = operation.description;
            (description.name, description.object, Place::from(description.site).to_string())
        });
        let waits = waits.collect();
        let others = self.tasks.iter().enumerate().filter(|(index, _)| *index != task.index());
        Standing {
            waits,
            tasks: self.tasks.len(),
            ended: self.tasks.iter().filter(|task| task.state == State::Ended).count(),
            polls_of_others: others.map(|(_, other)| u64::from(other.polls)).sum(),
        }
    }

    /// Whether a task may wait for nothing but to be woken.
    fn is_worth_waking(&self, task: TaskId) -> bool {
        let is_unseen = |handed| matches!(handed, Handed::Woken | Handed::Granted);
        self.rests(task)
            && (self.notifiable(task).next().is_some()
                || self.has_unknown_wait(task)
                || self.pending(task).any(|(_, operation)| is_unseen(operation.handed))
                || (self.pending(task).next().is_none() && self.joined_by(task).is_empty()))
    }

    /// A task's waits that may end for nothing, where somebody has notified before.
    fn notifiable(&self, task: TaskId) -> impl Iterator<Item = (OperationId, &OperationRecord)> {
        self.pending(task).filter(|(_, operation)| {
            let Some(object) = operation.description.object else { return false };
            let mut deeds = self.deeds_for(object, operation.description.name);
            match self.objects[object as usize].spurious {
                Spurious::Never => false,
                Spurious::Unheard => deeds.any(|deed| deed.unheard > 0),
                Spurious::Notified => deeds.next().is_some(),
            }
        })
    }
}

/// How many notifications a report names.
const DEEDS_SHOWN: usize = 4;
