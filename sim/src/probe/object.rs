//! What an instrumented object is, and what it is called.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use super::hold::{Hold, Mode};
use super::operation::Access;
use super::wakeup::{Effect, Wakeup};
use crate::AbortHandle;
use crate::engine::{Core, Handed, Packed, let_go_elsewhere, with_run};
use crate::trace::{EventKind, Side};

/// What ends one kind of wait at an object. When somebody waits at it for ever, the report says
/// who did such a thing last, where, and what became of that task.
///
/// # Examples
/// ```
/// use unpick_sim::probe::{Cause, Object};
///
/// // A mailbox: `take` waits for a `post`, and `drain` for a `done` after each `take`.
/// static CAUSES: [Cause; 2] = [
///     Cause { wait: "take", by: &["post"], owed: &[] },
///     Cause { wait: "drain", by: &["done"], owed: &["take"] },
/// ];
/// let mut mailbox = Object::new("mailbox");
/// mailbox.set_causes(&CAUSES);
/// assert_eq!(mailbox.kind(), "mailbox");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// The operation that waits, by its name.
    pub wait: &'static str,
    /// The operations that end it: by one that is [immediate](Object::immediate), or
    /// [executed](super::Operation::executed), or was [done](Object::acted) otherwise.
    pub by: &'static [&'static str],
    /// Of what each has to be followed by one of `by`, by the same task: whoever took an item and
    /// has not finished it, say.
    pub owed: &'static [&'static str],
}

/// Which operations of an object move things through it. When a future is dropped half-way that
/// has taken something and not given it back, the report says so; and when an operation is dropped
/// that was to give something.
///
/// # Examples
/// ```
/// use unpick_sim::probe::{Object, Passage};
///
/// static PASSAGE: Passage = Passage { takes: &["take"], gives: &["post"] };
/// let mut mailbox = Object::new("mailbox");
/// mailbox.set_passage(&PASSAGE);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Passage {
    /// The operations that take something out.
    pub takes: &'static [&'static str],
    /// The operations that put something in, or back.
    pub gives: &'static [&'static str],
}

/// Whether a wait at an object may end for nothing, to see whether a notification was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spurious {
    /// Never: who waits gets something by it.
    Never,
    /// If something was [done](Cause) that would have ended it, and that woke nobody.
    Unheard,
    /// If anything was ever done that would have ended it: whoever is woken looks again.
    Notified,
}

/// The identity of one instrumented object: its kind, its name, and where it was made.
///
/// It may be made outside of a run, or in a static: then it registers in each run in which it
/// is used.
pub struct Object {
    kind: &'static str,
    name: Option<Cow<'static, str>>,
    site: &'static Location<'static>,
    causes: &'static [Cause],
    spurious: Spurious,
    passage: Option<&'static Passage>,
    /// Its place in the run in which it was used last: a [`Packed`].
    place: AtomicU64,
}

impl Object {
    /// A new object of a kind such as `lock`. Its site is the caller's.
    #[must_use]
    #[track_caller]
    pub fn new(kind: &'static str) -> Object {
        Object::in_static(kind).registered()
    }

    /// A new object that registers when it is first used; can be called in a `const`.
    #[must_use]
    #[track_caller]
    pub const fn in_static(kind: &'static str) -> Object {
        let (site, place) = (Location::caller(), AtomicU64::new(Packed::NONE.0));
        let spurious = Spurious::Never;
        Object { kind, name: None, site, causes: &[], spurious, passage: None, place }
    }

    /// The same, with what ends which waits at it: see [`Cause`].
    ///
    /// # Examples
    /// ```
    /// use unpick_sim::probe::{Cause, Object, Spurious};
    ///
    /// static CAUSES: [Cause; 1] = [Cause { wait: "pass", by: &["open"], owed: &[] }];
    /// static GATE: Object =
    ///     Object::in_static("gate").with_causes(&CAUSES).with_spurious(Spurious::Notified);
    /// assert_eq!(GATE.kind(), "gate");
    /// ```
    #[must_use]
    pub const fn with_causes(mut self, causes: &'static [Cause]) -> Object {
        self.causes = causes;
        self
    }

