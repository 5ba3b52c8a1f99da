//! One entry into the engine for all that one poll of an operation, or one drop of a guard, tells.
//!
//! Each probe on its own looks the engine up, borrows it, and gives it back. An [`Entry`] has it
//! borrowed, so that several probes follow upon one another at the cost of one.

use std::fmt;
use std::task::Context;

use super::hold::{Hold, Mode};
use super::object::{IN_A_DROP, Object};
use super::operation::{Access, Operation, Stage};
use super::stamp::Stamp;
use super::wakeup::{Effect, Wakeup};
use crate::engine::{Core, Gate, Packed, Whereabouts, is_of_run, let_go_elsewhere, own_task};

/// The engine, entered; or nothing, outside of a run.
///
/// Neither code of others (wakers, what the user's values do when they are compared, cloned or
/// dropped) nor any other probe may be called while there is one: it would find the engine
/// borrowed.
pub struct Entry<'a> {
    core: Option<&'a mut Core>,
}

/// Enters the engine.
///
/// `act` should be a call of one function with few parameters: what it captures is then handed
/// over in registers.
///
/// # Examples
/// ```
/// use std::panic::Location;
/// use unpick_sim::Run;
/// use unpick_sim::probe::{self, Access, Object, Operation};
///
/// let mailbox = Object::new("mailbox");
/// let mut post = Operation::new("post", Access::Change, Location::caller());
/// let outcome = Run::new().traced().execute(|| async move {
///     probe::enter(|mut entry| post.executed_in(&mut entry, &mailbox));
/// });
/// let lanes = outcome.trace.expect("it was traced").lanes().to_string();
/// assert!(lanes.contains("post mailbox#1"), "{lanes}");
/// assert!(probe::enter(|entry| entry.inside().is_none()), "there is no run any more");
/// ```
#[inline(always)]
pub fn enter<R>(act: impl FnOnce(Entry<'_>) -> R) -> R {
    Door::here().enter(act)
}

/// Where the engine of this thread is entered.
///
/// To be handed to a function that does so: what is done in there is then a part of one function,
/// which has few parameters.
#[derive(Clone, Copy)]
pub struct Door(Whereabouts);

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

impl Door {
    /// That of this thread.
    #[must_use]
    #[inline(always)]
    pub fn here() -> Door {
        Door(Whereabouts::here())
    }

    /// Enters the engine, as [`enter`] does.
    #[inline(always)]
    pub fn enter<R>(self, act: impl FnOnce(Entry<'_>) -> R) -> R {
        self.0.with_core(|core| act(Entry { core }))
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.core.as_ref().map(|core| core.run);
        f.debug_struct("Entry").field("run", &run).finish()
    }
}

impl<'a> Entry<'a> {
    /// The same, known to be inside of a run; `None` outside of one.
    #[must_use]
    #[inline(always)]
    pub fn inside(self) -> Option<Entry<'a>> {
        self.core.map(|core| Entry { core: Some(core) })
    }

    #[inline(always)]
    pub(super) fn core(&mut self) -> Option<&mut Core> {
        self.core.as_deref_mut()
    }

    /// What the current task has done so far, as [`Stamp::here`] says it.
    #[must_use]
    #[inline(always)]
    pub fn stamp(&mut self) -> Stamp {
        match &mut self.core {
            Some(core) if core.orders_matter() => Stamp::taken_in(core),
            _ => Stamp::default(),
        }
    }
}

/// Where an operation stands that is polled in an [`Entry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It is to be tried at once.
    Go,
    /// It gives way: the future returns `Pending`.
    GivesWay,
    /// It takes code of others to say: [`Operation::poll_announce`] is to be called once the engine
    /// has been left.
    Unsettled,
}

impl Operation {
    /// Announces the operation, as [`poll_announce`](Self::poll_announce) does.
    #[inline(always)]
    pub fn poll_announce_in(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        cx: &Context<'_>,
    ) -> Announced {
        let Some(core) = entry.core.as_deref_mut() else { return Announced::Go };
        if self.record != Packed::NONE {
            if self.record != core.granted {
                return Announced::Unsettled;
            }
            self.stage = Stage::LetThrough;
            return Announced::Go;
        }
        if self.stage == Stage::LetThrough {
            return Announced::Go;
        }
        if core.is_heard() {
            return self.ask_heard_within(object, cx, core);
        }
        self.ask_within::<false>(object, cx, core)
    }

