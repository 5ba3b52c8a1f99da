//! Shared variables whose accesses are watched: for races and lost updates.

mod access;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

pub use access::{SharedRead, SharedWrite};

use crate::engine::{Accessed, Core, SharedAccess, with_run};
use crate::probe::{Access, Object, Operation};

/// What a shared variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// A plain variable: two accesses that nothing orders are a race.
    Plain,
    /// One whose single accesses are atomic, such as a database's row or an atomic number: only
    /// updates that are lost across awaits are found.
    Synchronized,
}

/// A variable that tasks share, and whose every access is watched.
///
/// It stands for a plain variable in code that runs on a multi-threaded runtime. Accesses that
/// nothing orders are found as a [race](crate::finding::Kind::Race) under preemptive switching,
/// and a write over one that the task had not seen as a
/// [lost update](crate::finding::Kind::LostUpdate) under both.
///
/// What orders accesses are unpick's primitives, spawning, joining, and wake-ups. A lock of
/// another crate that nobody contends for is not seen: a variable that such a lock guards is to be
/// made with [`synchronized`](Self::synchronized), or it is reported as a race.
///
/// [`get`](Self::get), [`set`](Self::set), [`with`](Self::with) and [`update`](Self::update) are
/// immediate; [`read`](Self::read) and [`write`](Self::write) let other tasks in before. It works
/// outside of a run too, where nobody watches.
///
/// A traced run shows the values, as their `Debug` prints them; nothing is formatted otherwise.
/// Values that have no `Debug` go into an [`opaque`](Self::opaque) variable.
///
/// # Examples
/// ```
/// use std::rc::Rc;
/// use unpick_sim::{Run, Shared, finding::Kind, spawn, yield_now};
///
/// let outcome = Run::new().plain().execute(|| async {
///     let balance = Rc::new(Shared::synchronized(100).named("balance"));
///     let deposit = |amount: u32, balance: Rc<Shared<u32>>| async move {
///         let seen = balance.get();
///         yield_now().await;
///         balance.set(seen + amount);
///     };
///     let tellers = [10, 20].map(|amount| spawn(deposit(amount, balance.clone())));
///     for teller in tellers {
///         teller.await.expect("nobody aborts it");
///     }
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::LostUpdate);
/// ```
pub struct Shared<T> {
    object: Object,
    flavor: Flavor,
    /// How the value is shown, if it can be.
    show: Option<fn(&T) -> Box<str>>,
    value: Mutex<T>,
}

/// How many characters of a value are shown.
const SHOWN_MAX: usize = 60;

/// The value as `Debug` prints it, on one line and not longer than is good for a line.
fn show<T: fmt::Debug>(value: &T) -> Box<str> {
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN_MAX) {
        None => text.into(),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… ({more} characters more)", &text[..end]).into()
        }
    }
}

impl<T: fmt::Debug> Shared<T> {
    /// A plain variable.
    #[track_caller]
    pub fn new(value: T) -> Shared<T> {
        Shared::with_flavor(value, Flavor::Plain, Some(show))
    }

    /// A variable whose single accesses are atomic: no two of them race, but an update that is
    /// lost across an await is found.
    #[track_caller]
    pub fn synchronized(value: T) -> Shared<T> {
        Shared::with_flavor(value, Flavor::Synchronized, Some(show))
    }
}

impl<T> Shared<T> {
    /// A plain variable whose values are not shown.
    ///
    /// # Examples
    /// ```
    /// struct Secret(u32);
    ///
    /// let secret = unpick_sim::Shared::opaque(Secret(7)).named("secret");
    /// assert_eq!(secret.with(|secret| secret.0), 7);
    /// ```
    #[track_caller]
    pub fn opaque(value: T) -> Shared<T> {
        Shared::with_flavor(value, Flavor::Plain, None)
    }

