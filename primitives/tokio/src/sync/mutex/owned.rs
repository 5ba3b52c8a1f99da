//! Guards that keep their mutex alive.

use std::panic::Location;
use std::sync::Arc;

use tokio::sync as real;
use unpick_sim::probe::Mode;

use super::Mutex;
use crate::sync::guard::gives_access;
use crate::sync::kept::{Kept, kind};

/// Has a mutex that it keeps alive: tokio's [`OwnedMutexGuard`](real::OwnedMutexGuard).
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized> {
    kept: Kept<Arc<Mutex<T>>, Whole<T>>,
}

/// Has a mutex that it keeps alive, and gives access to a part of its value: tokio's
/// [`OwnedMappedMutexGuard`](real::OwnedMappedMutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    kept: Kept<Arc<Mutex<T>>, Part<T, U>>,
}

kind!(Whole<T>, MutexGuard, T, OwnedMutexGuard);
kind!(Part<T, U>, MappedMutexGuard, U, OwnedMappedMutexGuard);

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// # Safety
    /// The guard must be of this very mutex.
    pub(super) unsafe fn new(
        guard: real::MutexGuard<'_, T>,
        mutex: Arc<Mutex<T>>,
        site: &'static Location<'static>,
    ) -> Self {
        let hold = mutex.object.acquired_at(1, Mode::Exclusive, site);
        // SAFETY: it borrows from the mutex, which the `Arc` keeps alive where it is.
        OwnedMutexGuard { kept: unsafe { Kept::new(guard, mutex, hold) } }
    }

    /// As tokio's [`map`](real::OwnedMutexGuard::map).
    pub fn map<U, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, mutex) = unsafe { this.kept.into_parts() };
        let part = real::MutexGuard::map(guard, f);
        // SAFETY: it borrows from the same mutex as before.
        OwnedMappedMutexGuard { kept: unsafe { Kept::new(part, mutex, hold) } }
    }

    /// As tokio's [`try_map`](real::OwnedMutexGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, mutex) = unsafe { this.kept.into_parts() };
        match real::MutexGuard::try_map(guard, f) {
            Ok(part) => {
                // SAFETY: it borrows from the same mutex as before.
                let kept = unsafe { Kept::new(part, mutex, hold) };
                Ok(OwnedMappedMutexGuard { kept })
            }
            Err(guard) => {
                // SAFETY: it borrows from the same mutex as before.
                let kept = unsafe { Kept::new(guard, mutex, hold) };
                Err(OwnedMutexGuard { kept })
            }
        }
    }

    /// As tokio's [`mutex`](real::OwnedMutexGuard::mutex).
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.kept.owner()
    }

    fn value_mut(&mut self) -> &mut T {
        // SAFETY: only what it guards is looked at.
        unsafe { self.kept.guard_mut() }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// As tokio's [`map`](real::OwnedMappedMutexGuard::map).
    pub fn map<S, F>(this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        F: FnOnce(&mut U) -> &mut S,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, mutex) = unsafe { this.kept.into_parts() };
        let part = real::MappedMutexGuard::map(guard, f);
        // SAFETY: it borrows from the same mutex as before.
        OwnedMappedMutexGuard { kept: unsafe { Kept::new(part, mutex, hold) } }
    }

    /// As tokio's [`try_map`](real::OwnedMappedMutexGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<S, F>(this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        // SAFETY: they are put together again. If `f` panics, the guard is gone before the owner.
        let (hold, guard, mutex) = unsafe { this.kept.into_parts() };
        match real::MappedMutexGuard::try_map(guard, f) {
            Ok(part) => {
                // SAFETY: it borrows from the same mutex as before.
                let kept = unsafe { Kept::new(part, mutex, hold) };
                Ok(OwnedMappedMutexGuard { kept })
            }
            Err(part) => {
                // SAFETY: it borrows from the same mutex as before.
                let kept = unsafe { Kept::new(part, mutex, hold) };
                Err(OwnedMappedMutexGuard { kept })
            }
        }
    }

    fn value_mut(&mut self) -> &mut U {
        // SAFETY: only what it guards is looked at.
        unsafe { self.kept.guard_mut() }
    }
}

gives_access!([T] OwnedMutexGuard<T>, T, |this| this.kept.guard(), |this| this.value_mut());
gives_access!(
    [T, U] OwnedMappedMutexGuard<T, U>, U, |this| this.kept.guard(), |this| this.value_mut()
);