    #[inline(never)]
    fn ask_heard_within(
        &mut self,
        object: &Object,
        cx: &Context<'_>,
        core: &mut Core,
    ) -> Announced {
        self.ask_within::<true>(object, cx, core)
    }

    #[inline(always)]
    fn ask_within<const HEARD: bool>(
        &mut self,
        object: &Object,
        cx: &Context<'_>,
        core: &mut Core,
    ) -> Announced {
        if !is_of_run(cx.waker(), core.stamp) {
            // It would have to be cloned.
            return Announced::Unsettled;
        }
        if core.gate::<HEARD>(|core| self.describe(Some(object), core)) == Gate::Go {
            self.stage = Stage::LetThrough;
            return Announced::Go;
        }
        self.announce::<HEARD>(Some(object), None, core);
        Announced::GivesWay
    }

    /// Whom the object's own queue is to wake, if it is known by its number: when a task of the run
    /// on this thread polls the operation with its own waker.
    #[must_use]
    #[inline(always)]
    pub fn wakeup_in(&self, entry: &Entry<'_>, cx: &Context<'_>) -> Option<Wakeup> {
        let (_, packed) = own_task(cx.waker(), entry.core.as_deref()?)?;
        Some(Wakeup::by_number(packed, self.ticket()))
    }

    /// Notes that it cannot be executed yet, as [`try_park`](Self::try_park) does, and says whom
    /// the object's own queue is to wake. Otherwise `None`, and nothing was noted.
    #[inline(always)]
    pub fn park_in(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        cx: &Context<'_>,
    ) -> Option<Wakeup> {
        let core = entry.core.as_deref_mut()?;
        let (_, packed) = own_task(cx.waker(), core)?;
        let is_granted = self.record == core.granted;
        if core.is_heard() {
            if !self.try_park_otherwise(Some(object), core) {
                return None;
            }
        } else if self.record == Packed::NONE {
            let object = Some(object.index(core));
            let id = core.block_new(object, || self.description(object));
            self.record = Packed::new(core.stamp, id.0);
        } else if is_granted {
            let object = Some(object.index(core));
            core.block_granted::<false>(object, || self.description(object));
        } else if !self.try_park_otherwise(Some(object), core) {
            return None;
        }
        Some(Wakeup::by_number(packed, self.ticket()))
    }

    /// Notes that it waits still, woken as before: says whether it was noted.
    #[inline]
    pub fn parks_again_in(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        cx: &Context<'_>,
    ) -> bool {
        let Some(core) = entry.core.as_deref_mut() else { return false };
        own_task(cx.waker(), core).is_some() && self.try_park_otherwise(Some(object), core)
    }

    /// Notes that it was executed, as [`executed`](Self::executed) does.
    #[inline(always)]
    pub fn executed_in(&mut self, entry: &mut Entry<'_>, object: &Object) {
        let Some(core) = &mut entry.core else { return };
        match core.is_followed() {
            true => self.executed_followed(core, object),
            false => self.execute_in::<false>(object, core),
        }
    }

    #[inline(never)]
    fn executed_followed(&mut self, core: &mut Core, object: &Object) {
        self.execute_in::<true>(object, core);
    }

    /// The same, and that `wakes` is to look again. Whom the engine does not wake comes back, to be
    /// [woken](Wakeup::woken) once it has been left. What else follows from it at once, `effect`
    /// says, if anybody wants to know.
    #[must_use = "who is not woken by the engine has to be"]
    #[inline(always)]
    pub fn executed_waking_in(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        wakes: Option<Wakeup>,
        effect: impl FnOnce() -> Effect,
    ) -> Option<Wakeup> {
        let Some(core) = &mut entry.core else { return wakes };
        if core.is_followed() {
            let effect = Effect { wakes, ..effect() };
            return self.executed_followed_with(core, object, effect);
        }
        self.execute_in::<false>(object, core);
        let numbers = wakes.as_ref().and_then(|wakes| wakes.numbers(core));
        let Some((task, operation)) = numbers else { return wakes };
        core.hand_woken(operation);
        core.wake_in_place::<false>(task);
        // Forgotten, because a number was in it: its drop need not be looked at.
        std::mem::forget(wakes);
        None
    }

