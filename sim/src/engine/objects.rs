//! Instrumented objects of a run, and who holds them.

mod numbers;
mod records;

use std::borrow::Cow;
use std::panic::Location;

pub(super) use self::numbers::Numbers;
pub(super) use self::records::Few;
pub(crate) use self::records::{HoldRecord, ObjectRecord, Objects};
use super::Core;
use super::ids::{INDEX_MAX, OperationId, Packed, TaskId};
use super::operations::{Handed, Phase};
use super::table::NIL;
use crate::probe::{Cause, Mode};
use crate::trace::EventKind;

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
        let number = self.object_numbers.next((creator, kind));
        let name = name.cloned();
        let mut record = ObjectRecord::new(kind, name, site, (creator, number), causes);
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
        if self.events.is_none() && self.by_hand.is_none() && !self.objects.is_held(index) {
            self.free_objects.push(index);
        }
    }

    /// Notes that the current task holds `units` of an object.
    ///
    /// `FOLLOWED` says whether anybody may follow that, here and below.
    #[inline(always)]
    pub(crate) fn hold<const FOLLOWED: bool>(
        &mut self,
        object: u32,
        units: u32,
        mode: Mode,
        site: &'static Location<'static>,
    ) -> Packed {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let holder = &mut self.tasks[task.index()];
        let (since_ns, taken_in) = (self.now_ns, self.poll_number);
        holder.held += u32::from(mode.has_guard());
        let is_nested = mode.has_guard() && holder.held > 1;
        let held = &mut self.objects[object as usize];
        held.takes = held.takes.wrapping_add(1);
        let takes = held.takes;
        let make = || HoldRecord { object, task, units, mode, site, since_ns, taken_in };
        let index = self.objects.add_hold(object, make);
        self.after_take(takes, object, task, site);
        if is_nested {
            self.note_nested(task, index);
        }
        if FOLLOWED && self.is_looked_at() {
            self.tell_taken(index, (object, site), units, mode);
        }
        Packed::new(self.stamp, index)
    }

    /// Whether anybody looks at what is held: a detector of shared variables, a trace, or a
    /// strategy.
    #[inline]
    fn is_looked_at(&self) -> bool {
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
    pub(crate) fn unhold<const FOLLOWED: bool>(&mut self, index: u32) {
        let Some(hold) = self.objects.end_hold(index) else { return };
        let HoldRecord { object, units, task, mode, .. } = hold;
        self.tasks[task.index()].held -= u32::from(mode.has_guard());
        if self.current != Some(task) {
            self.objects[object as usize].is_loose = true;
        }
        if FOLLOWED && self.is_looked_at() {
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

    /// An operation is executed, by which the current task holds `units` of its object, where nobody
    /// follows: all at once what [`settle_in_place`](Self::settle_in_place) and
    /// [`hold`](Self::hold) do. Says whether the operation was settled, and the hold. `IS_HEIR` says
    /// of one of this run that the object was granted to it in its line.
    #[inline(always)]
    pub(crate) fn settle_and_hold<const IS_HEIR: bool>(
        &mut self,
        operation: Packed,
        object: u32,
        (units, mode): (u32, Mode),
        site: &'static Location<'static>,
    ) -> (bool, Packed) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let (record, holds) = self.objects.record_and_count(object);
        let mut is_settled = true;
        if IS_HEIR {
            self.operations.forget(operation.index());
            record.granted -= 1;
        } else if operation == self.granted {
            self.granted = Packed::NONE;
            if operation != Packed::NONE {
                self.operations.forget(operation.index());
            }
        } else if let Some(id) = operation.of(self.stamp) {
            let handed = self.operations.remove_if(id, |operation| {
                let is_own = operation.description.object == Some(object);
                (operation.phase == Phase::Blocked && is_own).then_some(operation.handed)
            });
            match handed {
                Some(Handed::Granted) => record.granted -= 1,
                Some(_) => {}
                None => is_settled = false,
            }
        }
        let holder = &mut self.tasks[task.index()];
        let (since_ns, taken_in) = (self.now_ns, self.poll_number);
        holder.held += u32::from(mode.has_guard());
        let is_nested = mode.has_guard() && holder.held > 1;
        record.takes = record.takes.wrapping_add(1);
        let takes = record.takes;
        let hold = HoldRecord { object, task, units, mode, site, since_ns, taken_in };
        let index = if record.oldest.is_none() && record.newest == NIL {
            *holds += 1;
            record.oldest = Some(hold);
            object << 1
        } else {
            self.objects.add_hold(object, || hold)
        };
        self.after_take(takes, object, task, site);
        if is_nested {
            self.note_nested(task, index);
        }
        (is_settled, Packed::new(self.stamp, index))
    }

    /// Ends a hold and hands the object to an heir, who is woken, where nobody follows: all at once
    /// what [`unhold`](Self::unhold), [`hand`](Self::hand) and [`wake`](Self::wake) do.
    #[inline(never)]
    pub(crate) fn unhold_and_hand(&mut self, hold: u32, heir: Option<(TaskId, OperationId)>) {
        if hold & 1 == 1 {
            self.unhold_and_hand_apart(hold, heir);
            return;
        }
        let object = hold >> 1;
        let (record, holds) = self.objects.record_and_count(object);
        if let Some(HoldRecord { task, mode, .. }) = record.oldest.take() {
            *holds -= 1;
            self.tasks[task.index()].held -= u32::from(mode.has_guard());
            record.is_loose |= self.current != Some(task);
        }
        let Some((task, id)) = heir else { return };
        match self.operations.get_mut(id.0) {
            Some(operation)
                if operation.handed == Handed::Nothing
                    && operation.description.object == Some(object) =>
            {
                operation.handed = Handed::Granted;
                operation.handed_ns = self.now_ns;
                record.granted += 1;
                record.heir = id.0;
            }
            _ => self.hand::<false>(id, Handed::Granted),
        }
        self.wake_in_place::<false>(task);
    }

    #[cold]
    #[inline(never)]
    fn unhold_and_hand_apart(&mut self, hold: u32, heir: Option<(TaskId, OperationId)>) {
        self.unhold::<false>(hold);
        if let Some((task, id)) = heir {
            self.hand::<false>(id, Handed::Granted);
            self.wake_in_place::<false>(task);
        }
    }

    /// Ends holds of `units` of an object that were taken without a guard: the current task's
    /// newest first, then anybody's.
    pub(crate) fn unhold_units(&mut self, object: u32, mut units: u32) {
        let current = self.current;
        self.objects[object as usize].is_loose = true;
        for own in [true, false] {
            let fitting: Vec<u32> = self
                .objects
                .holds_of(object)
                .filter(|(_, hold)| !hold.mode.has_guard())
                .filter(|(_, hold)| (Some(hold.task) == current) == own)
                .map(|(index, _)| index)
                .take(units as usize)
                .collect();
            for index in fitting {
                let Some(hold) = self.objects.hold_mut(index) else { continue };
                let ended = hold.units.min(units);
                if ended == 0 {
                    return;
                }
                units -= ended;
                if hold.units == ended {
                    self.unhold::<true>(index);
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
        self.objects.add_hold(object, || record);
    }

    /// Forgets which tasks are waited for at an object that is gone.
    fn forget_awaited(&mut self, object: u32) {
        let is_awaited =
            |(id, hold): (u32, &HoldRecord)| (hold.mode == Mode::Awaited).then_some(id);
        loop {
            let newest = self.objects.holds_of(object).next().and_then(is_awaited);
            let Some(newest) = newest else { return };
            self.objects.end_hold(newest);
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
