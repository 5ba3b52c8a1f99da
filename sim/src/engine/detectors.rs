//! Detectors that look at shared variables. They cost nothing in a run that has none.
//!
//! What they see is a suspicion until the run is over: then the most specific one becomes the
//! finding, unless something worse has happened, of which it is evidence.

mod access;
mod atomicity;
mod clocks;
mod deadlock;
mod futurelock;
mod held;
mod leak;
mod livelock;
pub(super) mod lock_order;
mod lost_wakeup;
mod race;
mod sparse;
mod standstill;
mod starvation;
mod story;

use std::panic::Location;

pub(crate) use self::access::{Accessed, SharedAccess};
use self::access::{Pause, Record};
use self::atomicity::Atomicity;
use self::clocks::Clocks;
pub(super) use self::deadlock::{Extent, Occasion, Suspected};
use self::held::Holdings;
pub(super) use self::lost_wakeup::ByHand;
use self::race::Race;
pub(super) use self::standstill::Quiet;
use super::{Core, Heed, TaskId};
use crate::finding::{Finding, Kind, Place};
use crate::options::{Detection, StaleChecks, Switching};
use crate::probe::Access;
use crate::shared::Flavor;
use crate::trace::{EventKind, Side};

/// The state of the detectors, in a run that has a shared variable.
#[derive(Debug, Default)]
pub(crate) struct Detectors {
    clocks: Clocks,
    race: Race,
    atomicity: Atomicity,
    holdings: Holdings,
    /// By the task's number: the last wait that is no operation, and in which poll it began.
    waits: Vec<Option<(u32, Pause)>>,
    suspicions: Vec<Suspicion>,
    /// Whether races are looked for, so that it matters what happens before what.
    is_ordering: bool,
}

impl Detectors {
    /// Forgets all, and keeps allocations: it is as good as new.
    pub(super) fn clear(&mut self) {
        let Detectors { clocks, race, atomicity, holdings, waits, suspicions, is_ordering } = self;
        clocks.clear();
        race.clear();
        atomicity.clear();
        holdings.clear();
        waits.clear();
        suspicions.clear();
        *is_ordering = false;
    }
}

/// Something that may become the finding.
#[derive(Debug)]
struct Suspicion {
    finding: Finding,
    /// The shared variable that it is about.
    variable: u32,
    weight: Weight,
}

/// What a suspicion is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// It fails the run.
    Finding,
    /// It is told beside a finding, if there is one.
    Evidence,
}

/// How many suspicions of one weight are kept of a run: one bug tends to show again and again.
const SUSPICIONS_MAX: usize = 8;

impl Core {
    /// Notes that the run has a shared variable: from here on the detectors listen. What happened
    /// before is not needed: it cannot order two accesses that both come later.
    pub(crate) fn has_shared(&mut self) {
        if self.detectors.is_none() {
            self.listen();
        }
    }

    fn looks_for_races(&self) -> bool {
        self.options.detectors.races == Detection::On
            && self.options.switching == Switching::Preemptive
    }

    #[cold]
    fn listen(&mut self) {
        let is_ordering = self.looks_for_races();
        if !is_ordering && self.options.detectors.atomicity == Detection::Off {
            return;
        }
        let mut detectors = self.spare_detectors.take().unwrap_or_default();
        detectors.is_ordering = is_ordering;
        let mut holds: Vec<_> = self.objects.holds().collect();
        holds.sort_by_key(|(index, hold)| (hold.since_ns, *index));
        for (index, hold) in holds {
            detectors.holdings.took(hold.task, index, hold.object, hold.site);
        }
        self.detectors = Some(detectors);
        self.heed.add(Heed::FOLLOWED);
    }

    /// Notes an access to a shared variable by the current task. Says which event it is, in a
    /// traced run.
    pub(crate) fn accessed(
        &mut self,
        accessed: Accessed,
        value: Option<Box<str>>,
    ) -> Option<usize> {
        let event = self.record_access(accessed, value);
        let Accessed { variable, access, flavor, site } = accessed;
        if self.classes.is_on() {
            let kind = if access.writes() { Access::Change } else { Access::Read };
            self.order_operation(Some(variable), kind);
        }
        let task = self.current.unwrap_or(TaskId::MAIN);
        let poll = self.tasks[task.index()].polls;
        let looks_for_lost_updates = self.options.detectors.atomicity == Detection::On;
        let Some(mut detectors) = self.detectors.take() else { return event };
        let looks_for_races = detectors.is_ordering && flavor == Flavor::Plain;
        let held = detectors.holdings.of(task);
        let (at_ns, ends_before) = (self.now_ns, detectors.holdings.ends(task));
        let record = Record { task, access, site, poll, at_ns, held, ends_before, event };
        if looks_for_races
            && let Some(race) = detectors.race.accessed(&mut detectors.clocks, variable, &record)
        {
            let about = (Kind::Race, variable, site);
            let Detectors { suspicions, holdings, .. } = &mut *detectors;
            suspect(suspicions, about, Weight::Finding, || self.tell_race(&race, holdings));
        }
        if looks_for_lost_updates {
            let waits = &detectors.waits;
            let pause = |task| self.pause_of(task, waits);
            if let Some(violation) = detectors.atomicity.accessed(variable, &record, pause) {
                let about = (violation.kind(), violation.variable(), site);
                if let Some(weight) = self.weight_of(violation.kind()) {
                    let Detectors { suspicions, holdings, .. } = &mut *detectors;
                    suspect(suspicions, about, weight, || {
                        self.tell_violation(&violation, holdings)
                    });
                }
            }
        }
        self.detectors = Some(detectors);
        event
    }

