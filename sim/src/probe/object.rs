//! What an instrumented object is, and what it is called.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};

use super::hold::{Hold, Mode};
use super::operation::Access;
use crate::engine::{Core, Description, Packed, with_run};
use crate::trace::EventKind;

/// The identity of one instrumented object: its kind, its name, and where it was made.
///
/// It may be made outside of a run, or in a static: then it registers in each run in which it
/// is used.
pub struct Object {
    kind: &'static str,
    name: Option<Cow<'static, str>>,
    site: &'static Location<'static>,
    /// Its place in the run in which it was used last: a [`Packed`].
    place: AtomicU64,
}

impl Object {
    /// A new object of a kind such as `lock`. Its site is the caller's.
    #[must_use]
    #[track_caller]
    pub fn new(kind: &'static str) -> Object {
        let object = Object::in_static(kind);
        with_run(|core| object.index(core));
        object
    }

    /// A new object that registers when it is first used; can be called in a `const`.
    #[must_use]
    #[track_caller]
    pub const fn in_static(kind: &'static str) -> Object {
        Object { kind, name: None, site: Location::caller(), place: AtomicU64::new(Packed::NONE.0) }
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
                core.executed(Description { name, object, access, site });
            }
        });
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
            core.hold(index, units, mode, site)
        });
        Hold::new(place.unwrap_or(Packed::NONE))
    }

    /// Notes that `units` were taken without a guard: they count as the current task's until
    /// [`give_back`](Self::give_back).
    pub fn take(&self, units: u32, site: &'static Location<'static>) {
        self.hold_at(units, Mode::Unguarded, site).forget();
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
                core.publish(object);
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
                core.observe(object);
            }
        });
    }

    /// Notes that a notification through it woke `woken` waiters; none is worth telling when
    /// one is missed later.
    #[inline]
    pub fn notified(&self, woken: usize) {
        with_run(|core| {
            if core.is_traced() {
                let object = self.index(core).into();
                core.record(|_| EventKind::Notified { object, woken });
            }
        });
    }

    /// The object's place in the current run.
    #[inline]
    pub(crate) fn index(&self, core: &mut Core) -> u32 {
        // Relaxed: a place is of use only to the thread whose run it names.
        let place = Packed(self.place.load(Ordering::Relaxed));
        match place.of(core.stamp) {
            Some(index) => index,
            None => self.register(core),
        }
    }

    fn register(&self, core: &mut Core) -> u32 {
        let place = core.register_object(self.kind, self.name.as_ref(), self.site);
        self.place.store(place.0, Ordering::Relaxed);
        place.index()
    }
}

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
