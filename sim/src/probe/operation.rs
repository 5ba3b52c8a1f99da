//! One awaitable operation: announced, let through, executed or blocked.

use std::panic::Location;
use std::task::{Context, Poll, Waker};

use super::object::Object;
use super::wakeup::{Ticket, Wakeup};
use crate::engine::{
    Core, Description, Gate, Handed, OperationId, Packed, WaitsBy, is_of_run, is_task_waker,
    own_task, with_run,
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
    pub(super) name: &'static str,
    pub(super) access: Access,
    pub(super) lines_up: bool,
    pub(super) site: &'static Location<'static>,
    pub(super) stage: Stage,
    /// The engine's record of it, while it is announced or blocked.
    pub(super) record: Packed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Has to ask before it is executed. Left when the engine lets it through.
    Asking,
    /// Was let through. Left when it was executed.
    LetThrough,
}

/// What the engine makes of an operation that is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It may be executed.
    Go,
    /// It gives way, and is announced.
    Announced,
    /// It gives way, and is to be announced with a waker that is not ours.
    Announce,
    /// It gives way still: its waker may be another one than before.
    KeepWaker,
    /// It was snoozed, or polled by another task or in another run before: it asks afresh.
    AskAfresh,
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
        let (stage, record) = (Stage::Asking, Packed::NONE);
        Operation { name, access, lines_up: false, site, stage, record }
    }

    /// The same, for one that is not announced: it is executed in the same step as another that was.
    #[must_use]
    #[inline]
    pub const fn unannounced(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Operation {
        let (stage, record) = (Stage::LetThrough, Packed::NONE);
        Operation { name, access, lines_up: false, site, stage, record }
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
        // Each on its own, because together they would save and restore registers for both.
        let answer = match self.record {
            Packed::NONE => self.ask(object, cx),
            // Outside of a run nothing gives way.
            record if with_run(|core| core.granted == record).unwrap_or(true) => Answer::Go,
            _ => self.ask_again(),
        };
        match answer {
            Answer::Go => {
                self.stage = Stage::LetThrough;
                Poll::Ready(())
            }
            Answer::Announced => Poll::Pending,
            rest => self.poll_oddly(rest, object, cx),
        }
    }

    /// What an operation finds that was announced or blocked before, and was not granted.
    #[inline(never)]
    fn ask_again(&self) -> Answer {
        let answer = with_run(|core| {
            let id = self.record.of(core.stamp).map(OperationId);
            match id.and_then(|id| core.poll_announced(id)) {
                Some(Gate::Go) => Answer::Go,
                Some(Gate::GiveWay) => Answer::KeepWaker,
                None => Answer::AskAfresh,
            }
        });
        answer.unwrap_or(Answer::Go)
    }

    /// What is not the rule when an operation is polled, and takes more than one call.
    #[cold]
    fn poll_oddly(
        &mut self,
        answer: Answer,
        object: Option<&Object>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        match answer {
            Answer::Go => Poll::Ready(()),
            Answer::Announced => Poll::Pending,
            Answer::Announce => {
                self.announce_to_other(object, cx);
                Poll::Pending
            }
            Answer::KeepWaker => {
                self.keep_waker(cx);
                Poll::Pending
            }
            Answer::AskAfresh => {
                self.forget();
                self.poll_announce(object, cx)
            }
        }
    }

    /// Asks whether it goes on in place. If not, it is announced at once, unless somebody else's
    /// waker has to be cloned for that.
    #[inline(never)]
    fn ask(&mut self, object: Option<&Object>, cx: &Context<'_>) -> Answer {
        let answer = with_run(|core| match core.is_heard() {
            true => self.ask_heard(object, cx, core),
            false => self.ask_with::<false>(object, cx, core),
        });
        // Outside of a run nothing gives way.
        answer.unwrap_or(Answer::Go)
    }

    #[inline(never)]
    fn ask_heard(&mut self, object: Option<&Object>, cx: &Context<'_>, core: &mut Core) -> Answer {
        self.ask_with::<true>(object, cx, core)
    }

    #[inline(always)]
    fn ask_with<const HEARD: bool>(
        &mut self,
        object: Option<&Object>,
        cx: &Context<'_>,
        core: &mut Core,
    ) -> Answer {
        if core.gate::<HEARD>(|core| self.describe(object, core)) == Gate::Go {
            return Answer::Go;
        }
        if is_of_run(cx.waker(), core.stamp) {
            self.announce::<HEARD>(object, None, core);
            Answer::Announced
        } else {
            Answer::Announce
        }
    }

    #[inline(never)]
    fn announce_to_other(&mut self, object: Option<&Object>, cx: &Context<'_>) {
        let waker = cx.waker().clone();
        with_run(|core| self.announce::<true>(object, Some(waker), core));
    }

    #[inline(always)]
    pub(super) fn announce<const HEARD: bool>(
        &mut self,
        object: Option<&Object>,
        waker: Option<Waker>,
        core: &mut Core,
    ) {
        let object = object.map(|object| object.index(core));
        let id = core.announce::<HEARD>(|| self.description(object), waker);
        self.record = Packed::new(core.stamp, id.0);
    }

    /// Puts the waker of this poll in the place of the earlier one.
    fn keep_waker(&self, cx: &Context<'_>) {
        let id = OperationId(self.record.index());
        let waker = (!is_task_waker(cx.waker())).then(|| cx.waker().clone());
        let _old = with_run(|core| core.replace_waker(id, waker));
    }

    /// Notes that it was executed: it has had its effect.
    #[inline]
    pub fn executed(&mut self, object: Option<&Object>) {
        self.stage = Stage::LetThrough;
        let _waker = with_run(|core| {
            if let Some(object) = object {
                object.note_deed(core, self.name, self.site);
            }
            self.execute(object, core)
        });
    }

    #[inline(always)]
    fn execute(&mut self, object: Option<&Object>, core: &mut Core) -> Option<Waker> {
        self.tell_execution(object, core);
        core.settle_operation(std::mem::take(&mut self.record))
    }

    #[inline(always)]
    pub(super) fn tell_execution(&self, object: Option<&Object>, core: &mut Core) {
        if core.is_watched() {
            if core.is_heard() {
                self.tell_executed(object, core);
            } else {
                let object = object.map(|object| object.index(core));
                core.order_executed(object, self.access);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_executed(&self, object: Option<&Object>, core: &mut Core) {
        let description = self.describe(object, core);
        core.executed(description);
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

    #[inline(always)]
    pub(super) fn block(
        &mut self,
        object: Option<&Object>,
        waits_by: WaitsBy,
        core: &mut Core,
    ) -> Option<Waker> {
        let id = self.record.of(core.stamp).map(OperationId);
        let object = object.map(|object| object.index(core));
        let (id, old) = core.block(id, object, || self.description(object), waits_by);
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
    /// with its own waker. Then `enter` has to put what is to be woken into the object's queue.
    /// Otherwise `None`, and nothing was noted.
    // Inlined, and what it does in the engine with it, because that depends on `enter`.
    #[inline(always)]
    pub fn try_park<R>(
        &mut self,
        object: Option<&Object>,
        cx: &mut Context<'_>,
        enter: impl FnOnce(Wakeup) -> R,
    ) -> Option<R> {
        let task = with_run(|core| {
            let (_, packed) = own_task(cx.waker(), core)?;
            if self.record != Packed::NONE && self.record == core.granted {
                let object = object.map(|object| object.index(core));
                core.block_granted::<true>(object, || self.description(object));
                return Some(packed);
            }
            self.try_park_otherwise(object, core).then_some(packed)
        });
        Some(enter(Wakeup::by_number(task.flatten()?, self.ticket())))
    }

    /// The same, for one that was not granted; says whether it was noted.
    #[inline(never)]
    pub(super) fn try_park_otherwise(&mut self, object: Option<&Object>, core: &mut Core) -> bool {
        let id = self.record.of(core.stamp).map(OperationId);
        if id.is_some_and(|id| core.has_foreign_waker(id)) {
            return false;
        }
        let old = self.block(object, WaitsBy::Number, core);
        debug_assert!(old.is_none(), "looked at above");
        true
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

    #[inline]
    pub(super) fn describe(&self, object: Option<&Object>, core: &mut Core) -> Description {
        let object = object.map(|object| object.index(core));
        self.description(object)
    }

    #[inline]
    pub(super) const fn description(&self, object: Option<u32>) -> Description {
        let Operation { name, access, lines_up, site, .. } = *self;
        Description { name, object, access, lines_up, site }
    }

    fn forget(&mut self) {
        let record = std::mem::take(&mut self.record);
        if record != Packed::NONE {
            let _waker = with_run(|core| {
                let id = record.of(core.stamp)?;
                core.withdraw(OperationId(id))
            });
        }
    }
}

impl Drop for Operation {
    #[inline]
    fn drop(&mut self) {
        let record = self.record;
        if record != Packed::NONE {
            drop_record(record);
        }
    }
}

#[inline(never)]
fn drop_record(record: Packed) {
    let _waker = with_run(|core| {
        let id = record.of(core.stamp)?;
        core.drop_operation(OperationId(id))
    });
}
