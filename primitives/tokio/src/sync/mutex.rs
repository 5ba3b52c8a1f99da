//! The mutex.

mod guard;
mod owned;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

pub use guard::{MappedMutexGuard, MutexGuard};
pub use owned::{OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio::sync as real;
use unpick_sim::probe::{Access, Object, is_inside_run};

use super::TryLockError;
use super::blocking::would_block;
use super::kept::{Owner, unbound};
use super::waiting::{Announced, Waiting};

/// A mutex to be held across awaits: tokio's [`Mutex`](real::Mutex).
///
/// Inside of a run the engine knows who has it, since when, and from where.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, finding::Kind};
/// use unpick_tokio::sync::Mutex;
///
/// let outcome = Run::new().execute(|| async {
///     let accounts = Mutex::new([100, 100]);
///     let _held = accounts.lock().await;
///     // The same task has it already.
///     accounts.lock().await[0] -= 10;
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::Deadlock);
/// ```
pub struct Mutex<T: ?Sized> {
    object: Object,
    inner: real::Mutex<T>,
}

#[track_caller]
const fn object() -> Object {
    Object::in_static("mutex")
}

impl<T: ?Sized> Mutex<T> {
    /// As tokio's [`new`](real::Mutex::new).
    #[track_caller]
    pub fn new(t: T) -> Self
    where
        T: Sized,
    {
        Mutex { object: object().registered(), inner: real::Mutex::new(t) }
    }

    /// As tokio's [`const_new`](real::Mutex::const_new).
    #[track_caller]
    pub const fn const_new(t: T) -> Self
    where
        T: Sized,
    {
        Mutex { object: object(), inner: real::Mutex::const_new(t) }
    }

    /// As tokio's [`lock`](real::Mutex::lock).
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        let site = Location::caller();
        let lock = self.acquire(site);
        async move { MutexGuard::new(self, lock.await, site) }
    }

    /// As tokio's [`lock_owned`](real::Mutex::lock_owned).
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        let site = Location::caller();
        async move {
            // SAFETY: the guard is kept together with the `Arc`.
            let mutex = unsafe { unbound(&self) };
            let guard = mutex.acquire(site).await;
            // SAFETY: the `Arc` is the owner.
            unsafe { OwnedMutexGuard::new(guard, self, site) }
        }
    }

    fn acquire(
        &self,
        site: &'static Location<'static>,
    ) -> Announced<'_, impl Future<Output = real::MutexGuard<'_, T>>> {
        Announced::new(&self.object, Waiting::for_object("lock", site), self.inner.lock())
    }

    /// As tokio's [`blocking_lock`](real::Mutex::blocking_lock).
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if the mutex is not free.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        MutexGuard::new(self, self.lock_blocking(), Location::caller())
    }

    /// As tokio's [`blocking_lock_owned`](real::Mutex::blocking_lock_owned).
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if the mutex is not free.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        // SAFETY: the guard is kept together with the `Arc`.
        let guard = unsafe { unbound(&self) }.lock_blocking();
        // SAFETY: the `Arc` is the owner.
        unsafe { OwnedMutexGuard::new(guard, self, Location::caller()) }
    }

    #[track_caller]
    fn lock_blocking(&self) -> real::MutexGuard<'_, T> {
        if !is_inside_run() {
            return self.inner.blocking_lock();
        }
        self.object.immediate("blocking_lock", Access::Change);
        self.inner.try_lock().unwrap_or_else(|_| would_block("blocking_lock", &self.object))
    }

    /// As tokio's [`try_lock`](real::Mutex::try_lock).
    ///
    /// # Errors
    /// If somebody has it.
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        self.object.immediate("try_lock", Access::Change);
        Ok(MutexGuard::new(self, self.inner.try_lock()?, Location::caller()))
    }

    /// As tokio's [`try_lock_owned`](real::Mutex::try_lock_owned).
    ///
    /// # Errors
    /// If somebody has it.
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        self.object.immediate("try_lock", Access::Change);
        // SAFETY: the guard is kept together with the `Arc`.
        let guard = unsafe { unbound(&self) }.inner.try_lock()?;
        // SAFETY: the `Arc` is the owner.
        Ok(unsafe { OwnedMutexGuard::new(guard, self, Location::caller()) })
    }

    /// As tokio's [`get_mut`](real::Mutex::get_mut).
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// As tokio's [`into_inner`](real::Mutex::into_inner).
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Owner for Arc<Mutex<T>> {
    fn object(&self) -> &Object {
        &self.object
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
