//! A counter of permits: asyncio's `Semaphore`.
//!
//! The semaphore is fair and hands over: a release gives the permit to the first waiter there
//! and then, before it has even run. While somebody waits, or was handed a permit and has not
//! run yet, newcomers queue behind, even if permits are left; whoever takes what it was handed
//! lets as many of them through as there are permits. A waiter that is dropped after it was
//! handed a permit passes it on.
//!
//! Permits come with a guard ([`acquire`](Semaphore::acquire)) or without
//! ([`acquire_unguarded`](Semaphore::acquire_unguarded)), as asyncio's `async with` and its bare
//! `acquire()`. Several can be taken at once, as tokio's: whoever waits for more than are left
//! holds up those who came later, so that it is never starved.
//!
//! Unlike tokio's it cannot be closed, and so `acquire` returns a permit and no `Result`.

mod bounded;
mod permit;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use bounded::BoundedSemaphore;
pub use permit::{
    AcquirePermit, AcquirePermitOwned, AcquireUnguarded, BaseAcquirePermit, BasePermit,
    OwnedSemaphorePermit, SemaphorePermit,
};

use crate::instrumented::{Count, Instrumented, show};
use crate::probe::Access;
use crate::waiters::{Waiters, Wakeup, Wakeups};

/// A fair counter of permits, without an upper bound.
///
/// # Examples
/// ```
/// use unpick_primitives::Semaphore;
///
/// let connections = Semaphore::new(2).named("connections");
/// futures::executor::block_on(async {
///     let _first = connections.acquire().await;
///     let _second = connections.acquire().await;
///     assert!(connections.locked());
/// });
/// assert_eq!(format!("{connections:?}"), "<Semaphore connections [unlocked, value:2]>");
/// ```
pub struct Semaphore {
    base: Instrumented<State>,
}

struct State {
    /// How many permits are left for the taking.
    value: usize,
    bound: usize,
    /// Each wants so many permits, and is granted as many.
    waiters: Waiters<u32, u32>,
}

impl State {
    const fn waiters(&mut self) -> &mut Waiters<u32, u32> {
        &mut self.waiters
    }

    const fn is_locked(&self) -> bool {
        self.value == 0 || !self.waiters.is_idle()
    }

    /// Takes permits, if they are left and nobody comes first.
    const fn try_acquire(&mut self, permits: u32) -> Option<()> {
        if self.value < permits as usize || !self.waiters.is_idle() {
            return None;
        }
        self.value -= permits as usize;
        Some(())
    }

    /// Gives permits back. `None` if there were more than there may be.
    fn release(&mut self, permits: usize) -> Option<Wakeups> {
        if permits > self.bound - self.value {
            return None;
        }
        self.value += permits;
        let mut woken = Wakeups::none();
        while woken.len() < permits
            && let Some(wakeup) = self.hand_over()
        {
            woken.push(wakeup);
        }
        Some(woken)
    }

    /// Hands the first waiter the permits that it wants, if there are both.
    fn hand_over(&mut self) -> Option<Wakeup> {
        let &permits = self.waiters.first_wants()?;
        if self.value < permits as usize {
            return None;
        }
        let wakeup = self.waiters.grant_first(permits).ok()?;
        self.value -= permits as usize;
        Some(wakeup)
    }

    /// Lets through those who queued behind somebody who was handed a permit.
    fn let_through(&mut self) -> Wakeups {
        let mut woken = Wakeups::none();
        while let Some(wakeup) = self.hand_over() {
            woken.push(wakeup);
        }
        woken
    }

    /// A waiter was handed permits and dropped before it took them.
    fn pass_on(&mut self, permits: u32) -> Wakeups {
        // Somebody may have released too often meanwhile, when this permit was nobody's.
        self.value = (self.value + permits as usize).min(self.bound);
        self.let_through()
    }

    /// A waiter was dropped that may have wanted more than those behind it. If somebody was
    /// handed a permit, they go on after that one.
    fn has_left(&mut self) -> Wakeups {
        if self.waiters.has_granted() { Wakeups::none() } else { self.let_through() }
    }
}