    /// The same, with whether a wait at it may end for nothing: see [`Spurious`].
    #[must_use]
    pub const fn with_spurious(mut self, spurious: Spurious) -> Object {
        self.spurious = spurious;
        self
    }

    /// The same, with which operations move things through it: see [`Passage`].
    ///
    /// # Examples
    /// ```
    /// use unpick_sim::probe::{Object, Passage};
    ///
    /// static PASSAGE: Passage = Passage { takes: &["take"], gives: &["post"] };
    /// static MAILBOX: Object = Object::in_static("mailbox").with_passage(&PASSAGE);
    /// assert_eq!(MAILBOX.kind(), "mailbox");
    /// ```
    #[must_use]
    pub const fn with_passage(mut self, passage: &'static Passage) -> Object {
        self.passage = Some(passage);
        self
    }

    /// The same, registered in the current run rather than when it is first used: so it is
    /// numbered in the order in which its kind was made.
    #[must_use]
    pub fn registered(self) -> Object {
        with_run(|core| self.index(core));
        self
    }

    /// Says which waits at the object are ended by what is done through it: see [`Cause`].
    pub fn set_causes(&mut self, causes: &'static [Cause]) {
        with_run(|core| {
            let index = self.index(core) as usize;
            core.objects[index].causes = causes;
        });
        self.causes = causes;
    }

    /// Says whether a wait at the object may end for nothing, as one at a condition variable may:
    /// its operations ask [`Operation::is_woken_by_hand`](super::Operation::is_woken_by_hand).
    pub fn set_spurious(&mut self, spurious: Spurious) {
        with_run(|core| {
            let index = self.index(core) as usize;
            core.objects[index].spurious = spurious;
        });
        self.spurious = spurious;
    }

    /// Says which operations move things through the object: see [`Passage`].
    pub fn set_passage(&mut self, passage: &'static Passage) {
        with_run(|core| {
            let index = self.index(core) as usize;
            core.objects[index].passage = Some(passage);
        });
        self.passage = Some(passage);
    }

    /// Gives the object a name for traces and reports.
    pub fn set_name(&mut self, name: impl Into<Cow<'static, str>>) {
        let name = name.into();
        with_run(|core| {
            let index = self.index(core) as usize;
            core.objects[index].name = Some(name.clone());
        });
        self.name = Some(name);
    }

    /// What kind of object it is, such as `lock`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its name, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it was made.
    #[must_use]
    pub const fn site(&self) -> &'static Location<'static> {
        self.site
    }

    /// Records an operation that needs no await, such as `try_lock`, `set` or a guard's drop.
    #[inline]
    #[track_caller]
    pub fn immediate(&self, name: &'static str, access: Access) {
        self.immediate_at(name, access, Location::caller());
    }

    /// The same, called at another site than the caller's: a guard's drop, say, whose own caller
    /// is not to be had.
    #[inline]
    pub fn immediate_at(
        &self,
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) {
        with_run(|core| {
            if core.is_watched() {
                let object = Some(self.index(core));
                core.executed_briefly(object, access, name, site);
            }
            self.note_deed(core, name, site);
        });
    }

    /// Says something of the operation that was recorded last, in traces alone: what it found, or
    /// what it leaves.
    ///
    /// # Examples
    /// ```
    /// use unpick_sim::Run;
    /// use unpick_sim::probe::{Access, Object};
    ///
    /// let outcome = Run::new().traced().execute(|| async {
    ///     let mailbox = Object::new("mailbox");
    ///     mailbox.immediate("close", Access::Change);
    ///     mailbox.remark(|| format!("{} letters in it", 2));
    /// });
    /// let lanes = outcome.trace.expect("it was traced").lanes().with_sites(false).to_string();
    /// assert!(lanes.contains("close mailbox#1   <- 2 letters in it"), "{lanes}");
    /// ```
    #[inline]
    pub fn remark(&self, text: impl FnOnce() -> String) {
        with_run(|core| {
            core.record(|_| EventKind::Said { text: text(), site: IN_A_DROP.into() });
        });
    }

    /// Keeps in mind an operation that may end the waits of others.
    #[inline(always)]
    pub(super) fn note_deed(
        &self,
        core: &mut Core,
        name: &'static str,
        site: &'static Location<'static>,
    ) {
        if !self.causes.is_empty() {
            let object = self.index(core);
            core.acted_if_caused(object, name, site);
        }
    }

