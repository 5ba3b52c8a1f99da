//! Writing under a lock that is borrowed.

use std::convert::Infallible;
use std::panic::Location;

use tokio::sync as real;
use unpick_sim::probe::Mode;

use super::{RwLock, RwLockReadGuard, downgrade};
use crate::sync::guard::gives_access;
use crate::sync::held::Held;

/// Writes under a lock: tokio's [`RwLockWriteGuard`](real::RwLockWriteGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    held: Held<'a>,
    inner: real::RwLockWriteGuard<'a, T>,
}

/// Writes to a part of a value under a lock: tokio's
/// [`RwLockMappedWriteGuard`](real::RwLockMappedWriteGuard).
#[clippy::has_significant_drop]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    held: Held<'a>,
    inner: real::RwLockMappedWriteGuard<'a, T>,
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[inline]
    pub(super) fn new(
        lock: &'a RwLock<T>,
        inner: real::RwLockWriteGuard<'a, T>,
        site: &'static Location<'static>,
    ) -> Self {
        let object = &lock.object;
        let held = Held { object, hold: object.acquired_at(1, Mode::Exclusive, site) };
        RwLockWriteGuard { held, inner }
    }

    /// As tokio's [`map`](real::RwLockWriteGuard::map).
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let RwLockWriteGuard { held, inner } = this;
        RwLockMappedWriteGuard { held, inner: real::RwLockWriteGuard::map(inner, f) }
    }

    /// As tokio's [`downgrade_map`](real::RwLockWriteGuard::downgrade_map).
    #[track_caller]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let RwLockWriteGuard { mut held, inner } = this;
        let (object, site) = (held.object, Location::caller());
        let map = || Ok::<_, Infallible>(real::RwLockWriteGuard::downgrade_map(inner, f));
        let Ok(inner) = downgrade(object, &mut held.hold, site, map);
        RwLockReadGuard { held, inner }
    }

    /// As tokio's [`try_map`](real::RwLockWriteGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let RwLockWriteGuard { held, inner } = this;
        match real::RwLockWriteGuard::try_map(inner, f) {
            Ok(inner) => Ok(RwLockMappedWriteGuard { held, inner }),
            Err(inner) => Err(RwLockWriteGuard { held, inner }),
        }
    }

    /// As tokio's [`try_downgrade_map`](real::RwLockWriteGuard::try_downgrade_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    #[track_caller]
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let RwLockWriteGuard { mut held, inner } = this;
        let (object, site) = (held.object, Location::caller());
        let try_map = || real::RwLockWriteGuard::try_downgrade_map(inner, f);
        match downgrade(object, &mut held.hold, site, try_map) {
            Ok(inner) => Ok(RwLockReadGuard { held, inner }),
            Err(inner) => Err(RwLockWriteGuard { held, inner }),
        }
    }

    /// As tokio's [`into_mapped`](real::RwLockWriteGuard::into_mapped).
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        let RwLockWriteGuard { held, inner } = this;
        RwLockMappedWriteGuard { held, inner: real::RwLockWriteGuard::into_mapped(inner) }
    }

    /// As tokio's [`downgrade`](real::RwLockWriteGuard::downgrade).
    #[track_caller]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let RwLockWriteGuard { mut held, inner } = self;
        let (object, site) = (held.object, Location::caller());
        let downgraded = || Ok::<_, Infallible>(inner.downgrade());
        let Ok(inner) = downgrade(object, &mut held.hold, site, downgraded);
        RwLockReadGuard { held, inner }
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// As tokio's [`map`](real::RwLockMappedWriteGuard::map).
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let RwLockMappedWriteGuard { held, inner } = this;
        RwLockMappedWriteGuard { held, inner: real::RwLockMappedWriteGuard::map(inner, f) }
    }

    /// As tokio's [`try_map`](real::RwLockMappedWriteGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let RwLockMappedWriteGuard { held, inner } = this;
        match real::RwLockMappedWriteGuard::try_map(inner, f) {
            Ok(inner) => Ok(RwLockMappedWriteGuard { held, inner }),
            Err(inner) => Err(RwLockMappedWriteGuard { held, inner }),
        }
    }
}

gives_access!([T] RwLockWriteGuard<'_, T>, T, |this| &this.inner, |this| &mut this.inner);
gives_access!([T] RwLockMappedWriteGuard<'_, T>, T, |this| &this.inner, |this| &mut this.inner);