    #[inline(never)]
    fn executed_followed_with(
        &mut self,
        core: &mut Core,
        object: &Object,
        mut effect: Effect,
    ) -> Option<Wakeup> {
        self.execute_in::<true>(object, core);
        effect.take_place::<true>(object, core);
        effect.wakes
    }

    /// The same, and that the current task holds `units` of the object from here on, which it
    /// [observes](Object::observe): a guard keeps the [`Hold`].
    #[inline(always)]
    pub fn executed_holding_in(
        &mut self,
        entry: &mut Entry<'_>,
        object: &Object,
        units: u32,
        mode: Mode,
    ) -> Hold {
        let Some(core) = &mut entry.core else { return Hold::none() };
        Hold::new(match core.is_followed() {
            true => self.executed_followed_holding(core, object, units, mode),
            false => {
                object.note_rare_deed(core, self.name, self.site);
                self.stage = Stage::LetThrough;
                self.tell_execution_in::<false>(object, core);
                let index = object.index(core);
                let (is_settled, hold) =
                    core.settle_and_hold::<false>(self.record, index, (units, mode), self.site);
                // As in `execute_in`.
                if is_settled {
                    self.record = Packed::NONE;
                }
                hold
            }
        })
    }

    #[inline(never)]
    fn executed_followed_holding(
        &mut self,
        core: &mut Core,
        object: &Object,
        units: u32,
        mode: Mode,
    ) -> Packed {
        self.execute_in::<true>(object, core);
        object.acquire_in::<true>(core, units, mode, self.site)
    }

    #[inline(always)]
    fn execute_in<const FOLLOWED: bool>(&mut self, object: &Object, core: &mut Core) {
        object.note_deed(core, self.name, self.site);
        self.stage = Stage::LetThrough;
        self.tell_execution_in::<FOLLOWED>(object, core);
        // One that has a waker of others is withdrawn when it is dropped.
        if core.settle_in_place(self.record) {
            self.record = Packed::NONE;
        }
    }
}

impl Operation {
    #[inline(always)]
    fn tell_execution_in<const FOLLOWED: bool>(&self, object: &Object, core: &mut Core) {
        if FOLLOWED {
            self.tell_execution(Some(object), core);
        } else if core.is_watched() {
            object.tell_class(self.access, core);
        }
    }
}

impl Object {
    /// Records that a guard is given up, as [`release`](Self::release) does, and wakes the heir that
    /// the object was granted to. One whom the engine does not wake comes back, to be
    /// [woken](Wakeup::granted) once it has been left.
    #[inline(always)]
    pub fn release_in(
        &self,
        entry: &mut Entry<'_>,
        hold: Hold,
        heir: Option<Wakeup>,
    ) -> Option<Wakeup> {
        let record = hold.into_record();
        let Some(core) = &mut entry.core else {
            let_go_elsewhere(record);
            return heir;
        };
        let Some(hold) = record.of(core.stamp).filter(|_| !core.is_followed()) else {
            return self.release_followed(record, heir, core);
        };
        if core.is_watched() {
            self.tell_class(Access::Change, core);
        }
        self.note_rare_deed(core, "release", IN_A_DROP);
        let numbers = heir.as_ref().and_then(|heir| heir.numbers(core));
        core.unhold_and_hand(hold, numbers);
        match numbers {
            Some(_) => {
                // Forgotten, because a number was in it: its drop need not be looked at.
                std::mem::forget(heir);
                None
            }
            None => heir,
        }
    }

    /// Tells the run's class, and nobody else, of an operation on this object. Not once the class is
    /// concluded, before what is left is dropped.
    #[inline(never)]
    pub(super) fn tell_class(&self, access: Access, core: &mut Core) {
        if core.classes.is_on() {
            let index = self.index(core);
            core.order_operation(Some(index), access);
        }
    }

    #[inline(never)]
    fn release_followed(
        &self,
        record: Packed,
        mut heir: Option<Wakeup>,
        core: &mut Core,
    ) -> Option<Wakeup> {
        self.release_within::<true>(record, &mut heir, core);
        heir
    }
}
