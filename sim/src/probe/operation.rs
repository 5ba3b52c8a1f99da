//! One awaitable operation: announced, let through, executed or blocked.

use std::panic::Location;
use std::task::{Context, Poll};

use super::object::Object;
use crate::engine::{
    Core, Description, Gate, Handed, OperationId, Packed, Waiter, is_task_waker, with_run,
};
use crate::trace::EventKind;

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
        let record = std::mem::take(&mut self.record);
        self.stage = Stage::LetThrough;
        let _waiter = with_run(|core| {
            if core.is_watched() {
                let description = self.describe(object, core);
                core.executed(description);
            }
            if let Some(object) = object {
                object.note_deed(core, self.name, self.site);
            }
            let id = record.of(core.stamp)?;
            core.forget_operation(OperationId(id))
        });
    }

    /// Notes that it cannot be executed yet and waits in the object's own queue. To be called on
    /// every poll that leaves it so.
    #[inline]
    pub fn blocked(&mut self, object: Option<&Object>, cx: &Context<'_>) {
        let record = self.record;
        let is_own = is_task_waker(cx.waker());
        let blocked = with_run(|core| {
            let description = self.describe(object, core);
            let id = record.of(core.stamp).map(OperationId);
            let (id, old) = core.block(id, description, is_own);
            (Packed::new(core.stamp, id.0), old)
        });
        if let Some((record, _old)) = blocked {
            self.record = record;
        }
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
        Ticket { record: self.record }
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

/// A blocked operation, as the object's queue of waiters keeps it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ticket {
    record: Packed,
}

impl Ticket {
    /// Notes that the object was granted to this operation, which has not been polled since.
    pub fn granted(self) {
        with_run(|core| {
            let Some(id) = self.record.of(core.stamp) else { return };
            let Some((task, description)) = core.hand(OperationId(id), Handed::Granted) else {
                return;
            };
            core.record(|_| EventKind::Granted {
                task: task.into(),
                object: description.object.map(Into::into),
            });
        });
    }

    /// Notes that this operation was woken to look again, or was notified, and has not been
    /// polled since.
    pub fn woken(self) {
        with_run(|core| {
            if let Some(id) = self.record.of(core.stamp) {
                core.hand(OperationId(id), Handed::Woken);
            }
        });
    }
}
