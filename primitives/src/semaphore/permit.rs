//! Permits, and getting them.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{Semaphore, State};
use crate::instrumented::{Attempt, Waiting};
use crate::probe::{Access, Entry, Hold, Mode, Object, Operation, Stamp};
use crate::waiters::Wakeups;

/// Has permits of a semaphore that it borrows; dropping it gives them back.
///
/// # Examples
/// ```
/// use unpick_primitives::semaphore::{Semaphore, SemaphorePermit};
///
/// struct Connection<'a> {
///     _permit: SemaphorePermit<'a>,
/// }
///
/// let connections = Semaphore::new(1);
/// let connection = connections.try_acquire().map(|permit| Connection { _permit: permit });
/// assert!(connections.locked());
/// drop(connection);
/// assert!(!connections.locked());
/// ```
pub type SemaphorePermit<'a> = BasePermit<&'a Semaphore>;

/// Has permits of a semaphore that it keeps alive; dropping it gives them back.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use unpick_primitives::semaphore::{OwnedSemaphorePermit, Semaphore};
///
/// let slots = Arc::new(Semaphore::new(2));
/// let taken: Vec<OwnedSemaphorePermit> =
///     std::iter::from_fn(|| slots.clone().try_acquire_owned().ok()).collect();
/// assert_eq!(taken.len(), 2);
/// ```
pub type OwnedSemaphorePermit = BasePermit<Arc<Semaphore>>;

/// The future of [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
pub type AcquirePermit<'a> = BaseAcquirePermit<&'a Semaphore>;

/// The future of [`Semaphore::acquire_owned`] and [`Semaphore::acquire_many_owned`].
pub type AcquirePermitOwned = BaseAcquirePermit<Arc<Semaphore>>;

/// Has permits; dropping it gives them back. A [`SemaphorePermit`] or an
/// [`OwnedSemaphorePermit`].
///
/// # Examples
/// ```
/// let semaphore = unpick_primitives::Semaphore::new(1);
/// semaphore.try_acquire().expect("one is left").forget();
/// assert!(semaphore.locked(), "nobody gives it back");
/// ```
#[must_use = "dropping the permit gives it back"]
pub struct BasePermit<L: Deref<Target = Semaphore>> {
    semaphore: L,
    site: &'static Location<'static>,
    hold: Hold,
    /// None once they were forgotten, or are another permit's.
    permits: u32,
}

impl<L: Deref<Target = Semaphore>> BasePermit<L> {
    /// What whoever has just got permits has from here on.
    pub(super) fn taken(semaphore: L, permits: u32, site: &'static Location<'static>) -> Self {
        let object = &semaphore.base.object;
        let hold = match permits {
            0 => Hold::none(),
            permits => object.acquired_at(permits, Mode::Permit, site),
        };
        BasePermit { semaphore, site, hold, permits }
    }

    /// Notes how many it has.
    fn hold(&mut self) {
        self.hold = Hold::none();
        if self.permits > 0 {
            let object = &self.semaphore.base.object;
            self.hold = object.hold_at(self.permits, Mode::Permit, self.site);
        }
    }

    /// The semaphore that they are of.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// let permit = semaphore.try_acquire().expect("three are left");
    /// assert_eq!(permit.semaphore().available_permits(), 2);
    /// ```
    pub const fn semaphore(&self) -> &L {
        &self.semaphore
    }

    /// How many permits it has.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// let permits = semaphore.try_acquire_many(2).expect("three are left");
    /// assert_eq!(permits.num_permits(), 2);
    /// ```
    #[must_use]
    pub const fn num_permits(&self) -> usize {
        self.permits as usize
    }

    /// Keeps the permits for good, as if they had been taken without a guard.
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
        self.semaphore.base.object.forget(self.permits, self.site);
        self.permits = 0;
    }

    /// Takes the permits of another one over.
    ///
    /// # Panics
    /// If the other is of another semaphore.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// let mut permits = semaphore.try_acquire().expect("three are left");
    /// permits.merge(semaphore.try_acquire_many(2).expect("two are left"));
    /// assert_eq!(permits.num_permits(), 3);
    /// ```
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            std::ptr::eq(&raw const *self.semaphore, &raw const *other.semaphore),
            "permits of {:?} were merged with those of {:?}; allowed: those of one semaphore",
            *self.semaphore,
            *other.semaphore
        );
        self.permits += std::mem::take(&mut other.permits);
        other.hold();
        self.hold();
    }

    /// Gives so many of its permits to a new one. `None` if it has fewer.
    ///
    /// # Examples
    /// ```
    /// let semaphore = unpick_primitives::Semaphore::new(3);
    /// let mut permits = semaphore.try_acquire_many(3).expect("three are left");
    /// drop(permits.split(1));
    /// assert_eq!((permits.num_permits(), semaphore.available_permits()), (2, 1));
    /// assert!(permits.split(3).is_none());
    /// ```
    #[must_use = "dropping the new permit gives it back"]
    pub fn split(&mut self, permits: usize) -> Option<Self>
    where
        L: Clone,
    {
        let permits = u32::try_from(permits).ok()?;
        self.permits = self.permits.checked_sub(permits)?;
        self.hold();
        let (semaphore, site) = (self.semaphore.clone(), self.site);
        let mut split = BasePermit { semaphore, site, hold: Hold::none(), permits };
        split.hold();
        Some(split)
    }
}