impl Semaphore {
    /// Makes a semaphore with so many permits.
    ///
    /// # Examples
    /// ```
    /// assert!(unpick_primitives::Semaphore::new(0).locked());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(value: usize) -> Semaphore {
        Semaphore::with_bound("semaphore", value, usize::MAX)
    }

    #[track_caller]
    fn with_bound(kind: &'static str, value: usize, bound: usize) -> Semaphore {
        let state = State { value, bound, waiters: Waiters::new() };
        Semaphore { base: Instrumented::new(kind, state) }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(0).named("slots");
    /// assert_eq!(format!("{semaphore:?}"), "<Semaphore slots [locked]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Semaphore {
        self.base.set_name(name);
        self
    }

    /// Whether a permit would have to be waited for: none is left, or others come first.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::Semaphore::new(1).locked());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn locked(&self) -> bool {
        self.base.object.immediate("locked", Access::Read);
        self.base.lock().is_locked()
    }

    /// How many permits are left for the taking.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// let permit = semaphore.try_acquire_many(2);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # drop(permit);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn available_permits(&self) -> usize {
        self.base.object.immediate("available_permits", Access::Read);
        self.base.lock().value
    }

    /// Waits until a permit is this caller's, and returns a guard that gives it back when it is
    /// dropped.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue and nothing else: a permit that it was
    /// handed meanwhile goes to the next.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(1);
    /// let permit = futures::executor::block_on(semaphore.acquire());
    /// assert!(semaphore.locked());
    /// drop(permit);
    /// assert!(!semaphore.locked());
    /// ```
    #[track_caller]
    pub fn acquire(&self) -> AcquirePermit<'_> {
        AcquirePermit::new(self, 1, Location::caller())
    }

    /// Waits until so many permits are this caller's together, and returns a guard that gives
    /// them back when it is dropped. Whoever comes later waits behind it, even for fewer.
    ///
    /// # Cancel safety
    /// As of [`acquire`](Self::acquire): permits that it was handed, and those that were kept for
    /// it, go to the next.
    ///
    /// # Examples
    /// ```
    /// let memory = unpick_primitives::Semaphore::new(8);
    /// let reserved = futures::executor::block_on(memory.acquire_many(6));
    /// assert_eq!(memory.available_permits(), 2);
    /// drop(reserved);
    /// assert_eq!(memory.available_permits(), 8);
    /// ```
    #[track_caller]
    pub fn acquire_many(&self, permits: u32) -> AcquirePermit<'_> {
        AcquirePermit::new(self, permits, Location::caller())
    }

    /// Waits until a permit is this caller's, and returns a guard that keeps the semaphore alive
    /// and borrows nothing.
    ///
    /// # Cancel safety
    /// As of [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use unpick_primitives::Semaphore;
    ///
    /// let slots = Arc::new(Semaphore::new(1));
    /// let permit = futures::executor::block_on(slots.clone().acquire_owned());
    /// // It can be sent along with the work that it is for.
    /// std::thread::spawn(move || drop(permit)).join().expect("it does not panic");
    /// assert!(!slots.locked());
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> AcquirePermitOwned {
        AcquirePermitOwned::new(self, 1, Location::caller())
    }

    /// Waits until so many permits are this caller's together, and returns a guard that keeps
    /// the semaphore alive and borrows nothing.
    ///
    /// # Cancel safety
    /// As of [`acquire_many`](Self::acquire_many).
    ///
    /// # Examples
    /// ```
    /// let memory = std::sync::Arc::new(unpick_primitives::Semaphore::new(8));
    /// let reserved = futures::executor::block_on(memory.clone().acquire_many_owned(6));
    /// assert_eq!(reserved.num_permits(), 6);
    /// ```
    #[track_caller]
    pub fn acquire_many_owned(self: Arc<Self>, permits: u32) -> AcquirePermitOwned {
        AcquirePermitOwned::new(self, permits, Location::caller())
    }

    /// Waits until a permit is this caller's, and leaves it to the program to give it back with
    /// [`release`](Self::release), from whichever task.
    ///
    /// # Cancel safety
    /// As of [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(1);
    /// futures::executor::block_on(semaphore.acquire_unguarded());
    /// assert!(semaphore.locked());
    /// semaphore.release();
    /// assert!(!semaphore.locked());
    /// ```
    #[track_caller]
    pub fn acquire_unguarded(&self) -> AcquireUnguarded<'_> {
        AcquireUnguarded::new(self, Location::caller())
    }

    /// Takes a permit, if one is left and nobody comes first.
    ///
    /// # Errors
    /// If it would have to be waited for.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(1);
    /// let permit = semaphore.try_acquire().expect("one is left");
    /// assert!(semaphore.try_acquire().is_err());
    /// drop(permit);
    /// ```
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes so many permits, if they are left and nobody comes first.
    ///
    /// # Errors
    /// If they would have to be waited for.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// let permits = semaphore.try_acquire_many(2).expect("three are left");
    /// assert!(semaphore.try_acquire_many(2).is_err());
    /// assert_eq!(permits.num_permits(), 2);
    /// ```
    #[track_caller]
    pub fn try_acquire_many(&self, permits: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_take(permits)?;
        Ok(SemaphorePermit::taken(self, permits, Location::caller()))
    }

    /// Takes a permit, if one is left and nobody comes first, with a guard that keeps the
    /// semaphore alive and borrows nothing.
    ///
    /// # Errors
    /// If it would have to be waited for.
    ///
    /// # Examples
    /// ```
    /// let slots = std::sync::Arc::new(unpick_primitives::Semaphore::new(1));
    /// let permit = slots.clone().try_acquire_owned().expect("one is left");
    /// assert!(slots.try_acquire_owned().is_err());
    /// # drop(permit);
    /// ```
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes so many permits, if they are left and nobody comes first, with a guard that keeps
    /// the semaphore alive and borrows nothing.
    ///
    /// # Errors
    /// If they would have to be waited for.
    ///
    /// # Examples
    /// ```
    /// let memory = std::sync::Arc::new(unpick_primitives::Semaphore::new(8));
    /// assert!(memory.clone().try_acquire_many_owned(8).is_ok());
    /// assert!(memory.try_acquire_many_owned(9).is_err());
    /// ```
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_take(permits)?;
        Ok(OwnedSemaphorePermit::taken(self, permits, Location::caller()))
    }

    #[track_caller]
    fn try_take(&self, permits: u32) -> Result<(), TryAcquireError> {
        self.base.object.immediate("try_acquire", Access::Change);
        self.base.lock().try_acquire(permits).ok_or(TryAcquireError)
    }

    /// Gives a permit back, or adds one: nothing says that it has to have been taken.
    ///
    /// # Panics
    /// If there are `usize::MAX` permits already.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(0);
    /// semaphore.release();
    /// assert!(semaphore.try_acquire().is_ok());
    /// ```
    #[track_caller]
    pub fn release(&self) {
        self.add_permits(1);
    }

    /// Gives so many permits back, or adds them, as so many calls of [`release`](Self::release).
    ///
    /// # Panics
    /// If there were more than `usize::MAX` permits.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(0);
    /// semaphore.add_permits(3);
    /// assert_eq!(semaphore.available_permits(), 3);
    /// ```
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        let released = self.try_release(permits);
        released.expect("a semaphore has at most usize::MAX permits");
    }

    /// Takes permits away for good, so many at the most as are left, and returns how many.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// assert_eq!(semaphore.forget_permits(2), 2);
    /// assert_eq!(semaphore.forget_permits(2), 1);
    /// assert!(semaphore.locked());
    /// ```
    #[track_caller]
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.base.object.immediate("forget_permits", Access::Change);
        let mut state = self.base.lock();
        let forgotten = permits.min(state.value);
        state.value -= forgotten;
        forgotten
    }

    #[track_caller]
    fn try_release(&self, permits: usize) -> Result<(), ReleaseError> {
        self.base.object.immediate("release", Access::Change);
        self.base.object.publish();
        let woken = self.base.lock().release(permits).ok_or(ReleaseError)?;
        self.base.object.give_back(u32::try_from(permits).unwrap_or(u32::MAX));
        woken.wake_granted();
        Ok(())
    }

    fn fmt_as(&self, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_locked, value, waiters) = {
            let state = self.base.lock();
            (state.is_locked(), state.value, Count("waiters", state.waiters.len()))
        };
        match is_locked {
            true => show(f, kind, &self.base.object, format_args!("locked{waiters}")),
            false => show(f, kind, &self.base.object, format_args!("unlocked, value:{value}")),
        }
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("Semaphore", f)
    }
}

/// Nothing is left, or others come first.
///
/// # Examples
/// ```
/// let semaphore = unpick_primitives::Semaphore::new(0);
/// assert_eq!(semaphore.try_acquire().unwrap_err().to_string(), "no permit is left");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryAcquireError;

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no permit is left")
    }
}

impl std::error::Error for TryAcquireError {}

/// A bounded semaphore was given back more permits than were taken: asyncio's `ValueError`.
///
/// # Examples
/// ```
/// use unpick_primitives::semaphore::{BoundedSemaphore, ReleaseError};
///
/// assert_eq!(BoundedSemaphore::new(1).release(), Err(ReleaseError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseError;

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore released too many times")
    }
}

impl std::error::Error for ReleaseError {}
