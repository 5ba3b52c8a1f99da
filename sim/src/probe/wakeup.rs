//! Who waits in an object's own queue, and how it is woken.

use std::task::Waker;

use super::object::Object;
use super::operation::Operation;
use super::stamp::Stamp;
use crate::engine::{Core, Handed, OperationId, Packed, TaskId, wake_task, with_run};
use crate::trace::Side;

/// A blocked operation, as the object's queue of waiters keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticket {
    record: Packed,
}

impl Ticket {
    pub(super) const fn new(record: Packed) -> Ticket {
        Ticket { record }
    }

    /// That of no operation.
    pub const NONE: Ticket = Ticket { record: Packed::NONE };

    /// Notes that the object was granted to this operation, which has not been polled since.
    pub fn granted(self) {
        with_run(|core| self.hand::<true>(Handed::Granted, core));
    }

    /// Notes that this operation was woken to look again, or was notified, and has not been
    /// polled since.
    pub fn woken(self) {
        with_run(|core| self.hand::<true>(Handed::Woken, core));
    }

    #[inline]
    fn hand<const FOLLOWED: bool>(self, what: Handed, core: &mut Core) {
        if let Some(id) = self.record.of(core.stamp) {
            core.hand::<FOLLOWED>(OperationId(id), what);
        }
    }
}

/// Whom to wake, and the operation in which it waits: what an object's own queue keeps.
///
/// [`Operation::park`], [`Operation::try_park`] and [`Operation::park_in`] make it. Waking and dropping it may run code of
/// others, and are not to be done while a mutex is locked.
#[derive(Debug)]
pub struct Wakeup {
    whom: Whom,
    ticket: Ticket,
}

#[derive(Debug)]
enum Whom {
    /// A task by its number: a waker of our own is no more than that.
    Task(Packed),
    /// Whatever stands behind a waker.
    Other(Waker),
}

impl Wakeup {
    pub(super) const fn by_number(task: Packed, ticket: Ticket) -> Wakeup {
        Wakeup { whom: Whom::Task(task), ticket }
    }

    pub(super) const fn by_waker(waker: Waker, ticket: Ticket) -> Wakeup {
        Wakeup { whom: Whom::Other(waker), ticket }
    }

    /// Whether it wakes the same task by its number for the same operation, so that this one may
    /// stay in the place of the other.
    #[must_use]
    #[inline]
    pub fn is_alike(&self, other: &Wakeup) -> bool {
        match (&self.whom, &other.whom) {
            (Whom::Task(own), Whom::Task(others)) => {
                own == others && self.ticket.record == other.ticket.record
            }
            _ => false,
        }
    }

    /// For an operation that was not polled yet: nobody is woken.
    #[must_use]
    pub fn nobody(operation: &Operation) -> Wakeup {
        Wakeup { whom: Whom::Other(Waker::noop().clone()), ticket: operation.ticket() }
    }

    /// The operation that is woken.
    #[must_use]
    #[inline]
    pub const fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Wakes it: it is to look again, or was notified.
    #[inline]
    pub fn woken(self) {
        self.wake(Handed::Woken);
    }

    /// Wakes it: the object was granted to it.
    #[inline]
    pub fn granted(self) {
        self.wake(Handed::Granted);
    }

    #[inline]
    fn wake(self, what: Handed) {
        match self.whom {
            Whom::Task(task) => wake_task(task, |core| self.ticket.hand::<true>(what, core)),
            Whom::Other(waker) => {
                with_run(|core| self.ticket.hand::<true>(what, core));
                waker.wake();
            }
        }
    }

    /// The task and the operation, if it is by number and of this very run.
    #[inline(always)]
    pub(super) fn numbers(&self, core: &Core) -> Option<(TaskId, OperationId)> {
        let Whom::Task(task) = self.whom else { return None };
        // Both were noted at once.
        let operation = self.ticket.record.of(core.stamp)?;
        Some((TaskId(task.index()), OperationId(operation)))
    }

    /// Wakes it in the course of something else, if it is a task of this very run.
    #[inline(always)]
    pub(super) fn wake_in<const FOLLOWED: bool>(
        wakeup: &mut Option<Wakeup>,
        what: Handed,
        core: &mut Core,
    ) {
        if let Some(Wakeup { whom: Whom::Task(task), ticket }) = *wakeup
            && let Some(index) = task.of(core.stamp)
        {
            ticket.hand::<FOLLOWED>(what, core);
            core.wake_in_place::<FOLLOWED>(TaskId(index));
            // Forgotten, because a number was in it: its drop need not be looked at.
            std::mem::forget(wakeup.take());
        }
    }
}

/// What follows at once from an operation that is executed.
///
/// # Examples
/// ```
/// use unpick_sim::probe::{Access, Effect, Object};
///
/// let mailbox = Object::new("mailbox");
/// mailbox.immediate("put", Access::Change);
/// mailbox.bring_about(Effect { publishes: true, ..Effect::default() });
/// ```
#[derive(Debug, Default)]
pub struct Effect {
    /// What came with a message that was taken: see [`Stamp::observe`].
    pub received: Stamp,
    /// Whether it comes after everything that was published: see [`Object::observe`].
    pub observes: bool,
    /// Whether it is published: see [`Object::publish`].
    pub publishes: bool,
    /// Who is to look again.
    pub wakes: Option<Wakeup>,
}

impl Effect {
    #[inline(always)]
    pub(super) fn take_place<const FOLLOWED: bool>(&mut self, object: &Object, core: &mut Core) {
        if FOLLOWED && core.orders_matter() {
            self.received.observe_in(core);
            let index = object.index(core);
            if self.observes {
                core.observe(index, Side::Writer);
            }
            if self.publishes {
                core.publish(index, Side::Writer);
            }
        }
        Wakeup::wake_in::<FOLLOWED>(&mut self.wakes, Handed::Woken, core);
    }

    /// Wakes whom the engine does not wake: not to be called while it is borrowed.
    #[inline]
    pub(super) fn wake_rest(self) {
        if let Some(wakeup) = self.wakes {
            wakeup.woken();
        }
    }
}
