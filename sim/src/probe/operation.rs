//! One awaitable operation: announced, let through, executed or blocked.

use std::panic::Location;
use std::task::{Context, Poll};

use super::hold::{Hold, Mode};
use super::object::Object;
use super::wakeup::{Effect, Ticket, Wakeup};
use crate::engine::{
    Core, Description, Gate, Handed, OperationId, Packed, Waiter, WaitsBy, is_task_waker, own_task,
    with_run,
};

/// Whether an operation changes its object: two that touch the same object race when one of
/// them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It leaves the object as it is.
    Read,
    /// It changes the object.
    Change,
}

/// One awaitable operation, kept in the future that carries it out.
///
/// On each poll the future calls [`poll_announce`](Self::poll_announce) first, and tries to
/// execute the operation once that is ready. Then it calls [`executed`](Self::executed) or,
/// having put its waker into the object's own queue, [`blocked`](Self::blocked). Dropping it
/// withdraws it.
#[derive(Debug)]
pub struct Operation {
    name: &'static str,
    access: Access,
    site: &'static Location<'static>,
    stage: Stage,
    /// The engine's record of it, while it is announced or blocked.
    record: Packed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Has to ask before it is executed. Left when the engine lets it through.
    Asking,
    /// Was let through. Left when it was executed.
    LetThrough,
}

