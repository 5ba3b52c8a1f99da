//! The read-write lock.

mod owned;
mod owned_write;
mod read;
mod write;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

pub use owned::OwnedRwLockReadGuard;
pub use owned_write::{OwnedRwLockMappedWriteGuard, OwnedRwLockWriteGuard};
pub use read::RwLockReadGuard;
use tokio::sync as real;
use unpick_sim::probe::{Access, Hold, Mode, Object, is_inside_run};
pub use write::{RwLockMappedWriteGuard, RwLockWriteGuard};

use super::TryLockError;
use super::blocking::would_block;
use super::kept::{Owner, unbound};
use super::waiting::{Announced, Waiting};
use super::waking::Call;

/// A lock for many readers or one writer, to be held across awaits: tokio's
/// [`RwLock`](real::RwLock).
///
/// Inside of a run the engine knows who reads and who writes, since when, and from where.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, finding::Kind};
/// use unpick_tokio::sync::RwLock;
///
/// let outcome = Run::new().execute(|| async {
///     let config = RwLock::new(1);
///     let seen = config.read().await;
///     // The same task reads.
///     *config.write().await = *seen + 1;
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::Deadlock);
/// ```
pub struct RwLock<T: ?Sized> {
    object: Object,
    inner: real::RwLock<T>,
}

#[track_caller]
const fn object() -> Object {
    Object::in_static("rwlock")
}

impl<T: ?Sized> RwLock<T> {
    /// As tokio's [`new`](real::RwLock::new).
    #[track_caller]
    pub fn new(value: T) -> RwLock<T>
    where
        T: Sized,
    {
        RwLock { object: object().registered(), inner: real::RwLock::new(value) }
    }

    /// As tokio's [`with_max_readers`](real::RwLock::with_max_readers).
    ///
    /// # Panics
    /// If there may be more readers than tokio can count.
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> RwLock<T>
    where
        T: Sized,
    {
        let inner = real::RwLock::with_max_readers(value, max_reads);
        RwLock { object: object().registered(), inner }
    }

    /// As tokio's [`const_new`](real::RwLock::const_new).
    #[track_caller]
    pub const fn const_new(value: T) -> RwLock<T>
    where
        T: Sized,
    {
        RwLock { object: object(), inner: real::RwLock::const_new(value) }
    }

    /// As tokio's [`const_with_max_readers`](real::RwLock::const_with_max_readers).
    #[track_caller]
    pub const fn const_with_max_readers(value: T, max_reads: u32) -> RwLock<T>
    where
        T: Sized,
    {
        RwLock { object: object(), inner: real::RwLock::const_with_max_readers(value, max_reads) }
    }

    /// As tokio's [`read`](real::RwLock::read).
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        let site = Location::caller();
        let read = self.acquire_read(site);
        async move { RwLockReadGuard::new(self, read.await, site) }
    }

    /// As tokio's [`read_owned`](real::RwLock::read_owned).
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        let site = Location::caller();
        async move {
            // SAFETY: the guard is kept together with the `Arc`.
            let lock = unsafe { unbound(&self) };
            let guard = lock.acquire_read(site).await;
            // SAFETY: the `Arc` is the owner.
            unsafe { OwnedRwLockReadGuard::new(guard, self, site) }
        }
    }

    fn acquire_read(
        &self,
        site: &'static Location<'static>,
    ) -> Announced<'_, impl Future<Output = real::RwLockReadGuard<'_, T>>> {
        Announced::new(&self.object, Waiting::for_object("read", site), self.inner.read())
    }

    /// As tokio's [`write`](real::RwLock::write).
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        let site = Location::caller();
        let write = self.acquire_write(site);
        async move { RwLockWriteGuard::new(self, write.await, site) }
    }

    /// As tokio's [`write_owned`](real::RwLock::write_owned).
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        let site = Location::caller();
        async move {
            // SAFETY: the guard is kept together with the `Arc`.
            let lock = unsafe { unbound(&self) };
            let guard = lock.acquire_write(site).await;
            // SAFETY: the `Arc` is the owner.
            unsafe { OwnedRwLockWriteGuard::new(guard, self, site) }
        }
    }

    fn acquire_write(
        &self,
        site: &'static Location<'static>,
    ) -> Announced<'_, impl Future<Output = real::RwLockWriteGuard<'_, T>>> {
        Announced::new(&self.object, Waiting::for_object("write", site), self.inner.write())
    }

    /// As tokio's [`blocking_read`](real::RwLock::blocking_read).
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if somebody writes.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        let guard = if is_inside_run() {
            self.object.immediate("blocking_read", Access::Change);
            self.inner.try_read().unwrap_or_else(|_| would_block("blocking_read", &self.object))
        } else {
            self.inner.blocking_read()
        };
        RwLockReadGuard::new(self, guard, Location::caller())
    }

    /// As tokio's [`blocking_write`](real::RwLock::blocking_write).
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if somebody has it.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        let guard = if is_inside_run() {
            self.object.immediate("blocking_write", Access::Change);
            self.inner.try_write().unwrap_or_else(|_| would_block("blocking_write", &self.object))
        } else {
            self.inner.blocking_write()
        };
        RwLockWriteGuard::new(self, guard, Location::caller())
    }

    /// As tokio's [`try_read`](real::RwLock::try_read).
    ///
    /// # Errors
    /// If somebody writes or waits to.
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.object.immediate("try_read", Access::Change);
        Ok(RwLockReadGuard::new(self, self.inner.try_read()?, Location::caller()))
    }

    /// As tokio's [`try_read_owned`](real::RwLock::try_read_owned).
    ///
    /// # Errors
    /// If somebody writes or waits to.
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        self.object.immediate("try_read", Access::Change);
        // SAFETY: the guard is kept together with the `Arc`.
        let guard = unsafe { unbound(&self) }.inner.try_read()?;
        // SAFETY: the `Arc` is the owner.
        Ok(unsafe { OwnedRwLockReadGuard::new(guard, self, Location::caller()) })
    }

    /// As tokio's [`try_write`](real::RwLock::try_write).
    ///
    /// # Errors
    /// If somebody has it.
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.object.immediate("try_write", Access::Change);
        Ok(RwLockWriteGuard::new(self, self.inner.try_write()?, Location::caller()))
    }

    /// As tokio's [`try_write_owned`](real::RwLock::try_write_owned).
    ///
    /// # Errors
    /// If somebody has it.
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        self.object.immediate("try_write", Access::Change);
        // SAFETY: the guard is kept together with the `Arc`.
        let guard = unsafe { unbound(&self) }.inner.try_write()?;
        // SAFETY: the `Arc` is the owner.
        Ok(unsafe { OwnedRwLockWriteGuard::new(guard, self, Location::caller()) })
    }

    /// As tokio's [`get_mut`](real::RwLock::get_mut).
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// As tokio's [`into_inner`](real::RwLock::into_inner).
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        self.inner.into_inner()
    }
}

/// A writer becomes a reader, if `downgrade` says that tokio's guard has.
fn downgrade<R, W>(
    object: &Object,
    hold: &mut Hold,
    site: &'static Location<'static>,
    downgrade: impl FnOnce() -> Result<R, W>,
) -> Result<R, W> {
    if !is_inside_run() {
        return downgrade();
    }
    let _call = Call::begin();
    let guard = downgrade()?;
    object.immediate_at("downgrade", Access::Change, site);
    object.publish();
    *hold = Hold::none();
    *hold = object.acquired_at(1, Mode::Shared, site);
    Ok(guard)
}

impl<T: ?Sized> Owner for Arc<RwLock<T>> {
    fn object(&self) -> &Object {
        &self.object
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