    fn weight_of(&self, kind: Kind) -> Option<Weight> {
        if kind != Kind::StaleCheck {
            return Some(Weight::Finding);
        }
        match self.options.detectors.stale_checks {
            StaleChecks::Ignored => None,
            StaleChecks::Evidence => Some(Weight::Evidence),
            StaleChecks::Found => Some(Weight::Finding),
        }
    }

    /// Where a task is that is not running: the last of what its last poll waits for.
    fn pause_of(&self, id: TaskId, waits: &[Option<(u32, Pause)>]) -> Option<Pause> {
        let task = &self.tasks[id.index()];
        let mut operations = self.operations.list(id.0);
        let pending = operations.find(|(_, operation)| operation.polled_in == task.polls);
        let operation = pending.map(|(_, operation)| operation.description);
        let operation =
            operation.map(|it| Pause { operation: it.name, object: it.object, site: it.site });
        let wait = || waits.get(id.index()).copied().flatten();
        operation.or_else(|| wait().filter(|(poll, _)| *poll == task.polls).map(|(_, pause)| pause))
    }

    /// Notes that the current task waits in something that is no operation: a sleep, a join.
    #[inline]
    pub(super) fn note_wait(&mut self, operation: &'static str, site: &'static Location<'static>) {
        if self.detectors.is_some() {
            self.note_wait_now(operation, site);
        }
    }

    #[cold]
    fn note_wait_now(&mut self, operation: &'static str, site: &'static Location<'static>) {
        let Some(task) = self.current else { return };
        let poll = self.tasks[task.index()].polls;
        let Some(detectors) = &mut self.detectors else { return };
        if detectors.waits.len() <= task.index() {
            detectors.waits.resize(task.index() + 1, None);
        }
        detectors.waits[task.index()] = Some((poll, Pause { operation, object: None, site }));
    }

    /// Notes that a task took hold of an object.
    #[cold]
    pub(super) fn note_hold(&mut self, hold: u32) {
        let Some(record) = self.objects.hold(hold).copied() else { return };
        if let Some(detectors) = &mut self.detectors {
            detectors.holdings.took(record.task, hold, record.object, record.site);
        }
    }

    /// Notes that a hold of a task has ended.
    #[cold]
    pub(super) fn note_unhold(&mut self, task: TaskId, hold: u32) {
        if let Some(detectors) = &mut self.detectors {
            detectors.holdings.let_go(task, hold);
        }
    }

    fn record_access(&mut self, accessed: Accessed, value: Option<Box<str>>) -> Option<usize> {
        let number = self.events.as_ref()?.count();
        let Accessed { variable, access, site, .. } = accessed;
        self.record(move |_| {
            let (object, site) = (variable.into(), site.into());
            match access {
                SharedAccess::Read => EventKind::SharedRead { object, site, value },
                SharedAccess::Write => EventKind::SharedWritten { object, site, value },
                SharedAccess::Update => EventKind::SharedUpdated { object, site, value },
            }
        });
        Some(number)
    }

    /// Adds to a recorded update what it has made of the variable.
    pub(crate) fn show_update(&mut self, event: usize, shown: Box<str>) {
        let event = self.events.as_mut().and_then(|events| events.numbered_mut(event));
        if let Some(EventKind::SharedUpdated { value, .. }) = event.map(|event| &mut event.kind) {
            *value = Some(shown);
        }
    }

    /// The run is over: the most specific suspicion is the finding, or evidence of a worse one.
    pub(super) fn conclude(&mut self) {
        // Asked here, since most runs have nothing of it.
        if self.by_hand.is_some() {
            self.conclude_by_hand();
        }
        if !self.suspected.is_empty() {
            self.confirm_rings(Occasion::End);
        }
        if self.detectors.is_some() {
            self.conclude_suspicions();
        }
        self.conclude_leaks();
        if self.objects.are_held() {
            self.count_held();
        }
        if self.is_traced() || self.finding.is_some() {
            self.conclude_remarks();
        }
    }