    /// The same, for objects that mostly have no causes.
    #[inline(always)]
    pub(super) fn note_rare_deed(
        &self,
        core: &mut Core,
        name: &'static str,
        site: &'static Location<'static>,
    ) {
        if !self.causes.is_empty() {
            self.note_deed_of_some(core, name, site);
        }
    }

    #[cold]
    #[inline(never)]
    fn note_deed_of_some(
        &self,
        core: &mut Core,
        name: &'static str,
        site: &'static Location<'static>,
    ) {
        self.note_deed(core, name, site);
    }

    /// Notes that the current task holds `units` of it, until the [`Hold`] is dropped.
    #[inline]
    #[track_caller]
    pub fn hold(&self, units: u32, mode: Mode) -> Hold {
        self.hold_at(units, mode, Location::caller())
    }

    /// The same, taken at another site than the caller's.
    #[inline]
    pub fn hold_at(&self, units: u32, mode: Mode, site: &'static Location<'static>) -> Hold {
        let place = with_run(|core| {
            let index = self.index(core);
            core.hold::<true>(index, units, mode, site)
        });
        Hold::new(place.unwrap_or(Packed::NONE))
    }

    /// Notes that `units` were taken without a guard: they count as the current task's until
    /// [`give_back`](Self::give_back).
    pub fn take(&self, units: u32, site: &'static Location<'static>) {
        self.hold_at(units, Mode::Unguarded, site).forget();
    }

    /// Notes that `units` are kept for good, as permits that are forgotten. They can be
    /// [given back](Self::give_back) all the same.
    pub fn forget(&self, units: u32, site: &'static Location<'static>) {
        self.hold_at(units, Mode::Forgotten, site).forget();
    }

    /// Notes that `units` taken without a guard were given back, by whichever task.
    pub fn give_back(&self, units: u32) {
        with_run(|core| {
            let index = self.index(core);
            core.unhold_units(index, units);
        });
    }

    /// Orders what the current task has done before whatever a task does that
    /// [`observe`](Self::observe)s this object later.
    #[inline]
    pub fn publish(&self) {
        with_run(|core| {
            if core.orders_matter() {
                let object = self.index(core);
                core.publish(object, Side::Writer);
            }
        });
    }

    /// Orders what the current task does from here on after everything that was
    /// [`publish`](Self::publish)ed through this object.
    #[inline]
    pub fn observe(&self) {
        with_run(|core| {
            if core.orders_matter() {
                let object = self.index(core);
                core.observe(object, Side::Writer);
            }
        });
    }

    /// Lets an [`Effect`] of an [immediate](Self::immediate) operation take place.
    #[inline]
    pub fn bring_about(&self, mut effect: Effect) {
        with_run(|core| effect.take_place::<true>(self, core));
        effect.wake_rest();
    }

    /// Notes that the current task has done something through it that may end the waits of
    /// others and is no operation of its own. Operations that a [`Cause`] names are noted as they
    /// are recorded.
    #[inline]
    #[track_caller]
    pub fn acted(&self, action: &'static str) {
        self.acted_at(action, Location::caller());
    }

    /// The same, called at another site than the caller's.
    #[inline]
    pub fn acted_at(&self, action: &'static str, site: &'static Location<'static>) {
        with_run(|core| {
            let object = self.index(core);
            core.acted(object, action, site);
        });
    }

    /// Notes that what was last [done](Self::acted) through it woke `woken` waiters; that it woke
    /// none is told when somebody misses it.
    #[inline]
    pub fn notified(&self, woken: usize) {
        with_run(|core| {
            if woken == 0 || core.is_traced() {
                let object = self.index(core);
                if woken == 0 {
                    core.went_unheard(object);
                }
                core.record(move |_| EventKind::Notified { object: object.into(), woken });
            }
        });
    }

    /// Notes that nobody but `task` and others like it, which end, can end a wait at this object:
    /// for combinators that spawn tasks and wait for them.
    #[track_caller]
    pub fn expects(&self, task: &AbortHandle) {
        let site = Location::caller();
        with_run(|core| {
            if let Some(task) = task.of(core) {
                let object = self.index(core);
                core.expect_task(object, task, site);
            }
        });
    }

