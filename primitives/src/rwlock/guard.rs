//! Reading and writing under the lock, and getting it.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{RwLock, Side, State};
use crate::instrumented::Waiting;
use crate::probe::{Access, Hold, Mode};

/// Reads under a lock that it borrows; dropping it releases the lock.
///
/// # Examples
/// ```
/// let lock = unpick_primitives::RwLock::new(vec![1, 2]);
/// let (first, second) = (lock.try_read(), lock.try_read());
/// assert_eq!(first.expect("nobody writes").len(), second.expect("nobody writes").len());
/// ```
pub type RwLockReadGuard<'a, T = ()> = BaseReadGuard<T, &'a RwLock<T>>;

/// Writes under a lock that it borrows; dropping it releases the lock.
///
/// # Examples
/// ```
/// let lock = unpick_primitives::RwLock::new(vec![1]);
/// let mut guard = lock.try_write().expect("nobody has it");
/// guard.push(2);
/// assert_eq!(guard.len(), 2);
/// ```
pub type RwLockWriteGuard<'a, T = ()> = BaseWriteGuard<T, &'a RwLock<T>>;

/// Reads under a lock that it keeps alive; dropping it releases the lock.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use unpick_primitives::rwlock::{OwnedRwLockReadGuard, RwLock};
///
/// fn snapshot(config: &Arc<RwLock<u32>>) -> Option<OwnedRwLockReadGuard<u32>> {
///     config.clone().try_read_owned().ok()
/// }
///
/// let config = Arc::new(RwLock::new(7));
/// assert_eq!(snapshot(&config).as_deref(), Some(&7));
/// ```
pub type OwnedRwLockReadGuard<T = ()> = BaseReadGuard<T, Arc<RwLock<T>>>;

/// Writes under a lock that it keeps alive; dropping it releases the lock.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use unpick_primitives::RwLock;
///
/// let config = Arc::new(RwLock::new(7));
/// let guard = config.clone().try_write_owned().expect("nobody has it");
/// let guard = guard.downgrade();
/// assert_eq!(*guard, 7);
/// assert!(config.try_read().is_ok());
/// ```
pub type OwnedRwLockWriteGuard<T = ()> = BaseWriteGuard<T, Arc<RwLock<T>>>;

/// The future of [`RwLock::read`].
pub type Read<'a, T = ()> = BaseRead<T, &'a RwLock<T>>;

/// The future of [`RwLock::read_owned`].
pub type ReadOwned<T = ()> = BaseRead<T, Arc<RwLock<T>>>;

/// The future of [`RwLock::write`].
pub type Write<'a, T = ()> = BaseWrite<T, &'a RwLock<T>>;

/// The future of [`RwLock::write_owned`].
pub type WriteOwned<T = ()> = BaseWrite<T, Arc<RwLock<T>>>;

/// Reads under the lock; dropping it releases the lock. A [`RwLockReadGuard`] or an
/// [`OwnedRwLockReadGuard`].
///
/// # Examples
/// ```
/// let lock = unpick_primitives::RwLock::new(1);
/// let guard = lock.try_read().expect("nobody writes");
/// assert_eq!(format!("{guard:?}"), "<RwLockReadGuard of <RwLock [reading, readers:1]>: 1>");
/// ```
#[must_use = "dropping the guard releases the lock"]
pub struct BaseReadGuard<T, L: Deref<Target = RwLock<T>>> {
    lock: L,
    // Invariant: there until the guard is dropped.
    value: Option<Arc<T>>,
    hold: Hold,
}

impl<T, L: Deref<Target = RwLock<T>>> BaseReadGuard<T, L> {
    /// What whoever has just got the lock has from here on.
    pub(super) fn new(lock: L, value: Arc<T>, site: &'static Location<'static>) -> Self {
        let hold = lock.base.object.acquired_at(1, Mode::Shared, site);
        BaseReadGuard { lock, value: Some(value), hold }
    }
}

impl<T, L: Deref<Target = RwLock<T>>> Deref for BaseReadGuard<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value until it is dropped")
    }
}

impl<T, L: Deref<Target = RwLock<T>>> Drop for BaseReadGuard<T, L> {
    fn drop(&mut self) {
        let hold = std::mem::replace(&mut self.hold, Hold::none());
        self.lock.base.object.release(hold);
        if let Some(value) = self.value.take() {
            self.lock.release(Side::Read, value);
        }
    }
}

/// Writes under the lock; dropping it releases the lock. A [`RwLockWriteGuard`] or an
/// [`OwnedRwLockWriteGuard`].
///
/// # Examples
/// ```
/// let lock = unpick_primitives::RwLock::new(1);
/// let guard = lock.try_write().expect("nobody has it");
/// assert_eq!(format!("{guard:?}"), "<RwLockWriteGuard of <RwLock [writing]>: 1>");
/// ```
#[must_use = "dropping the guard releases the lock"]
pub struct BaseWriteGuard<T, L: Deref<Target = RwLock<T>>> {
    lock: L,
    // Invariant: there until the guard is dropped, and the only reference.
    value: Option<Arc<T>>,
    hold: Hold,
}

impl<T, L: Deref<Target = RwLock<T>>> BaseWriteGuard<T, L> {
    /// What whoever has just got the lock has from here on.
    pub(super) fn new(lock: L, value: Arc<T>, site: &'static Location<'static>) -> Self {
        let hold = lock.base.object.acquired_at(1, Mode::Exclusive, site);
        BaseWriteGuard { lock, value: Some(value), hold }
    }