    #[inline(never)]
    fn conclude_suspicions(&mut self) {
        let Some(detectors) = &mut self.detectors else { return };
        let mut suspicions = std::mem::take(&mut detectors.suspicions);
        suspicions.sort_by_key(|suspicion| suspicion.finding.kind);
        if self.finding.is_none() {
            let first = suspicions.iter().position(|one| one.weight == Weight::Finding);
            self.finding = first.map(|first| Box::new(suspicions.remove(first).finding));
        }
        if let Some(finding) = &mut self.finding {
            let evidence = suspicions.into_iter().map(|suspicion| {
                let Finding { kind, subject, message, .. } = suspicion.finding;
                match subject {
                    Some(subject) => format!("{kind} on {subject}: {message}"),
                    None => format!("{kind}: {message}"),
                }
            });
            finding.evidence.extend(evidence);
        }
    }

    /// The detectors, if what happens before what matters to them.
    #[inline]
    fn ordering(&mut self) -> Option<&mut Detectors> {
        self.detectors.as_deref_mut().filter(|detectors| detectors.is_ordering)
    }

    /// What the current task did so far happens before what observes the object later.
    pub(crate) fn publish(&mut self, object: u32, by: Side) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = self.ordering() {
            detectors.clocks.publish(task, object, by);
        }
        self.record(move |_| EventKind::Published { object: object.into(), by });
    }

    /// What the current task does later happens after what was published through the object.
    pub(crate) fn observe(&mut self, object: u32, by: Side) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = self.ordering() {
            detectors.clocks.observe(task, object, by);
        }
        self.record(move |_| EventKind::Observed { object: object.into(), by });
    }

    /// A message is stamped with what the current task did so far. For when somebody wants to know.
    #[inline(never)]
    pub(crate) fn stamp_message(&mut self) -> u64 {
        self.messages += 1;
        let number = self.messages;
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = self.ordering() {
            detectors.clocks.stamp(task, number);
        }
        self.record(move |_| EventKind::Stamped { number });
        number
    }

    /// What the current task does later happens after what the message's sender had done.
    pub(crate) fn observe_message(&mut self, number: u64) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = self.ordering() {
            detectors.clocks.observe_stamp(task, number);
        }
        self.record(move |_| EventKind::StampObserved { number });
    }

    /// Whether anybody wants to know what happens before what.
    #[inline]
    pub(crate) fn orders_matter(&self) -> bool {
        self.detectors.as_ref().is_some_and(|detectors| detectors.is_ordering) || self.is_traced()
    }

    /// A task was spawned by the current one.
    pub(super) fn order_spawn(&mut self, child: TaskId) {
        let parent = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = self.ordering() {
            detectors.clocks.spawn(parent, child);
        }
    }

    /// The current task wakes another one: what it did so far happens before what that does
    /// next. So primitives that are not instrumented order as well, where they really wait.
    #[cold]
    pub(super) fn order_wake(&mut self, woken: TaskId) {
        if let Some(waker) = self.current
            && waker != woken
            && let Some(detectors) = self.ordering()
        {
            detectors.clocks.wake(waker, woken);
        }
    }

    /// The current task has joined another one.
    pub(super) fn order_join(&mut self, joined: TaskId) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = self.ordering() {
            detectors.clocks.join(task, joined);
        }
    }

    /// The current task drops another one where it stands: that one's drops come in between of
    /// what this one does.
    pub(super) fn order_drop(&mut self, dropper: Option<TaskId>, dropped: TaskId) {
        if let (Some(detectors), Some(dropper)) = (self.ordering(), dropper) {
            detectors.clocks.wake(dropper, dropped);
        }
    }

    /// The drops of another task are over, and its dropper goes on.
    pub(super) fn order_dropped(&mut self, dropper: Option<TaskId>, dropped: TaskId) {
        if let (Some(detectors), Some(dropper)) = (self.ordering(), dropper) {
            detectors.clocks.join(dropper, dropped);
        }
    }

    /// An object's place is used for another one.
    pub(super) fn forget_order(&mut self, object: u32) {
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.forget(object);
            detectors.race.forget(object);
            detectors.atomicity.forget(object);
        }
    }
}

/// Keeps a suspicion of a kind, about a variable and at a place, unless there are enough, or one
/// of that kind about that variable or at that place.
#[cold]
fn suspect(
    suspicions: &mut Vec<Suspicion>,
    (kind, variable, site): (Kind, u32, &'static Location<'static>),
    weight: Weight,
    tell: impl FnOnce() -> Finding,
) {
    let place = Some(Place::from(site));
    let is_known = |known: &Suspicion| {
        known.finding.kind == kind && (known.variable == variable || known.finding.place == place)
    };
    let alike = suspicions.iter().filter(|known| known.weight == weight).count();
    if alike < SUSPICIONS_MAX && !suspicions.iter().any(is_known) {
        suspicions.push(Suspicion { finding: tell(), variable, weight });
    }
}
