//! The hash of a run's happens-before class: see [`Class`].
//!
//! Each operation is hashed with what came before it: the last one of its task, the last one of
//! its object, and the last step that touched everything. So an operation's hash stands for all
//! that happened before it, and the sum over all operations, which does not depend on their order,
//! for the run's partial order. Operations that only read an object are summed up and hashed into
//! the next one that changes it.

use super::{Core, ObjectRecord, TaskId};
use crate::class::{Awaits, Class};
use crate::options::Detection;
use crate::probe::Access;

/// A run's class, as far as it has come. What belongs to a task or an object is in its record.
#[derive(Debug)]
pub(crate) struct Classes {
    /// Whether anything is hashed: not in teardown, whose order is fixed.
    is_on: bool,
    /// The sum over all operations.
    total: u128,
    /// The hash of the last step that touched everything.
    everything: u64,
    awaits: Awaits,
}

/// What an object has gone through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ObjectPast {
    /// The hash of the last operation that changed it.
    changed: u64,
    /// The sum over the operations since then that read it.
    read: u64,
}

/// Odd constants with no pattern: the fractions of square roots of primes, as in SHA-512.
const LEFT: u64 = 0x6a09_e667_f3bc_c909;
const RIGHT: u64 = 0xbb67_ae85_84ca_a73b;
const READS: u64 = 0x3c6e_f372_fe94_f82b;
const WHOLE: u64 = 0xa54f_f53a_5f1d_36f1;
const CLOCK: u64 = 0x510e_527f_ade6_82d1;

/// Both in one: the full product, as in Wang Yi's wyhash.
#[inline]
const fn multiply(left: u64, right: u64) -> u128 {
    (left ^ LEFT) as u128 * (right ^ RIGHT) as u128
}

#[inline]
const fn fold(product: u128) -> u64 {
    product as u64 ^ (product >> 64) as u64
}

#[inline]
const fn mix(left: u64, right: u64) -> u64 {
    fold(multiply(left, right))
}

impl Classes {
    pub(super) const fn new() -> Classes {
        Classes { is_on: false, total: 0, everything: 0, awaits: Awaits { pending: 0, unknown: 0 } }
    }

    pub(super) fn begin(&mut self, detection: Detection) {
        *self = Classes { is_on: detection == Detection::On, ..Classes::new() };
    }

    #[inline]
    pub(crate) const fn is_on(&self) -> bool {
        self.is_on
    }

    pub(super) fn end(&mut self, detection: Detection) -> Option<(Class, Awaits)> {
        (detection == Detection::On).then_some((Class(self.total), self.awaits))
    }

    /// What a task begins with that was spawned by a task with this past.
    #[inline]
    pub(super) const fn past_of_child(&self, parent: u64, path: u64) -> u64 {
        if self.is_on { mix(parent, path) } else { 0 }
    }

    /// An operation: it happens after all that is hashed into `task` and `object`.
    #[inline(always)]
    fn happened(&mut self, task: &mut u64, object: u64) -> u64 {
        let product = multiply(*task, object.wrapping_add(self.everything));
        self.total = self.total.wrapping_add(product);
        *task = fold(product);
        *task
    }

    /// A step of a task with this past that may concern everybody.
    #[inline(always)]
    fn happened_to_all(&mut self, task: &mut u64) {
        let before = fold(self.total) ^ WHOLE;
        self.everything = self.happened(task, before);
    }
}

impl Core {
    /// The run is over: what each task went through belongs to the class, too, and nothing that
    /// comes later.
    pub(super) fn conclude_class(&mut self) {
        if self.classes.is_on {
            for task in self.tasks.iter() {
                let product = multiply(task.past, task.path);
                self.classes.total = self.classes.total.wrapping_add(product);
            }
            self.classes.is_on = false;
        }
    }

    /// The current task executed an operation, and nobody is to hear of it.
    #[inline(never)]
    pub(crate) fn order_executed(&mut self, object: Option<u32>, access: Access) {
        if self.classes.is_on {
            self.order_operation(object, access);
        }
    }

    /// The current task did something to an object; to all of them, if none is named.
    #[inline(always)]
    pub(crate) fn order_operation(&mut self, object: Option<u32>, access: Access) {
        let current = self.current.unwrap_or(TaskId::MAIN);
        let task = &mut self.tasks[current.index()].past;
        let Some(object) = object else {
            self.order_everything();
            return;
        };
        let past = &mut self.objects[object as usize].past;
        match access {
            Access::Change => {
                past.changed = self.classes.happened(task, past.changed.wrapping_add(past.read));
                past.read = 0;
            }
            Access::Read => {
                let hash = self.classes.happened(task, past.changed ^ READS);
                past.read = past.read.wrapping_add(hash);
            }
        }
    }

    /// The current task did something that may concern everybody.
    pub(super) fn order_everything(&mut self) {
        if !self.classes.is_on {
            return;
        }
        let current = self.current.unwrap_or(TaskId::MAIN);
        self.classes.happened_to_all(&mut self.tasks[current.index()].past);
    }

    /// The clock moves. In the midst of a poll, what it did so far comes before that.
    pub(super) fn order_clock(&mut self) {
        if self.classes.is_on {
            if let Some(current) = self.current
                && std::mem::take(&mut self.tasks[current.index()].waits_unknown)
            {
                self.order_everything();
            }
            self.classes.happened_to_all(&mut { CLOCK });
        }
    }

    /// A poll of the task is over.
    #[inline]
    pub(super) fn order_poll(&mut self, id: TaskId, is_pending: bool) {
        if !self.classes.is_on {
            return;
        }
        let waits_unknown = is_pending && !self.poll.is_known;
        self.classes.awaits.pending += u64::from(is_pending);
        let task = &mut self.tasks[id.index()];
        if waits_unknown | std::mem::replace(&mut task.waits_unknown, waits_unknown) {
            self.classes.awaits.unknown += u64::from(waits_unknown && !self.poll.woken);
            self.classes.happened_to_all(&mut task.past);
        }
    }

    /// A choice apart from the schedule: what the current task does from here on follows from it.
    pub(super) fn order_choice(&mut self, taken: u32) {
        if self.classes.is_on
            && let Some(current) = self.current
        {
            let task = &mut self.tasks[current.index()].past;
            *task = mix(*task, u64::from(taken));
        }
    }

    /// What an object begins with: it is known by who made it, and as the how-manieth of its
    /// kind.
    pub(super) fn order_object(&self, record: &ObjectRecord) -> ObjectPast {
        if !self.classes.is_on {
            return ObjectPast::default();
        }
        let creator = self.path_hash(record.creator);
        let kind = record.kind.bytes().fold(0, |hash, byte| mix(hash, u64::from(byte)));
        ObjectPast { changed: mix(mix(creator, kind), u64::from(record.number)), read: 0 }
    }

    /// The current task has seen the end of another one.
    #[inline]
    pub(super) fn order_after_end(&mut self, ended: TaskId) {
        if self.classes.is_on {
            let ended = self.tasks[ended.index()].past;
            let current = self.current.unwrap_or(TaskId::MAIN);
            let task = &mut self.tasks[current.index()].past;
            *task = mix(*task, ended);
        }
    }

    /// The current task does something to another one: it happens after what either did.
    pub(super) fn order_between(&mut self, other: TaskId) {
        if !self.classes.is_on {
            return;
        }
        let past = self.tasks[other.index()].past;
        let current = self.current.unwrap_or(TaskId::MAIN);
        let task = &mut self.tasks[current.index()].past;
        let hash = self.classes.happened(task, past);
        self.tasks[other.index()].past = mix(hash, past);
    }
}
