//! Reading under a lock that is kept alive.

use std::panic::Location;
use std::sync::Arc;

use tokio::sync as real;
use unpick_sim::probe::{Hold, Mode};

use super::RwLock;
use crate::sync::guard::gives_access;
use crate::sync::kept::{Kept, kind};

/// Reads under a lock that it keeps alive: tokio's
/// [`OwnedRwLockReadGuard`](real::OwnedRwLockReadGuard).
#[clippy::has_significant_drop]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    kept: Kept<Arc<RwLock<T>>, Reading<T, U>>,
}

kind!(Reading<T, U>, RwLockReadGuard, U, OwnedRwLockReadGuard);

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    /// # Safety
    /// The guard must be of this very lock.
    pub(super) unsafe fn new(
        guard: real::RwLockReadGuard<'_, T>,
        lock: Arc<RwLock<T>>,
        site: &'static Location<'static>,
    ) -> Self {
        let hold = lock.object.acquired_at(1, Mode::Shared, site);
        // SAFETY: it borrows from the lock, which the `Arc` keeps alive where it is.
        unsafe { OwnedRwLockReadGuard::with_hold(guard, lock, hold) }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// # Safety
    /// The guard must be of this very lock.
    pub(super) unsafe fn with_hold(
        guard: real::RwLockReadGuard<'_, U>,
        lock: Arc<RwLock<T>>,
        hold: Hold,
    ) -> Self {
        // SAFETY: it borrows from the lock, which the `Arc` keeps alive where it is.
        OwnedRwLockReadGuard { kept: unsafe { Kept::new(guard, lock, hold) } }
    }

    /// As tokio's [`map`](real::OwnedRwLockReadGuard::map).
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        let part = real::RwLockReadGuard::map(guard, f);
        // SAFETY: it borrows from the same lock as before.
        unsafe { OwnedRwLockReadGuard::with_hold(part, lock, hold) }
    }

    /// As tokio's [`try_map`](real::OwnedRwLockReadGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, lock) = unsafe { this.kept.into_parts() };
        match real::RwLockReadGuard::try_map(guard, f) {
            // SAFETY: it borrows from the same lock as before.
            Ok(part) => Ok(unsafe { OwnedRwLockReadGuard::with_hold(part, lock, hold) }),
            // SAFETY: it borrows from the same lock as before.
            Err(guard) => Err(unsafe { OwnedRwLockReadGuard::with_hold(guard, lock, hold) }),
        }
    }

    /// As tokio's [`rwlock`](real::OwnedRwLockReadGuard::rwlock).
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.kept.owner()
    }
}

gives_access!([T, U] OwnedRwLockReadGuard<T, U>, U, |this| this.kept.guard());