    /// Records that a guard is given up: an immediate operation, of which the end of the hold and
    /// what [`publish`](Self::publish) says are parts. A drop has no caller, so that it has no site.
    #[inline(never)]
    pub fn release(&self, hold: Hold) {
        let record = hold.into_record();
        let released = with_run(|core| self.release_within::<true>(record, &mut None, core));
        if released.is_none() {
            let_go_elsewhere(record);
        }
    }

    #[inline(always)]
    pub(super) fn release_within<const FOLLOWED: bool>(
        &self,
        record: Packed,
        heir: &mut Option<Wakeup>,
        core: &mut Core,
    ) {
        if FOLLOWED && core.is_watched() {
            self.tell_released(core);
        }
        self.note_rare_deed(core, "release", IN_A_DROP);
        if FOLLOWED && core.orders_matter() {
            self.publish_held(record, core);
        }
        if let Some(index) = record.of(core.stamp) {
            core.unhold::<FOLLOWED>(index);
        } else {
            let_go_elsewhere(record);
        }
        Wakeup::wake_in::<FOLLOWED>(heir, Handed::Granted, core);
    }

    #[inline(never)]
    fn tell_released(&self, core: &mut Core) {
        let (object, access) = (Some(self.index(core)), Access::Change);
        core.executed_briefly(object, access, "release", IN_A_DROP);
    }

    #[cold]
    #[inline(never)]
    fn publish_held(&self, record: Packed, core: &mut Core) {
        let object = self.index(core);
        let hold = record.of(core.stamp).and_then(|index| core.objects.hold(index));
        let by = hold.map_or(Side::Writer, |hold| hold.mode.into());
        core.publish(object, by);
    }

    /// Notes that there are `now` of what it takes `all` of: the parties at a barrier, say. A
    /// report on somebody who waits at the object says so.
    #[inline]
    pub fn counted(&self, what: &'static str, now: usize, all: usize) {
        with_run(|core| {
            let object = self.index(core) as usize;
            core.objects[object].count = Some((what, now, all));
        });
    }

    /// Notes that the current task holds `units` of it, taken at `site`, until the [`Hold`] is
    /// dropped, and [`observe`](Self::observe)s it.
    #[inline]
    pub fn acquired_at(&self, units: u32, mode: Mode, site: &'static Location<'static>) -> Hold {
        let place = with_run(|core| self.acquire_in::<true>(core, units, mode, site));
        Hold::new(place.unwrap_or(Packed::NONE))
    }

    #[inline(always)]
    pub(super) fn acquire_in<const FOLLOWED: bool>(
        &self,
        core: &mut Core,
        units: u32,
        mode: Mode,
        site: &'static Location<'static>,
    ) -> Packed {
        let object = self.index(core);
        if FOLLOWED && core.orders_matter() {
            core.observe(object, mode.into());
        }
        core.hold::<FOLLOWED>(object, units, mode, site)
    }

    /// The object's place in the current run.
    #[inline(always)]
    pub(crate) fn index(&self, core: &mut Core) -> u32 {
        // Relaxed: a place is of use only to the thread whose run it names.
        let place = Packed(self.place.load(Ordering::Relaxed));
        match place.of(core.stamp) {
            Some(index) => index,
            None => self.register(core),
        }
    }

    #[cold]
    #[inline(never)]
    fn register(&self, core: &mut Core) -> u32 {
        let name = self.name.as_ref();
        let place = core.register_object(self.kind, name, self.site, self.causes);
        self.place.store(place.0, Ordering::Relaxed);
        let record = &mut core.objects[place.index() as usize];
        (record.spurious, record.passage) = (self.spurious, self.passage);
        place.index()
    }
}

/// Stands for the site of an operation that has none.
pub(crate) const IN_A_DROP: &Location<'static> = Location::caller();

impl Drop for Object {
    fn drop(&mut self) {
        let place = Packed(*self.place.get_mut());
        if place != Packed::NONE {
            with_run(|core| {
                if let Some(index) = place.of(core.stamp) {
                    core.forget_object(index);
                }
            });
        }
    }
}

/// Kind and name, as a primitive's own `Debug` begins.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        match &self.name {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}