    /// Goes on as a reader, with nobody writing in between.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::RwLock::new(1);
    /// let mut guard = lock.try_write().expect("nobody has it");
    /// *guard += 1;
    /// let guard = guard.downgrade();
    /// assert_eq!(*guard, 2);
    /// assert!(lock.try_read().is_ok());
    /// ```
    #[track_caller]
    pub fn downgrade(mut self) -> BaseReadGuard<T, L>
    where
        L: Clone,
    {
        let lock = self.lock.clone();
        lock.base.object.immediate("downgrade", Access::Change);
        lock.base.object.publish();
        self.hold = Hold::none();
        let value = self.value.take().expect("a guard has the value until it is dropped");
        let woken = {
            let mut state = lock.base.lock();
            state.value = Some(value.clone());
            state.readers = 1;
            state.hand_over()
        };
        woken.wake_granted();
        BaseReadGuard::new(lock, value, Location::caller())
    }
}

impl<T, L: Deref<Target = RwLock<T>>> Deref for BaseWriteGuard<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value until it is dropped")
    }
}

impl<T, L: Deref<Target = RwLock<T>>> DerefMut for BaseWriteGuard<T, L> {
    fn deref_mut(&mut self) -> &mut T {
        let value = self.value.as_mut().expect("a guard has the value until it is dropped");
        Arc::get_mut(value).expect("whoever writes is alone; this is a bug in unpick")
    }
}

impl<T, L: Deref<Target = RwLock<T>>> Drop for BaseWriteGuard<T, L> {
    fn drop(&mut self) {
        // `None` after a downgrade.
        if let Some(value) = self.value.take() {
            let hold = std::mem::replace(&mut self.hold, Hold::none());
            self.lock.base.object.release(hold);
            self.lock.release(Side::Write, value);
        }
    }
}

/// Getting the lock, for either side.
struct Taking<T, L: Deref<Target = RwLock<T>>> {
    lock: L,
    waiting: Waiting<Side>,
    side: Side,
}

impl<T, L: Deref<Target = RwLock<T>>> Taking<T, L> {
    const fn new(
        name: &'static str,
        lock: L,
        side: Side,
        site: &'static Location<'static>,
    ) -> Self {
        Taking { lock, waiting: Waiting::wanting(name, Access::Change, site, side), side }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Arc<T>> {
        let Taking { lock, waiting, side } = self;
        let attempt = |state: &mut State<T>, granted: Option<Arc<T>>| {
            granted.or_else(|| state.try_take(*side))
        };
        lock.base.poll(waiting, cx, State::waiters, attempt)
    }
}

impl<T, L: Deref<Target = RwLock<T>>> Drop for Taking<T, L> {
    fn drop(&mut self) {
        let Taking { lock, waiting, side } = self;
        if !waiting.is_queued() {
            return;
        }
        let pass_on = |state: &mut State<T>, value| state.release(*side, value);
        let passed_on = lock.base.cancel(waiting, State::waiters, pass_on);
        // Those behind a writer that gives up may be readers that can join others.
        let woken = passed_on.unwrap_or_else(|| lock.base.lock().hand_over());
        woken.wake_granted();
    }
}

/// The future of [`RwLock::read`] and [`RwLock::read_owned`].
#[must_use = "futures do nothing unless they are polled"]
pub struct BaseRead<T, L: Deref<Target = RwLock<T>>> {
    taking: Taking<T, L>,
}

impl<T, L: Deref<Target = RwLock<T>>> BaseRead<T, L> {
    pub(super) const fn new(lock: L, site: &'static Location<'static>) -> Self {
        BaseRead { taking: Taking::new("read", lock, Side::Read, site) }
    }
}

impl<T, L: Deref<Target = RwLock<T>> + Clone + Unpin> Future for BaseRead<T, L> {
    type Output = BaseReadGuard<T, L>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.taking.poll(cx).map(|value| {
            let Taking { lock, waiting, .. } = &self.taking;
            BaseReadGuard::new(lock.clone(), value, waiting.site())
        })
    }
}

/// The future of [`RwLock::write`] and [`RwLock::write_owned`].
#[must_use = "futures do nothing unless they are polled"]
pub struct BaseWrite<T, L: Deref<Target = RwLock<T>>> {
    taking: Taking<T, L>,
}

impl<T, L: Deref<Target = RwLock<T>>> BaseWrite<T, L> {
    pub(super) const fn new(lock: L, site: &'static Location<'static>) -> Self {
        BaseWrite { taking: Taking::new("write", lock, Side::Write, site) }
    }
}

impl<T, L: Deref<Target = RwLock<T>> + Clone + Unpin> Future for BaseWrite<T, L> {
    type Output = BaseWriteGuard<T, L>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.taking.poll(cx).map(|value| {
            let Taking { lock, waiting, .. } = &self.taking;
            BaseWriteGuard::new(lock.clone(), value, waiting.site())
        })
    }
}

impl<T: fmt::Debug, L: Deref<Target = RwLock<T>>> fmt::Debug for BaseReadGuard<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<RwLockReadGuard of {:?}: {:?}>", *self.lock, **self)
    }
}

impl<T: fmt::Debug, L: Deref<Target = RwLock<T>>> fmt::Debug for BaseWriteGuard<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<RwLockWriteGuard of {:?}: {:?}>", *self.lock, **self)
    }
}

/// Shows the value.
impl<T: fmt::Display, L: Deref<Target = RwLock<T>>> fmt::Display for BaseReadGuard<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// Shows the value.
impl<T: fmt::Display, L: Deref<Target = RwLock<T>>> fmt::Display for BaseWriteGuard<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T, L: Deref<Target = RwLock<T>>> fmt::Debug for BaseRead<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Read of {:?}>", *self.taking.lock)
    }
}

impl<T, L: Deref<Target = RwLock<T>>> fmt::Debug for BaseWrite<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Write of {:?}>", *self.taking.lock)
    }
}