impl Operation {
    /// An operation with a name such as `acquire`, called at `site`.
    #[must_use]
    #[inline]
    pub const fn new(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Operation {
        Operation { name, access, site, stage: Stage::Asking, record: Packed::NONE }
    }

    /// Where it was called.
    #[must_use]
    pub const fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// Announces the operation. When it is ready, the operation is to be tried at once, in this
    /// poll and in later ones; while it is pending, another turn comes in between, and the
    /// future returns `Pending`: the waker of `cx` is kept.
    #[inline]
    pub fn poll_announce(&mut self, object: Option<&Object>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stage == Stage::LetThrough {
            return Poll::Ready(());
        }
        let gate = if self.record == Packed::NONE {
            // `None` outside of a run, where nothing gives way.
            with_run(|core| self.ask(object, cx, core)).unwrap_or(Gate::Go)
        } else {
            self.poll_again(object, cx)
        };
        match gate {
            Gate::Go => {
                self.stage = Stage::LetThrough;
                Poll::Ready(())
            }
            Gate::GiveWay => {
                if self.record == Packed::NONE {
                    self.announce(object, cx);
                }
                Poll::Pending
            }
        }
    }

    /// Asks whether it goes on in place. If not, it is announced at once, unless somebody else's
    /// waker has to be cloned for that.
    #[inline]
    fn ask(&mut self, object: Option<&Object>, cx: &Context<'_>, core: &mut Core) -> Gate {
        let gate = core.gate(|core| self.describe(object, core));
        if gate == Gate::GiveWay
            && let Some(waiter) = Waiter::of_task(cx.waker(), core.stamp)
        {
            self.announce_to(object, waiter, core);
        }
        gate
    }

    fn announce_to(&mut self, object: Option<&Object>, waiter: Waiter, core: &mut Core) {
        let description = self.describe(object, core);
        let id = core.announce(description, waiter);
        self.record = Packed::new(core.stamp, id.0);
    }

    /// Polled again after it has given way.
    #[cold]
    fn poll_again(&mut self, object: Option<&Object>, cx: &Context<'_>) -> Gate {
        let record = self.record;
        let gate = with_run(|core| {
            let id = OperationId(record.of(core.stamp)?);
            core.poll_announced(id)
        });
        match gate.flatten() {
            Some(Gate::Go) => Gate::Go,
            Some(Gate::GiveWay) => {
                self.keep_waker(cx);
                Gate::GiveWay
            }
            None => {
                // Snoozed, or polled by another task or in another run than before.
                self.forget();
                with_run(|core| self.ask(object, cx, core)).unwrap_or(Gate::Go)
            }
        }
    }

    #[cold]
    fn announce(&mut self, object: Option<&Object>, cx: &Context<'_>) {
        let waiter = Waiter::of(cx.waker());
        with_run(|core| self.announce_to(object, waiter, core));
    }

    /// Puts the waker of this poll in the place of the earlier one, if they may differ.
    fn keep_waker(&self, cx: &Context<'_>) {
        let id = OperationId(self.record.index());
        let waiter = Waiter::of(cx.waker());
        let _old = with_run(|core| {
            if matches!(waiter, Waiter::Task(_)) && core.waits_as_task(id) {
                return Some(waiter);
            }
            core.replace_waiter(id, waiter)
        });
    }

    /// Notes that it was executed: it has had its effect.
    #[inline]
    pub fn executed(&mut self, object: Option<&Object>) {
        self.stage = Stage::LetThrough;
        let _waiter = with_run(|core| self.execute(object, core));
    }

    /// The same, and what follows from it at once: see [`Effect`].
    #[inline]
    pub fn executed_with(&mut self, object: &Object, effect: Effect) {
        self.stage = Stage::LetThrough;
        let mut effect = effect;
        let _waiter = with_run(|core| {
            let waiter = self.execute(Some(object), core);
            effect.take_place(object, core);
            waiter
        });
        effect.wake_rest();
    }

    /// The same, and that the current task holds `units` of the object from here on, which it
    /// [observes](Object::observe).
    #[inline]
    pub fn executed_holding(&mut self, object: &Object, units: u32, mode: Mode) -> Hold {
        self.stage = Stage::LetThrough;
        let held = with_run(|core| {
            let waiter = self.execute(Some(object), core);
            (object.acquire_in(core, units, mode, self.site), waiter)
        });
        match held {
            Some((place, _waiter)) => Hold::new(place),
            None => Hold::none(),
        }
    }

    #[inline]
    fn execute(&mut self, object: Option<&Object>, core: &mut Core) -> Option<Waiter> {
        if core.is_watched() {
            let description = self.describe(object, core);
            core.executed(description);
        }
        if let Some(object) = object {
            object.note_deed(core, self.name, self.site);
        }
        let id = std::mem::take(&mut self.record).of(core.stamp)?;
        core.forget_operation(OperationId(id))
    }

    /// Notes that it cannot be executed yet and waits in the object's own queue. To be called on
    /// every poll that leaves it so.
    #[inline]
    pub fn blocked(&mut self, object: Option<&Object>, cx: &Context<'_>) {
        let waits_by = match is_task_waker(cx.waker()) {
            true => WaitsBy::Clone,
            false => WaitsBy::Other,
        };
        let _old = with_run(|core| self.block(object, waits_by, core));
    }

    fn block(
        &mut self,
        object: Option<&Object>,
        waits_by: WaitsBy,
        core: &mut Core,
    ) -> Option<Waiter> {
        let description = self.describe(object, core);
        let id = self.record.of(core.stamp).map(OperationId);
        let (id, old) = core.block(id, description, waits_by);
        self.record = Packed::new(core.stamp, id.0);
        old
    }

    /// Notes that it cannot be executed yet, as [`blocked`](Self::blocked) does, and says whom
    /// the object's own queue is to wake. The waker of `cx` may be cloned, which runs code of
    /// others: not to be called while a mutex is locked.
    #[inline]
    pub fn park(&mut self, object: Option<&Object>, cx: &mut Context<'_>) -> Wakeup {
        self.blocked(object, cx);
        Wakeup::by_waker(cx.waker().clone(), self.ticket())
    }

    /// The same, if it runs no code of others: when a task of the run on this thread polls it
    /// with its own waker. Otherwise `None`, and nothing was noted.
    #[inline]
    pub fn try_park(&mut self, object: Option<&Object>, cx: &mut Context<'_>) -> Option<Wakeup> {
        let task = with_run(|core| {
            let task = own_task(cx.waker(), core)?;
            let id = self.record.of(core.stamp).map(OperationId);
            if id.is_some_and(|id| core.has_foreign_waiter(id)) {
                return None;
            }
            let old = self.block(object, WaitsBy::Number, core);
            debug_assert!(!matches!(old, Some(Waiter::Other(_))), "looked at above");
            Some(task)
        });
        Some(Wakeup::by_number(task.flatten()?, self.ticket()))
    }

    /// Whether this operation, which is blocked, is to return as if it had been notified. That is
    /// so when nothing can run any more and the engine tries whether a notification was missed;
    /// only at objects that [allow it](Object::set_spurious).
    #[must_use]
    pub fn is_woken_by_hand(&self) -> bool {
        let by_hand = with_run(|core| {
            let record = core.operations.get(self.record.of(core.stamp)?)?;
            Some(record.handed == Handed::ByHand)
        });
        by_hand.flatten().unwrap_or(false)
    }

    /// Begins afresh, for an operation that is tried again from the start.
    pub fn reset(&mut self) {
        self.forget();
        self.stage = Stage::Asking;
    }

    /// Names the operation while it is blocked, for whoever grants it what it waits for.
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        Ticket::new(self.record)
    }

    fn describe(&self, object: Option<&Object>, core: &mut Core) -> Description {
        let object = object.map(|object| object.index(core));
        Description { name: self.name, object, access: self.access, site: self.site }
    }

    fn forget(&mut self) {
        let record = std::mem::take(&mut self.record);
        if record != Packed::NONE {
            let _waiter = with_run(|core| {
                let id = record.of(core.stamp)?;
                core.withdraw(OperationId(id))
            });
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.forget();
    }
}
