//! The semaphore that never has more permits than it began with.

use std::borrow::Cow;
use std::fmt;

use super::permit::{AcquirePermit, AcquireUnguarded, SemaphorePermit};
use super::{ReleaseError, Semaphore, TryAcquireError};

/// A counter of permits that never has more than it began with: asyncio's `BoundedSemaphore`.
///
/// # Examples
/// ```
/// use unpick_primitives::BoundedSemaphore;
///
/// let slots = BoundedSemaphore::new(1);
/// let permit = slots.try_acquire().expect("one is left");
/// drop(permit);
/// assert_eq!(slots.release().unwrap_err().to_string(), "semaphore released too many times");
/// ```
pub struct BoundedSemaphore {
    inner: Semaphore,
}

impl BoundedSemaphore {
    /// Makes a semaphore with so many permits, now and at the most.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::BoundedSemaphore::new(1).locked());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(value: usize) -> BoundedSemaphore {
        BoundedSemaphore { inner: Semaphore::with_bound("bounded_semaphore", value, value) }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::BoundedSemaphore::new(0).named("slots");
    /// assert_eq!(format!("{semaphore:?}"), "<BoundedSemaphore slots [locked]>");
    /// ```
    #[must_use]
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> BoundedSemaphore {
        BoundedSemaphore { inner: self.inner.named(name) }
    }

    /// Whether a permit would have to be waited for: see [`Semaphore::locked`].
    ///
    /// # Examples
    /// ```
    /// assert!(unpick_primitives::BoundedSemaphore::new(0).locked());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn locked(&self) -> bool {
        self.inner.locked()
    }

    /// Waits until a permit is this caller's, and returns a guard that gives it back when it is
    /// dropped.
    ///
    /// # Cancel safety
    /// As of [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::BoundedSemaphore::new(1);
    /// let permit = futures::executor::block_on(semaphore.acquire());
    /// assert!(semaphore.locked());
    /// # drop(permit);
    /// ```
    #[track_caller]
    pub fn acquire(&self) -> AcquirePermit<'_> {
        self.inner.acquire()
    }

    /// Waits until a permit is this caller's, and leaves it to the program to give it back with
    /// [`release`](Self::release).
    ///
    /// # Cancel safety
    /// As of [`Semaphore::acquire`].
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::BoundedSemaphore::new(1);
    /// futures::executor::block_on(semaphore.acquire_unguarded());
    /// assert_eq!(semaphore.release(), Ok(()));
    /// ```
    #[track_caller]
    pub fn acquire_unguarded(&self) -> AcquireUnguarded<'_> {
        self.inner.acquire_unguarded()
    }

    /// Takes a permit, if one is left and nobody comes first.
    ///
    /// # Errors
    /// If it would have to be waited for.
    ///
    /// # Examples
    /// ```
    /// assert!(unpick_primitives::BoundedSemaphore::new(0).try_acquire().is_err());
    /// ```
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.inner.try_acquire()
    }

    /// Gives a permit back. A guard that is dropped although a bare release has already given
    /// its permit back does nothing: the bare release was one too many.
    ///
    /// # Errors
    /// If there are as many as at the beginning.
    ///
    /// # Examples
    /// ```
    /// assert!(unpick_primitives::BoundedSemaphore::new(1).release().is_err());
    /// ```
    #[track_caller]
    pub fn release(&self) -> Result<(), ReleaseError> {
        self.inner.try_release(1)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as("BoundedSemaphore", f)
    }
}