impl<L: Deref<Target = Semaphore>> Drop for BasePermit<L> {
    fn drop(&mut self) {
        if self.permits == 0 {
            return;
        }
        let base = &self.semaphore.base;
        base.object.release(std::mem::replace(&mut self.hold, Hold::none()));
        let woken = base.lock().release(self.permits as usize);
        woken.into_iter().for_each(Wakeups::wake_granted);
    }
}

/// Getting permits, which whoever polls it makes something of.
struct Acquiring<L: Deref<Target = Semaphore>> {
    semaphore: L,
    permits: u32,
    waiting: Waiting<u32>,
}

impl<L: Deref<Target = Semaphore>> Acquiring<L> {
    const fn new(semaphore: L, permits: u32, site: &'static Location<'static>) -> Self {
        let waiting = Waiting::wanting("acquire", Access::Change, site, permits);
        Acquiring { semaphore, permits, waiting }
    }

    /// With `mode` what it gets is held in that way.
    #[inline(always)]
    fn poll(&mut self, cx: &mut Context<'_>, mode: Mode) -> Poll<Hold> {
        let Acquiring { semaphore, permits, waiting } = self;
        let attempt = TryAcquire(*permits, mode);
        let (hold, woken) = ready!(semaphore.base.poll_by(waiting, cx, State::waiters, attempt));
        woken.wake_granted();
        Poll::Ready(hold)
    }
}

/// Takes so many permits, if they are left and nobody comes first, to hold them in this way.
struct TryAcquire(u32, Mode);

impl Attempt<State, u32> for TryAcquire {
    type Value = Wakeups;
    type Output = (Hold, Wakeups);

    #[inline(always)]
    fn attempt(
        &mut self,
        state: &mut State,
        granted: Option<u32>,
        _stamp: impl FnOnce() -> Stamp,
    ) -> Option<Wakeups> {
        match granted {
            Some(_) => Some(state.let_through()),
            None => state.try_acquire(self.0).map(|()| Wakeups::none()),
        }
    }

    #[inline(always)]
    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        (operation, object): (&mut Operation, &Object),
        woken: Wakeups,
    ) -> (Hold, Wakeups) {
        let &mut TryAcquire(permits, mode) = self;
        if permits == 0 {
            operation.executed_in(entry, object);
            return (Hold::none(), woken);
        }
        (operation.executed_holding_in(entry, object, permits, mode), woken)
    }
}

impl<L: Deref<Target = Semaphore>> Drop for Acquiring<L> {
    fn drop(&mut self) {
        if !self.waiting.is_queued() {
            return;
        }
        let base = &self.semaphore.base;
        let passed_on = base.cancel(&mut self.waiting, State::waiters, State::pass_on);
        let woken = passed_on.unwrap_or_else(|| base.lock().has_left());
        woken.wake_granted();
    }
}

/// The future of [`Semaphore::acquire`] and its variants.
#[must_use = "futures do nothing unless they are polled"]
pub struct BaseAcquirePermit<L: Deref<Target = Semaphore>> {
    acquiring: Acquiring<L>,
}

impl<L: Deref<Target = Semaphore>> BaseAcquirePermit<L> {
    pub(super) const fn new(semaphore: L, permits: u32, site: &'static Location<'static>) -> Self {
        BaseAcquirePermit { acquiring: Acquiring::new(semaphore, permits, site) }
    }
}

impl<L: Deref<Target = Semaphore> + Clone + Unpin> Future for BaseAcquirePermit<L> {
    type Output = BasePermit<L>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BasePermit<L>> {
        self.acquiring.poll(cx, Mode::Permit).map(|hold| {
            let Acquiring { semaphore, permits, waiting } = &self.acquiring;
            BasePermit {
                semaphore: semaphore.clone(),
                site: waiting.site(),
                hold,
                permits: *permits,
            }
        })
    }
}

/// The future of [`Semaphore::acquire_unguarded`].
#[must_use = "futures do nothing unless they are polled"]
pub struct AcquireUnguarded<'a> {
    acquiring: Acquiring<&'a Semaphore>,
}

impl<'a> AcquireUnguarded<'a> {
    pub(super) const fn new(semaphore: &'a Semaphore, site: &'static Location<'static>) -> Self {
        AcquireUnguarded { acquiring: Acquiring::new(semaphore, 1, site) }
    }
}

impl Future for AcquireUnguarded<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.acquiring.poll(cx, Mode::Unguarded).map(Hold::forget)
    }
}

impl<L: Deref<Target = Semaphore>> fmt::Debug for BasePermit<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<SemaphorePermit of {:?}>", *self.semaphore)
    }
}

impl<L: Deref<Target = Semaphore>> fmt::Debug for BaseAcquirePermit<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AcquirePermit of {:?}>", *self.acquiring.semaphore)
    }
}

impl fmt::Debug for AcquireUnguarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AcquireUnguarded of {:?}>", self.acquiring.semaphore)
    }
}
