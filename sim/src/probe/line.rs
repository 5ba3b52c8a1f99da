//! Waiting in an object's line, which the engine keeps: for objects that one at a time can have.
//!
//! Outside of a run there is no line, and whoever waits there waits in the object's own queue.

use std::task::{Context, Waker};

use super::entry::Entry;
use super::hold::{Hold, Mode};
use super::object::{IN_A_DROP, Object};
use super::operation::{Access, Operation};
use super::wakeup::{Ticket, Wakeup};
use crate::engine::{Core, OperationId, Packed, WaitsBy, is_of_run, own_task, with_run};

impl Operation {
    /// The same, for one that waits in its object's line while somebody [holds](Object::hold) the
    /// object alone, or it was granted to somebody: it cannot be executed then, and need not be
    /// tried. In a run it [lines up](Self::line_up) wherever others [park](Self::park).
    ///
    /// # Examples
    /// A baton that one at a time can have:
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::future::poll_fn;
    /// use std::panic::Location;
    /// use std::rc::Rc;
    /// use std::task::Poll;
    ///
    /// use unpick_sim::probe::{self, Access, Hold, Mode, Object, Operation, Ticket};
    /// use unpick_sim::{Run, spawn, yield_now};
    ///
    /// struct Baton {
    ///     object: Object,
    ///     is_taken: Cell<bool>,
    ///     heir: Cell<Ticket>,
    /// }
    ///
    /// impl Baton {
    ///     async fn take(&self) -> Hold {
    ///         let mut take = Operation::new("take", Access::Change, Location::caller()).lining_up();
    ///         poll_fn(|cx| {
    ///             let is_heir = take.is_noted() && self.heir.get() == take.ticket();
    ///             if !is_heir && !take.is_in_line() {
    ///                 std::task::ready!(take.poll_announce(Some(&self.object), cx));
    ///             }
    ///             if is_heir || !self.is_taken.replace(true) {
    ///                 self.heir.set(Ticket::NONE);
    ///                 take.executed(Some(&self.object));
    ///                 return Poll::Ready(self.object.hold(1, Mode::Exclusive));
    ///             }
    ///             let waker = take.waker_in_line(cx);
    ///             drop(take.line_up(&self.object, waker));
    ///             Poll::Pending
    ///         })
    ///         .await
    ///     }
    ///
    ///     fn give_up(&self, hold: Hold) {
    ///         let heir = probe::enter(|mut entry| {
    ///             let heir = self.object.next_in_line_in(&mut entry);
    ///             self.is_taken.set(heir.is_some());
    ///             self.heir.set(heir.as_ref().map_or(Ticket::NONE, |heir| heir.ticket()));
    ///             self.object.release_in(&mut entry, hold, heir)
    ///         });
    ///         if let Some(heir) = heir {
    ///             heir.granted();
    ///         }
    ///     }
    /// }
    ///
    /// let outcome = Run::new().execute(|| async {
    ///     let (is_taken, heir) = (Cell::new(false), Cell::new(Ticket::NONE));
    ///     let baton = Rc::new(Baton { object: Object::new("baton"), is_taken, heir });
    ///     let runners: Vec<_> = (0..4)
    ///         .map(|_| {
    ///             let baton = baton.clone();
    ///             spawn(async move {
    ///                 let hold = baton.take().await;
    ///                 yield_now().await;
    ///                 baton.give_up(hold);
    ///             })
    ///         })
    ///         .collect();
    ///     for runner in runners {
    ///         runner.await.expect("nobody aborts it");
    ///     }
    ///     assert_eq!(baton.object.line_length(), 0);
    /// });
    /// assert_eq!(outcome.result, Ok(()));
    /// ```
    #[must_use]
    pub const fn lining_up(mut self) -> Operation {
        self.lines_up = true;
        self
    }

    /// Whether the engine knows of it, or did so in another run: it is announced or blocked.
    #[must_use]
    #[inline(always)]
    pub const fn is_noted(&self) -> bool {
        self.record.0 != Packed::NONE.0
    }

    /// Whether it waits in its object's line.
    #[must_use]
    pub fn is_in_line(&self) -> bool {
        let is_in_line = with_run(|core| {
            let id = self.record.of(core.stamp).map(OperationId);
            id.is_some_and(|id| core.is_in_line(id))
        });
        is_in_line.unwrap_or(false)
    }

    /// The waker of `cx`, if it takes a clone of it to wake the operation in its object's line: if
    /// it is not the current task's own. Runs code of others.
    #[must_use]
    pub fn waker_in_line(&self, cx: &Context<'_>) -> Option<Waker> {
        let is_own = with_run(|core| own_task(cx.waker(), core).is_some());
        (is_own != Some(true)).then(|| cx.waker().clone())
    }

