//! Detectors that look at shared variables. They cost nothing in a run that has none.
//!
//! What they see is a suspicion until the run is over: then the most specific one becomes the
//! finding, unless something worse has happened, of which it is evidence.

mod atomicity;
mod clocks;
mod race;

use std::panic::Location;

use self::atomicity::Atomicity;
use self::clocks::Clocks;
use self::race::Race;
use super::{Core, TaskId};
use crate::finding::{Finding, Kind};
use crate::options::{Detection, Switching};
use crate::shared::Flavor;
use crate::trace::EventKind;

/// What is done to a shared variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SharedAccess {
    /// It is read.
    Read,
    /// It is overwritten.
    Write,
    /// It is read and written in one go.
    Update,
}

impl SharedAccess {
    const fn writes(self) -> bool {
        !matches!(self, SharedAccess::Read)
    }
}

/// One access to a shared variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accessed {
    pub(crate) variable: u32,
    pub(crate) access: SharedAccess,
    pub(crate) flavor: Flavor,
    pub(crate) site: &'static Location<'static>,
}

/// The state of the detectors, in a run that has a shared variable.
#[derive(Debug, Default)]
pub(crate) struct Detectors {
    clocks: Clocks,
    race: Race,
    atomicity: Atomicity,
    suspicions: Vec<Finding>,
}

/// How many suspicions are kept of one run: one bug tends to show again and again.
const SUSPICIONS_MAX: usize = 8;

impl Core {
    /// Notes that the run has a shared variable: from here on the detectors listen. What happened
    /// before is not needed: it cannot order two accesses that both come later.
    pub(crate) fn has_shared(&mut self) {
        if self.detectors.is_none() {
            self.detectors = Some(Box::default());
        }
    }

    /// Notes an access to a shared variable by the current task.
    pub(crate) fn accessed(&mut self, accessed: Accessed) {
        self.record_access(accessed);
        let task = self.current.unwrap_or(TaskId::MAIN);
        let poll = self.tasks[task.index()].polls;
        let options = &self.options;
        let looks_for_races =
            options.detectors.races == Detection::On && options.switching == Switching::Preemptive;
        let looks_for_lost_updates = options.detectors.atomicity == Detection::On;
        let Some(detectors) = &mut self.detectors else { return };
        let clock = detectors.clocks.of(task);
        let race =
            if looks_for_races { detectors.race.accessed(task, clock, accessed) } else { None };
        let lost = if looks_for_lost_updates {
            detectors.atomicity.accessed(task, poll, accessed)
        } else {
            None
        };
        if let Some(race) = race {
            let message = race.message(self);
            self.suspect(Kind::Race, message, task, accessed.site);
        }
        if let Some(lost) = lost {
            let message = lost.message(self);
            self.suspect(Kind::LostUpdate, message, task, accessed.site);
        }
    }

    fn record_access(&mut self, accessed: Accessed) {
        let Accessed { variable, access, site, .. } = accessed;
        self.record(move |_| {
            let (object, site) = (variable.into(), site.into());
            match access {
                SharedAccess::Read => EventKind::SharedRead { object, site },
                SharedAccess::Write => EventKind::SharedWritten { object, site },
                SharedAccess::Update => EventKind::SharedUpdated { object, site },
            }
        });
    }

    #[cold]
    fn suspect(
        &mut self,
        kind: Kind,
        message: String,
        task: TaskId,
        site: &'static Location<'static>,
    ) {
        let mut finding = Finding::new(kind, message, self.now());
        finding.task = Some(self.task_title(task));
        finding.place = Some(site.into());
        let Some(detectors) = &mut self.detectors else { return };
        let is_known = |known: &Finding| known.kind == kind && known.place == finding.place;
        if detectors.suspicions.len() < SUSPICIONS_MAX && !detectors.suspicions.iter().any(is_known)
        {
            detectors.suspicions.push(finding);
        }
    }

    /// The run is over: the most specific suspicion is the finding, or evidence of a worse one.
    pub(super) fn conclude(&mut self) {
        let Some(detectors) = &mut self.detectors else { return };
        let mut suspicions = std::mem::take(&mut detectors.suspicions);
        suspicions.sort_by_key(|suspicion| suspicion.kind);
        let mut suspicions = suspicions.into_iter();
        if self.finding.is_none() {
            self.finding = suspicions.next().map(Box::new);
        }
        if let Some(finding) = &mut self.finding {
            let evidence =
                suspicions.map(|suspicion| format!("{}: {}", suspicion.kind, suspicion.message));
            finding.evidence.extend(evidence);
        }
    }

    /// What the current task did so far happens before what observes the object later.
    pub(crate) fn publish(&mut self, object: u32) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.publish(task, object);
        }
        self.record(move |_| EventKind::Published { object: object.into() });
    }

    /// What the current task does later happens after what was published through the object.
    pub(crate) fn observe(&mut self, object: u32) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.observe(task, object);
        }
        self.record(move |_| EventKind::Observed { object: object.into() });
    }

    /// A message is stamped with what the current task did so far; `None` if nobody listens.
    pub(crate) fn stamp_message(&mut self) -> Option<u64> {
        if !self.orders_matter() {
            return None;
        }
        self.messages += 1;
        let number = self.messages;
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.stamp(task, number);
        }
        self.record(move |_| EventKind::Stamped { number });
        Some(number)
    }

    /// What the current task does later happens after what the message's sender had done.
    pub(crate) fn observe_message(&mut self, number: u64) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.observe_stamp(task, number);
        }
        self.record(move |_| EventKind::StampObserved { number });
    }

    /// Whether anybody wants to know what happens before what.
    #[inline]
    pub(crate) fn orders_matter(&self) -> bool {
        self.detectors.is_some() || self.is_traced()
    }

    /// A task was spawned by the current one.
    pub(super) fn order_spawn(&mut self, child: TaskId) {
        let parent = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.spawn(parent, child);
        }
    }

    /// The current task wakes another one: what it did so far happens before what that does
    /// next. So primitives that are not instrumented order as well, where they really wait.
    #[cold]
    pub(super) fn order_wake(&mut self, woken: TaskId) {
        if let (Some(detectors), Some(waker)) = (&mut self.detectors, self.current)
            && waker != woken
        {
            detectors.clocks.wake(waker, woken);
        }
    }

    /// The current task has joined another one.
    pub(super) fn order_join(&mut self, joined: TaskId) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        if let Some(detectors) = &mut self.detectors {
            detectors.clocks.join(task, joined);
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
