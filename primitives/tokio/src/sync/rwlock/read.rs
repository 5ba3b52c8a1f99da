//! Reading under a lock that is borrowed.

use std::panic::Location;

use tokio::sync as real;
use unpick_sim::probe::Mode;

use super::RwLock;
use crate::sync::guard::gives_access;
use crate::sync::held::Held;

/// Reads under a lock: tokio's [`RwLockReadGuard`](real::RwLockReadGuard).
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    pub(super) held: Held<'a>,
    pub(super) inner: real::RwLockReadGuard<'a, T>,
}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[inline]
    pub(super) fn new(
        lock: &'a RwLock<T>,
        inner: real::RwLockReadGuard<'a, T>,
        site: &'static Location<'static>,
    ) -> Self {
        let object = &lock.object;
        let held = Held { object, hold: object.acquired_at(1, Mode::Shared, site) };
        RwLockReadGuard { held, inner }
    }

    /// As tokio's [`map`](real::RwLockReadGuard::map).
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let RwLockReadGuard { held, inner } = this;
        RwLockReadGuard { held, inner: real::RwLockReadGuard::map(inner, f) }
    }

    /// As tokio's [`try_map`](real::RwLockReadGuard::try_map).
    ///
    /// # Errors
    /// If the closure returns `None`: with the guard.
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let RwLockReadGuard { held, inner } = this;
        match real::RwLockReadGuard::try_map(inner, f) {
            Ok(inner) => Ok(RwLockReadGuard { held, inner }),
            Err(inner) => Err(RwLockReadGuard { held, inner }),
        }
    }
}

gives_access!([T] RwLockReadGuard<'_, T>, T, |this| &this.inner);
