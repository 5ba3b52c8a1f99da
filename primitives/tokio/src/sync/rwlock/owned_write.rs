//! Writing under a lock that is kept alive.

use std::convert::Infallible;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync as real;
use unpick_sim::probe::{Hold, Mode};

use super::{OwnedRwLockReadGuard, RwLock, downgrade};
use crate::sync::guard::gives_access;
use crate::sync::kept::{Kept, kind};

/// Writes under a lock that it keeps alive: tokio's
/// [`OwnedRwLockWriteGuard`](real::OwnedRwLockWriteGuard).
#[clippy::has_significant_drop]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    kept: Kept<Arc<RwLock<T>>, Writing<T>>,
}

/// Writes to a part of a value under a lock that it keeps alive: tokio's
/// [`OwnedRwLockMappedWriteGuard`](real::OwnedRwLockMappedWriteGuard).
#[clippy::has_significant_drop]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    kept: Kept<Arc<RwLock<T>>, WritingPart<T, U>>,
}

kind!(Writing<T>, RwLockWriteGuard, T, OwnedRwLockWriteGuard);
kind!(WritingPart<T, U>, RwLockMappedWriteGuard, U, OwnedRwLockMappedWriteGuard);

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    /// # Safety
    /// The guard must be of this very lock.
    pub(super) unsafe fn new(
        guard: real::RwLockWriteGuard<'_, T>,
        lock: Arc<RwLock<T>>,
        site: &'static Location<'static>,
    ) -> Self {
        let hold = lock.object.acquired_at(1, Mode::Exclusive, site);
        // SAFETY: it borrows from the lock, which the `Arc` keeps alive where it is.
        unsafe { OwnedRwLockWriteGuard::with_hold(guard, lock, hold) }
    }

    /// # Safety
    /// As of `new`.
    unsafe fn with_hold(
        guard: real::RwLockWriteGuard<'_, T>,
        lock: Arc<RwLock<T>>,
        hold: Hold,
    ) -> Self {
        // SAFETY: it borrows from the lock, which the `Arc` keeps alive where it is.
        OwnedRwLockWriteGuard { kept: unsafe { Kept::new(guard, lock, hold) } }
    }

    /// As tokio's [`map`](real::OwnedRwLockWriteGuard::map).
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        let part = real::RwLockWriteGuard::map(guard, f);
        // SAFETY: it borrows from the same lock as before.
        unsafe { OwnedRwLockMappedWriteGuard::with_hold(part, lock, hold) }
    }

    /// As tokio's [`downgrade_map`](real::OwnedRwLockWriteGuard::downgrade_map).
    #[track_caller]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (mut hold, guard, lock) = unsafe { this.kept.into_parts() };
        let map = || Ok::<_, Infallible>(real::RwLockWriteGuard::downgrade_map(guard, f));
        let Ok(part) = downgrade(&lock.object, &mut hold, Location::caller(), map);
        // SAFETY: it borrows from the same lock as before.
        unsafe { OwnedRwLockReadGuard::with_hold(part, lock, hold) }
    }

    /// As tokio's [`try_map`](real::OwnedRwLockWriteGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        match real::RwLockWriteGuard::try_map(guard, f) {
            // SAFETY: it borrows from the same lock as before.
            Ok(part) => Ok(unsafe { OwnedRwLockMappedWriteGuard::with_hold(part, lock, hold) }),
            // SAFETY: it borrows from the same lock as before.
            Err(guard) => Err(unsafe { OwnedRwLockWriteGuard::with_hold(guard, lock, hold) }),
        }
    }

    /// As tokio's [`try_downgrade_map`](real::OwnedRwLockWriteGuard::try_downgrade_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    #[track_caller]
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (mut hold, guard, lock) = unsafe { this.kept.into_parts() };
        let map = || real::RwLockWriteGuard::try_downgrade_map(guard, f);
        match downgrade(&lock.object, &mut hold, Location::caller(), map) {
            // SAFETY: it borrows from the same lock as before.
            Ok(part) => Ok(unsafe { OwnedRwLockReadGuard::with_hold(part, lock, hold) }),
            // SAFETY: it borrows from the same lock as before.
            Err(guard) => Err(unsafe { OwnedRwLockWriteGuard::with_hold(guard, lock, hold) }),
        }
    }

    /// As tokio's [`into_mapped`](real::OwnedRwLockWriteGuard::into_mapped).
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        // SAFETY: they are put together again.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        let part = real::RwLockWriteGuard::into_mapped(guard);
        // SAFETY: it borrows from the same lock as before.
        unsafe { OwnedRwLockMappedWriteGuard::with_hold(part, lock, hold) }
    }

    /// As tokio's [`downgrade`](real::OwnedRwLockWriteGuard::downgrade).
    #[track_caller]
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        // SAFETY: they are put together again.
        let (mut hold, guard, lock) = unsafe { self.kept.into_parts() };
        let downgraded = || Ok::<_, Infallible>(guard.downgrade());
        let Ok(guard) = downgrade(&lock.object, &mut hold, Location::caller(), downgraded);
        // SAFETY: it borrows from the same lock as before.
        unsafe { OwnedRwLockReadGuard::with_hold(guard, lock, hold) }
    }

    /// As tokio's [`rwlock`](real::OwnedRwLockWriteGuard::rwlock).
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.kept.owner()
    }

    fn value_mut(&mut self) -> &mut T {
        // SAFETY: only what it guards is looked at.
        unsafe { self.kept.guard_mut() }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// # Safety
    /// The guard must be of this very lock.
    unsafe fn with_hold(
        guard: real::RwLockMappedWriteGuard<'_, U>,
        lock: Arc<RwLock<T>>,
        hold: Hold,
    ) -> Self {
        // SAFETY: it borrows from the lock, which the `Arc` keeps alive where it is.
        OwnedRwLockMappedWriteGuard { kept: unsafe { Kept::new(guard, lock, hold) } }
    }

    /// As tokio's [`map`](real::OwnedRwLockMappedWriteGuard::map).
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        let part = real::RwLockMappedWriteGuard::map(guard, f);
        // SAFETY: it borrows from the same lock as before.
        unsafe { OwnedRwLockMappedWriteGuard::with_hold(part, lock, hold) }
    }

    /// As tokio's [`try_map`](real::OwnedRwLockMappedWriteGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<F, V: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        match real::RwLockMappedWriteGuard::try_map(guard, f) {
            // SAFETY: it borrows from the same lock as before.
            Ok(part) => Ok(unsafe { OwnedRwLockMappedWriteGuard::with_hold(part, lock, hold) }),
            // SAFETY: it borrows from the same lock as before.
            Err(part) => Err(unsafe { OwnedRwLockMappedWriteGuard::with_hold(part, lock, hold) }),
        }
    }

    /// As tokio's [`rwlock`](real::OwnedRwLockMappedWriteGuard::rwlock).
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.kept.owner()
    }

    fn value_mut(&mut self) -> &mut U {
        // SAFETY: only what it guards is looked at.
        unsafe { self.kept.guard_mut() }
    }
}

gives_access!([T] OwnedRwLockWriteGuard<T>, T, |this| this.kept.guard(), |this| this.value_mut());
gives_access!(
    [T, U] OwnedRwLockMappedWriteGuard<T, U>, U,
    |this| this.kept.guard(), |this| this.value_mut()
);
