//! Shared variables whose accesses are watched: for races and lost updates.

mod access;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use access::{SharedRead, SharedWrite};

use crate::engine::{Accessed, SharedAccess, with_run};
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
    value: Mutex<T>,
}

impl<T> Shared<T> {
    /// A plain variable.
    #[track_caller]
    pub fn new(value: T) -> Shared<T> {
        Shared::with_flavor(value, Flavor::Plain)
    }

    /// A variable whose single accesses are atomic: no two of them race, but an update that is
    /// lost across an await is found.
    #[track_caller]
    pub fn synchronized(value: T) -> Shared<T> {
        Shared::with_flavor(value, Flavor::Synchronized)
    }

    #[track_caller]
    fn with_flavor(value: T, flavor: Flavor) -> Shared<T> {
        with_run(|core| core.has_shared());
        Shared { object: Object::new("shared"), flavor, value: Mutex::new(value) }
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
        self.accessed(SharedAccess::Write, Location::caller());
        let old = std::mem::replace(&mut *self.lock(), value);
        drop(old);
    }

    /// Looks at the value.
    #[track_caller]
    pub fn with<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        self.accessed(SharedAccess::Read, Location::caller());
        look(&self.lock())
    }

    /// Reads and writes the value in one go.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        self.accessed(SharedAccess::Update, Location::caller());
        change(&mut self.lock())
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

    fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accessed(&self, access: SharedAccess, site: &'static Location<'static>) {
        with_run(|core| {
            core.has_shared();
            let variable = self.object.index(core);
            core.accessed(Accessed { variable, access, flavor: self.flavor, site });
        });
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Shared {:?}>", self.lock())
    }
}
