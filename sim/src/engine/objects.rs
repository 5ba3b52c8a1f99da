//! Instrumented objects of a run, and who holds them.

use std::borrow::Cow;
use std::panic::Location;

use super::deeds::Deeds;
use super::ids::{INDEX_MAX, Packed, TaskId};
use super::lists::{NO_RECORD, Owned};
use super::{Core, ObjectPast};
use crate::probe::{Cause, Mode, Passage, Spurious};
use crate::trace::EventKind;

/// What the engine knows of an object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectRecord {
    pub(crate) kind: &'static str,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) site: &'static Location<'static>,
    /// The task that made it, or was the first to use it if it was made outside of the run.
    pub(crate) creator: TaskId,
    /// The how-manieth of its kind that its creator made, from 1.
    pub(crate) number: u32,
    /// How often it was taken, modulo 2^32.
    pub(crate) takes: u32,
    /// To how many operations it was granted that have not been polled since.
    pub(crate) granted: u32,
    /// The operation that it was granted to last.
    pub(crate) heir: u32,
    /// Whether others than those who hold it have been seen to give it back.
    pub(crate) is_loose: bool,
    /// Whether a wait at it may end for nothing.
    pub(crate) spurious: Spurious,
    /// Who can end which wait at it.
    pub(crate) causes: &'static [Cause],
    /// What moves things through it.
    pub(crate) passage: Option<&'static Passage>,
    /// Who has done what through it.
    pub(crate) deeds: Deeds,
    /// What its primitive last counted: what, how many there are, how many it takes.
    pub(crate) count: Option<(&'static str, usize, usize)>,
    /// For the hash of the run's class.
    pub(crate) past: ObjectPast,
}

/// A task's hold on an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HoldRecord {
    pub(crate) object: u32,
    pub(crate) task: TaskId,
    pub(crate) units: u32,
    pub(crate) mode: Mode,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since_ns: u64,
    /// In which poll of its task it was taken.
    pub(crate) taken_in: u32,
}

impl Owned for HoldRecord {
    #[inline]
    fn owner(&self) -> u32 {
        self.object
    }
}

impl Core {
    /// Registers an object in this run.
    pub(crate) fn register_object(
        &mut self,
        kind: &'static str,
        name: Option<&Cow<'static, str>>,
        site: &'static Location<'static>,
        causes: &'static [Cause],
    ) -> Packed {
        let creator = self.current.unwrap_or(TaskId::MAIN);
        let number = self.object_numbers.entry((creator, kind)).or_default();
        *number += 1;
        let number = *number;
        let mut record = ObjectRecord {
            kind,
            name: name.cloned(),
            site,
            creator,
            number,
            takes: 0,
            granted: 0,
            heir: NO_RECORD,
            is_loose: false,
            spurious: Spurious::Never,
            causes,
            passage: None,
            deeds: Deeds::default(),
            count: None,
            past: ObjectPast::default(),
        };
        record.past = self.order_object(&record);
        let index = match self.free_objects.pop() {
            Some(index) => {
                self.put_notes_together();
                self.forget_order(index);
                self.objects[index as usize] = record;
                index
            }
            None => {
                let index = self.objects.len() as u32;
                assert!(index < INDEX_MAX, "a run has at most {INDEX_MAX} objects");
                self.objects.push(record);
                index
            }
        };
        Packed::new(self.stamp, index)
    }

    /// Notes that an object is gone. Its place is used again, unless the run is traced: a trace
    /// keeps every object apart.
    pub(crate) fn forget_object(&mut self, index: u32) {
        self.forget_awaited(index);
        if self.events.is_none() && self.by_hand.is_none() && !self.holds.has_any(index) {
            self.free_objects.push(index);
        }
    }

    /// Notes that the current task holds `units` of an object.
    #[inline(always)]
    pub(crate) fn hold(
        &mut self,
        object: u32,
        units: u32,
        mode: Mode,
        site: &'static Location<'static>,
    ) -> Packed {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let holder = &mut self.tasks[task.index()];
        let (since_ns, taken_in) = (self.now_ns, holder.polls);
        holder.held += u32::from(mode.has_guard());
        let is_nested = mode.has_guard() && holder.held > 1;
        let held = &mut self.objects[object as usize];
        held.takes = held.takes.wrapping_add(1);
        let takes = held.takes;
        let make = || HoldRecord { object, task, units, mode, site, since_ns, taken_in };
        let index = self.holds.insert(object, make);
        self.after_take(takes, object, task, site);
        if is_nested {
            self.note_nested(task, index);
        }
        if self.is_followed() {
            self.tell_taken(index, (object, site), units, mode);
        }
        Packed::new(self.stamp, index)
    }

