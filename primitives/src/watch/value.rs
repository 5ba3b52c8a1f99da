//! The value, and borrowing it.

use std::fmt;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use crate::probe::{Object, is_inside_run};

/// A value that is read for moments. A change that panicked half-way leaves what it has done,
/// as it would without a lock: poison is not heeded.
pub(super) struct Value<T> {
    lock: RwLock<T>,
}

impl<T> Value<T> {
    pub(super) const fn new(value: T) -> Value<T> {
        Value { lock: RwLock::new(value) }
    }

    #[track_caller]
    pub(super) fn read(&self, object: &Object) -> Ref<'_, T> {
        let guard = if is_inside_run() {
            match self.lock.try_read() {
                Ok(guard) => guard,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => panic!(
                    "the value of watch {} is borrowed by the very code that changes it; \
                     allowed: after the change",
                    object.name().unwrap_or("(unnamed)")
                ),
            }
        } else {
            self.lock.read().unwrap_or_else(PoisonError::into_inner)
        };
        Ref { guard, has_changed: false }
    }

    #[track_caller]
    pub(super) fn write(&self, object: &Object) -> RwLockWriteGuard<'_, T> {
        if !is_inside_run() {
            return self.lock.write().unwrap_or_else(PoisonError::into_inner);
        }
        match self.lock.try_write() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => panic!(
                "the value of watch {} was sent while somebody borrows it; allowed: when every \
                 `Ref` is dropped, which a task must not keep over an await",
                object.name().unwrap_or("(unnamed)")
            ),
        }
    }
}

/// Borrows the value of a channel, and holds up whoever sends meanwhile.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::watch::channel(vec![1]);
/// let value = sender.borrow();
/// assert_eq!(value.len(), 1);
/// ```
#[must_use = "the value is borrowed only as long as this exists"]
pub struct Ref<'a, T> {
    guard: RwLockReadGuard<'a, T>,
    pub(super) has_changed: bool,
}

impl<T> Ref<'_, T> {
    /// Whether the value was another than the one that the receiver had seen when it borrowed
    /// it; never so for a sender.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::watch::channel(1);
    /// sender.send_replace(2);
    /// assert!(receiver.borrow_and_update().has_changed());
    /// assert!(!receiver.borrow_and_update().has_changed());
    /// ```
    #[must_use]
    pub const fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guard.fmt(f)
    }
}