    /// A [`synchronized`](Self::synchronized) variable whose values are not shown.
    #[track_caller]
    pub fn opaque_synchronized(value: T) -> Shared<T> {
        Shared::with_flavor(value, Flavor::Synchronized, None)
    }

    #[track_caller]
    fn with_flavor(value: T, flavor: Flavor, show: Option<fn(&T) -> Box<str>>) -> Shared<T> {
        with_run(|core| core.has_shared());
        Shared { object: Object::new("shared"), flavor, show, value: Mutex::new(value) }
    }

    /// Gives it a name for traces and reports.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Shared<T> {
        self.object.set_name(name);
        self
    }

    /// A clone of the value.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Overwrites the value.
    #[track_caller]
    pub fn set(&self, value: T) {
        self.accessed(SharedAccess::Write, Location::caller(), Some(&value));
        let old = std::mem::replace(&mut *self.lock(), value);
        drop(old);
    }

    /// Looks at the value.
    ///
    /// # Panics
    /// If `look` accesses the variable itself.
    #[track_caller]
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let value = self.lock();
        self.accessed(SharedAccess::Read, Location::caller(), Some(&value));
        look(&value)
    }

    /// Reads and writes the value in one go.
    ///
    /// # Panics
    /// If `change` accesses the variable itself.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.lock();
        let event = self.accessed(SharedAccess::Update, Location::caller(), None);
        let result = change(&mut value);
        if let Some((event, show)) = event.zip(self.show) {
            let shown = show(&value);
            with_run(|core| core.show_update(event, shown));
        }
        result
    }

    /// A clone of the value, after other tasks may have come in.
    ///
    /// # Cancel safety
    /// Dropping it has no effect.
    #[track_caller]
    pub fn read(&self) -> SharedRead<'_, T>
    where
        T: Clone,
    {
        SharedRead::new(self, Operation::new("read", Access::Read, Location::caller()))
    }

    /// Overwrites the value, after other tasks may have come in.
    ///
    /// # Cancel safety
    /// Dropping it before it has returned drops what was to be written.
    #[track_caller]
    pub fn write(&self, value: T) -> SharedWrite<'_, T> {
        SharedWrite::new(self, value, Operation::new("write", Access::Change, Location::caller()))
    }

    /// The value, when nobody else has the variable.
    pub fn into_inner(self) -> T {
        self.value.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, T> {
        match self.value.try_lock() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => self.lock_later(),
        }
    }

    /// Outside of a run, another thread is at it for a moment. Inside, there is none.
    #[cold]
    #[track_caller]
    fn lock_later(&self) -> MutexGuard<'_, T> {
        assert!(
            !crate::engine::is_inside(),
            "{:?} was accessed from within its own `with` or `update`; allowed: one access at a \
             time",
            self.object
        );
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the engine. Says which event it is, in a traced run.
    #[inline]
    fn accessed(
        &self,
        access: SharedAccess,
        site: &'static Location<'static>,
        value: Option<&T>,
    ) -> Option<usize> {
        let event = with_run(|core| {
            if core.is_traced() {
                return None;
            }
            self.tell(core, access, site, None);
            Some(())
        });
        match event {
            Some(None) => self.accessed_traced(access, site, value),
            _ => None,
        }
    }

    #[cold]
    fn accessed_traced(
        &self,
        access: SharedAccess,
        site: &'static Location<'static>,
        value: Option<&T>,
    ) -> Option<usize> {
        // Formatted outside of the engine: it is code of others.
        let value = value.zip(self.show).map(|(value, show)| show(value));
        with_run(|core| self.tell(core, access, site, value)).flatten()
    }

    #[inline]
    fn tell(
        &self,
        core: &mut Core,
        access: SharedAccess,
        site: &'static Location<'static>,
        value: Option<Box<str>>,
    ) -> Option<usize> {
        core.has_shared();
        let variable = self.object.index(core);
        core.accessed(Accessed { variable, access, flavor: self.flavor, site }, value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Shared {:?}>", self.lock())
    }
}
