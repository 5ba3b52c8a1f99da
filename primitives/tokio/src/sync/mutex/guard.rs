//! Guards that borrow their mutex.

use std::panic::Location;

use tokio::sync as real;
use unpick_sim::probe::Mode;

use super::Mutex;
use crate::sync::guard::gives_access;
use crate::sync::held::Held;

/// Has a mutex: tokio's [`MutexGuard`](real::MutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized> {
    held: Held<'a>,
    inner: real::MutexGuard<'a, T>,
    mutex: &'a Mutex<T>,
}

/// Has a mutex, and gives access to a part of its value: tokio's
/// [`MappedMutexGuard`](real::MappedMutexGuard).
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    held: Held<'a>,
    inner: real::MappedMutexGuard<'a, T>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    #[inline]
    pub(super) fn new(
        mutex: &'a Mutex<T>,
        inner: real::MutexGuard<'a, T>,
        site: &'static Location<'static>,
    ) -> Self {
        let object = &mutex.object;
        let held = Held { object, hold: object.acquired_at(1, Mode::Exclusive, site) };
        MutexGuard { held, inner, mutex }
    }

    /// As tokio's [`map`](real::MutexGuard::map).
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let MutexGuard { held, inner, .. } = this;
        MappedMutexGuard { held, inner: real::MutexGuard::map(inner, f) }
    }

    /// As tokio's [`try_map`](real::MutexGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let MutexGuard { held, inner, mutex } = this;
        match real::MutexGuard::try_map(inner, f) {
            Ok(inner) => Ok(MappedMutexGuard { held, inner }),
            Err(inner) => Err(MutexGuard { held, inner, mutex }),
        }
    }

    /// As tokio's [`mutex`](real::MutexGuard::mutex).
    pub const fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// As tokio's [`map`](real::MappedMutexGuard::map).
    pub fn map<U, F>(this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let MappedMutexGuard { held, inner } = this;
        MappedMutexGuard { held, inner: real::MappedMutexGuard::map(inner, f) }
    }

    /// As tokio's [`try_map`](real::MappedMutexGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<U, F>(this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let MappedMutexGuard { held, inner } = this;
        match real::MappedMutexGuard::try_map(inner, f) {
            Ok(inner) => Ok(MappedMutexGuard { held, inner }),
            Err(inner) => Err(MappedMutexGuard { held, inner }),
        }
    }
}

gives_access!([T] MutexGuard<'_, T>, T, |this| &this.inner, |this| &mut this.inner);
gives_access!([T] MappedMutexGuard<'_, T>, T, |this| &this.inner, |this| &mut this.inner);
