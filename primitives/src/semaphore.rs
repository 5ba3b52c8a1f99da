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
//! `acquire()`.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Hold, Mode};
use crate::waiters::{Waiters, Wakeups};

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
    waiters: Waiters,
}

impl State {
    const fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }

    const fn is_locked(&self) -> bool {
        self.value == 0 || !self.waiters.is_idle()
    }

    const fn try_acquire(&mut self) -> Option<()> {
        if self.is_locked() {
            return None;
        }
        self.value -= 1;
        Some(())
    }

    /// Gives a permit back. `None` if there are as many as there may be.
    fn release(&mut self) -> Option<Wakeups> {
        if self.value >= self.bound {
            return None;
        }
        self.value += 1;
        Some(Wakeups::from(self.hand_over()))
    }

    /// Hands a permit to the first waiter, if there are both.
    fn hand_over(&mut self) -> Option<crate::waiters::Wakeup> {
        if self.value == 0 {
            return None;
        }
        let wakeup = self.waiters.grant_first(()).ok()?;
        self.value -= 1;
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

    /// A waiter was handed a permit and dropped before it took it.
    fn pass_on(&mut self, (): ()) -> Wakeups {
        self.value += 1;
        self.let_through()
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
        AcquirePermit { acquiring: self.acquiring(Location::caller()) }
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
        AcquireUnguarded { acquiring: self.acquiring(Location::caller()) }
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
        self.base.object.immediate("try_acquire", Access::Change);
        let taken = self.base.lock().try_acquire();
        taken.map(|()| self.permit(Location::caller())).ok_or(TryAcquireError)
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
        let released = self.try_release();
        released.expect("a semaphore has at most usize::MAX permits");
    }

    #[track_caller]
    fn try_release(&self) -> Result<(), ReleaseError> {
        self.base.object.immediate("release", Access::Change);
        self.base.object.publish();
        let woken = self.base.lock().release().ok_or(ReleaseError)?;
        self.base.object.give_back(1);
        woken.wake_granted();
        Ok(())
    }

    fn acquiring(&self, site: &'static Location<'static>) -> Acquiring<'_> {
        let waiting = Waiting::new("acquire", Access::Change, site);
        Acquiring { semaphore: self, waiting }
    }

    /// What whoever has just got a permit has from here on.
    fn permit(&self, site: &'static Location<'static>) -> SemaphorePermit<'_> {
        self.base.object.observe();
        let hold = self.base.object.hold_at(1, Mode::Shared, site);
        SemaphorePermit { semaphore: self, site, hold, on_drop: OnDrop::GiveBack }
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
        self.inner.try_release()
    }
}

/// Has a permit; dropping it gives the permit back.
///
/// # Examples
/// ```
/// let semaphore = unpick_primitives::Semaphore::new(1);
/// semaphore.try_acquire().expect("one is left").forget();
/// assert!(semaphore.locked(), "nobody gives it back");
/// ```
#[must_use = "dropping the permit gives it back"]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    site: &'static Location<'static>,
    hold: Hold,
    on_drop: OnDrop,
}

/// What dropping a permit does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDrop {
    /// Gives it back. Left when it is forgotten.
    GiveBack,
    /// Nothing.
    Forget,
}

impl SemaphorePermit<'_> {
    /// Keeps the permit for good, as if it had been taken without a guard.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(1);
    /// semaphore.try_acquire().expect("one is left").forget();
    /// semaphore.release();
    /// assert!(!semaphore.locked());
    /// ```
    pub fn forget(mut self) {
        self.hold = Hold::none();
        self.semaphore.base.object.take(1, self.site);
        self.on_drop = OnDrop::Forget;
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::Forget {
            return;
        }
        let base = &self.semaphore.base;
        base.object.immediate("release", Access::Change);
        base.object.publish();
        self.hold = Hold::none();
        let woken = base.lock().release();
        woken.into_iter().for_each(Wakeups::wake_granted);
    }
}

/// Getting a permit, which whoever polls it makes something of.
struct Acquiring<'a> {
    semaphore: &'a Semaphore,
    waiting: Waiting,
}

impl Acquiring<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let attempt = |state: &mut State, granted| match granted {
            Some(()) => Some(state.let_through()),
            None => state.try_acquire().map(|()| Wakeups::none()),
        };
        let base = &self.semaphore.base;
        let polled = base.poll(&mut self.waiting, cx, State::waiters, attempt);
        polled.map(Wakeups::wake_granted)
    }
}

impl Drop for Acquiring<'_> {
    fn drop(&mut self) {
        let base = &self.semaphore.base;
        let woken = base.cancel(&mut self.waiting, State::waiters, State::pass_on);
        woken.into_iter().for_each(Wakeups::wake_granted);
    }
}

/// The future of [`Semaphore::acquire`].
#[must_use = "futures do nothing unless they are polled"]
pub struct AcquirePermit<'a> {
    acquiring: Acquiring<'a>,
}

impl<'a> Future for AcquirePermit<'a> {
    type Output = SemaphorePermit<'a>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<SemaphorePermit<'a>> {
        let Acquiring { semaphore, waiting } = &self.acquiring;
        let (semaphore, site) = (*semaphore, waiting.site());
        self.acquiring.poll(cx).map(|()| semaphore.permit(site))
    }
}

/// The future of [`Semaphore::acquire_unguarded`].
#[must_use = "futures do nothing unless they are polled"]
pub struct AcquireUnguarded<'a> {
    acquiring: Acquiring<'a>,
}

impl Future for AcquireUnguarded<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let object = &self.acquiring.semaphore.base.object;
        let site = self.acquiring.waiting.site();
        self.acquiring.poll(cx).map(|()| {
            object.observe();
            object.take(1, site);
        })
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("Semaphore", f)
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as("BoundedSemaphore", f)
    }
}

impl fmt::Debug for SemaphorePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<SemaphorePermit of {:?}>", self.semaphore)
    }
}

impl fmt::Debug for AcquirePermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AcquirePermit of {:?}>", self.acquiring.semaphore)
    }
}

impl fmt::Debug for AcquireUnguarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AcquireUnguarded of {:?}>", self.acquiring.semaphore)
    }
}

/// Nothing is left, or others come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryAcquireError;

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no permit is left")
    }
}

impl std::error::Error for TryAcquireError {}

/// A bounded semaphore was given back more permits than were taken: asyncio's `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseError;

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore released too many times")
    }
}

impl std::error::Error for ReleaseError {}