    /// Whether anybody looks at what is held: a detector of shared variables, a trace, or a
    /// strategy.
    #[inline]
    fn is_followed(&self) -> bool {
        self.is_heard() || self.detectors.is_some()
    }

    #[inline(never)]
    fn tell_taken(
        &mut self,
        index: u32,
        (object, site): (u32, &'static Location<'static>),
        units: u32,
        mode: Mode,
    ) {
        if self.detectors.is_some() {
            self.note_hold(index);
        }
        self.record(move |_| EventKind::Acquired {
            object: object.into(),
            units,
            site: site.into(),
        });
        if mode == Mode::Unguarded && self.losses.is_some() {
            self.note_unguarded(index);
        }
    }

    /// Ends a hold.
    #[inline(always)]
    pub(crate) fn unhold(&mut self, index: u32) {
        let (objects, tasks, current) = (&mut self.objects, &mut self.tasks, self.current);
        let removed = self.holds.remove(index, |hold| {
            tasks[hold.task.index()].held -= u32::from(hold.mode.has_guard());
            objects[hold.object as usize].is_loose |= current != Some(hold.task);
            hold
        });
        if let Some(HoldRecord { object, units, task, mode, .. }) = removed
            && self.is_followed()
        {
            self.tell_let_go(index, (object, task), units, mode);
        }
    }

    #[inline(never)]
    fn tell_let_go(&mut self, index: u32, (object, task): (u32, TaskId), units: u32, mode: Mode) {
        if mode == Mode::Unguarded && self.losses.is_some() {
            self.note_given_back(index);
        }
        if self.detectors.is_some() {
            self.note_unhold(task, index);
        }
        self.record(move |_| EventKind::Released {
            object: object.into(),
            units,
            taken_by: task.into(),
        });
    }

    /// Ends holds of `units` of an object that were taken without a guard: the current task's
    /// newest first, then anybody's.
    pub(crate) fn unhold_units(&mut self, object: u32, mut units: u32) {
        let current = self.current;
        self.objects[object as usize].is_loose = true;
        for own in [true, false] {
            let fitting: Vec<u32> = self
                .holds
                .list(object)
                .filter(|(_, hold)| !hold.mode.has_guard())
                .filter(|(_, hold)| (Some(hold.task) == current) == own)
                .map(|(index, _)| index)
                .take(units as usize)
                .collect();
            for index in fitting {
                let Some(hold) = self.holds.get_mut(index) else { continue };
                let ended = hold.units.min(units);
                if ended == 0 {
                    return;
                }
                units -= ended;
                if hold.units == ended {
                    self.unhold(index);
                } else {
                    hold.units -= ended;
                }
            }
        }
    }

    /// Notes that a wait at the object ends when a task has ended.
    pub(crate) fn expect_task(
        &mut self,
        object: u32,
        task: TaskId,
        site: &'static Location<'static>,
    ) {
        let (since_ns, mode) = (self.now_ns, Mode::Awaited);
        let record = HoldRecord { object, task, units: 1, mode, site, since_ns, taken_in: 0 };
        self.holds.insert(object, || record);
    }

    /// Forgets which tasks are waited for at an object that is gone.
    fn forget_awaited(&mut self, object: u32) {
        let is_awaited =
            |(id, hold): (u32, &HoldRecord)| (hold.mode == Mode::Awaited).then_some(id);
        loop {
            let newest = self.holds.list(object).next().and_then(is_awaited);
            let Some(newest) = newest else { return };
            self.holds.remove(newest, drop);
        }
    }

    /// The object as traces and reports call it: kind and name, such as `lock db`, or for one
    /// without a name the how-manieth of its kind that its task made, such as `lock#2@main.1`.
    pub(crate) fn object_title(&self, index: u32) -> String {
        let object = &self.objects[index as usize];
        match (&object.name, object.creator) {
            (Some(name), _) => format!("{} {name}", object.kind),
            (None, TaskId::MAIN) => format!("{}#{}", object.kind, object.number),
            (None, creator) => {
                format!("{}#{}@{}", object.kind, object.number, self.task_path(creator))
            }
        }
    }
}