    /// Notes that it cannot be executed yet and waits in the object's line, where it keeps its place
    /// if it has one. To be called on every poll that leaves it so, in a run, with what
    /// [`waker_in_line`](Self::waker_in_line) says. A waker that is not needed any more comes back.
    #[must_use = "dropping it may run code of others"]
    pub fn line_up(&mut self, object: &Object, waker: Option<Waker>) -> Option<Waker> {
        let line_up = |core: &mut Core| {
            let waits_by = match &waker {
                None => WaitsBy::Number,
                Some(waker) if is_of_run(waker, core.stamp) => WaitsBy::Clone,
                Some(_) => WaitsBy::Other,
            };
            let before = self.record.of(core.stamp).map(OperationId);
            // Out of it meanwhile, because it may have become another task's.
            let behind = before.and_then(|id| core.leave_line(id));
            let old = self.block(Some(object), waits_by, core);
            let (index, id) = (object.index(core), OperationId(self.record.index()));
            match behind {
                Some(behind) => core.join_line_before(index, id, behind),
                None => core.join_line(index, id),
            }
            let earlier = core.replace_waker(id, waker);
            old.or(earlier)
        };
        with_run(line_up).flatten()
    }

    /// The same, of one that is not in the line yet: if the current task polls it with its own
    /// waker. Otherwise nothing was noted. Says whether it was.
    #[must_use]
    #[inline(always)]
    pub fn line_up_in(&mut self, entry: &mut Entry<'_>, object: &Object, cx: &Context<'_>) -> bool {
        let has_line = entry.core().is_some_and(|core| object.has_line_in(core));
        if !has_line || self.park_in(entry, object, cx).is_none() {
            return false;
        }
        if let Some(core) = entry.core() {
            let object = object.index(core);
            core.join_line(object, OperationId(self.record.index()));
        }
        true
    }
}

impl Operation {
    /// Notes that it was executed and the current task holds `units` of the object from here on, as
    /// [`executed_holding_in`](Self::executed_holding_in) does: for one that was granted the object
    /// in its line, which waits no more.
    #[inline(always)]
    pub fn taken_over_in(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        units: u32,
        mode: Mode,
    ) -> Hold {
        if let Some(core) = entry.core()
            && !core.is_followed()
            && self.record.stamp() == core.stamp
        {
            object.note_rare_deed(core, self.name, self.site);
            if core.is_watched() {
                object.tell_class(self.access, core);
            }
            let index = object.index(core);
            let record = std::mem::take(&mut self.record);
            let taken = core.settle_and_hold::<true>(record, index, (units, mode), self.site);
            return Hold::new(taken.1);
        }
        self.taken_otherwise(entry, object, units, mode)
    }

    #[inline(never)]
    fn taken_otherwise(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        units: u32,
        mode: Mode,
    ) -> Hold {
        self.executed_holding_in(entry, object, units, mode)
    }
}

impl Object {
    /// Takes the first out of the object's line, to whom the object is granted now: it has to be
    /// [woken](Wakeup::granted), or handed to [`release_in`](Self::release_in).
    #[must_use = "who was taken out of the line has to be woken"]
    #[inline(always)]
    pub fn next_in_line_in(&self, entry: &mut Entry<'_>) -> Option<Wakeup> {
        let core = entry.core()?;
        let object = self.index(core);
        let (task, id, waker) = core.leave_first(object)?;
        let pack = |index| Packed::new(core.stamp, index);
        let ticket = Ticket::new(pack(id.0));
        Some(match waker {
            None => Wakeup::by_number(pack(task.0), ticket),
            Some(waker) => Wakeup::by_waker(waker, ticket),
        })
    }

    /// Gives a hold up and hands the object to the first in its line, as
    /// [`release_in`](Self::release_in) does, if that is quickly done: says to whom. Otherwise the
    /// hold comes back.
    #[inline(always)]
    pub fn hand_on_in(&self, entry: &mut Entry<'_>, hold: Hold) -> Result<Ticket, Hold> {
        let Some(core) = entry.core() else { return Err(hold) };
        let index = hold.index(core).filter(|_| !core.is_followed());
        let Some(heir) = index.and_then(|index| core.hand_on(index)) else { return Err(hold) };
        hold.forget();
        if core.is_watched() {
            self.tell_class(Access::Change, core);
        }
        self.note_rare_deed(core, "release", IN_A_DROP);
        Ok(Ticket::new(Packed::new(core.stamp, heir.0)))
    }

    /// Whether whoever waits for the object now lines up: in a run, if somebody of the run has it.
    /// If it is somebody outside who does, whoever waits is to wait in the object's own queue, where
    /// that one finds it.
    #[must_use]
    pub fn has_line(&self) -> bool {
        with_run(|core| self.has_line_in(core)).unwrap_or(false)
    }

    #[inline(always)]
    fn has_line_in(&self, core: &mut Core) -> bool {
        let object = self.index(core);
        core.is_owned(object)
    }

    /// How many wait in the object's line.
    #[must_use]
    pub fn line_length(&self) -> usize {
        let length = with_run(|core| {
            let object = self.index(core);
            core.line_length(object)
        });
        length.unwrap_or(0)
    }
}
