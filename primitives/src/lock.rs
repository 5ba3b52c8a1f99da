//! A lock around a value: asyncio's `Lock`.
//!
//! The lock is fair and hands over: whoever asks first gets it first, and a release makes the
//! first waiter its owner there and then, before it has even run. A newcomer never overtakes:
//! it queues, and [`try_lock`](Lock::try_lock) fails. A waiter that is dropped after it was
//! handed the lock passes it on to the next.
//!
//! Unlike asyncio's it guards a value, and is released by dropping the guard, whichever task
//! does so. It is not reentrant. A panic under the lock does not poison it.

mod state;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use self::state::{State, acquisition};
use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Hold, Mode, enter};

/// A fair lock around a value, to be held across awaits.
///
/// # Examples
/// ```
/// use unpick_primitives::Lock;
///
/// futures::executor::block_on(async {
///     let balance = Lock::new(100).named("balance");
///     *balance.lock().await += 10;
///     assert_eq!(*balance.lock().await, 110);
/// });
/// ```
pub struct Lock<T = ()> {
    base: Instrumented<State<T>>,
}

impl<T> Lock<T> {
    /// Makes an unlocked lock around a value.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::Lock::new(1);
    /// assert!(!lock.locked());
    /// ```
    #[track_caller]
    pub fn new(value: T) -> Lock<T> {
        let state = State::new(Box::new(value));
        Lock { base: Instrumented::new("lock", state) }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::Lock::new(1).named("db");
    /// assert_eq!(format!("{lock:?}"), "<Lock db [unlocked]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Lock<T> {
        self.set_name(name);
        self
    }

    pub(crate) fn set_name(&mut self, name: impl Into<Cow<'static, str>>) {
        self.base.set_name(name);
    }

    /// Waits until the lock is this caller's, and returns a guard that releases it when it is
    /// dropped.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue and nothing else: a lock that it was
    /// handed meanwhile goes to the next.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Lock;
    ///
    /// let lock = Lock::new(String::from("a"));
    /// let text = futures::executor::block_on(async {
    ///     let mut guard = lock.lock().await;
    ///     guard.push('b');
    ///     guard.clone()
    /// });
    /// assert_eq!(text, "ab");
    /// ```
    #[track_caller]
    pub fn lock(&self) -> Acquire<'_, T> {
        self.lock_at(Location::caller())
    }

    /// The same, called at another site than the caller's.
    pub(crate) const fn lock_at(&self, site: &'static Location<'static>) -> Acquire<'_, T> {
        BaseAcquire::new(self, site)
    }

    /// Waits until the lock is this caller's, and returns a guard that keeps the lock alive and
    /// borrows nothing.
    ///
    /// # Cancel safety
    /// As of [`lock`](Self::lock).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use unpick_primitives::Lock;
    ///
    /// let log = Arc::new(Lock::new(vec!["begin"]));
    /// let mut guard = futures::executor::block_on(log.clone().lock_owned());
    /// // The lock is held by whoever has the guard, on whichever thread.
    /// std::thread::spawn(move || guard.push("end")).join().expect("it does not panic");
    /// assert_eq!(*log.try_lock().expect("the guard is dropped"), ["begin", "end"]);
    /// ```
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> AcquireOwned<T> {
        BaseAcquire::new(self, Location::caller())
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// If somebody has it, or was handed it and has not run yet.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Lock;
    ///
    /// let lock = Lock::new(());
    /// let guard = lock.try_lock().expect("it is free");
    /// assert!(lock.try_lock().is_err());
    /// drop(guard);
    /// ```
    #[track_caller]
    pub fn try_lock(&self) -> Result<LockGuard<'_, T>, TryLockError> {
        let value = self.try_take()?;
        Ok(BaseLockGuard::new(self, value, Location::caller()))
    }

    /// Takes the lock if it is free, with a guard that keeps the lock alive and borrows nothing.
    ///
    /// # Errors
    /// If somebody has it, or was handed it and has not run yet.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(unpick_primitives::Lock::new(1));
    /// let guard = lock.clone().try_lock_owned().expect("it is free");
    /// assert!(lock.try_lock_owned().is_err());
    /// # drop(guard);
    /// ```
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedLockGuard<T>, TryLockError> {
        let value = self.try_take()?;
        Ok(BaseLockGuard::new(self, value, Location::caller()))
    }

    #[track_caller]
    fn try_take(&self) -> Result<Box<T>, TryLockError> {
        self.base.object.immediate("try_lock", Access::Change);
        self.base.lock().take().ok_or(TryLockError)
    }

    /// Whether somebody has the lock.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Lock;
    ///
    /// let lock = Lock::new(());
    /// let guard = lock.try_lock();
    /// assert!(lock.locked());
    /// # drop(guard);
    /// ```
    #[track_caller]
    pub fn locked(&self) -> bool {
        self.base.object.immediate("locked", Access::Read);
        self.is_locked()
    }

    /// The same, unrecorded.
    pub(crate) fn is_locked(&self) -> bool {
        self.base.lock().standing().0
    }

    /// The value, which nobody else can have meanwhile.
    ///
    /// # Panics
    /// If a guard was leaked: the value is leaked with it.
    ///
    /// # Examples
    /// ```
    /// let mut lock = unpick_primitives::Lock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.base.get_mut().value_mut().expect("the value of a lock whose guard was leaked")
    }

    /// The value, when the lock is not needed any more.
    ///
    /// # Panics
    /// If a guard was leaked: the value is leaked with it.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::Lock::new(1);
    /// assert_eq!(lock.into_inner(), 1);
    /// ```
    pub fn into_inner(self) -> T {
        let value = self.base.into_inner().into_value();
        *value.expect("the value of a lock whose guard was leaked")
    }
}

/// An unlocked lock around the value.
impl<T> From<T> for Lock<T> {
    #[track_caller]
    fn from(value: T) -> Lock<T> {
        Lock::new(value)
    }
}

impl<T: Default> Default for Lock<T> {
    #[track_caller]
    fn default() -> Lock<T> {
        Lock::new(T::default())
    }
}

/// Has a lock that it borrows, and gives access to its value; dropping it releases the lock.
///
/// # Examples
/// ```
/// let lock = unpick_primitives::Lock::new(vec![1]);
/// let mut guard = lock.try_lock().expect("it is free");
/// guard.push(2);
/// assert_eq!(guard.len(), 2);
/// ```
pub type LockGuard<'a, T = ()> = BaseLockGuard<T, &'a Lock<T>>;

/// Has a lock that it keeps alive, and gives access to its value; dropping it releases the lock.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use unpick_primitives::lock::{Lock, OwnedLockGuard};
///
/// struct Writer {
///     file: OwnedLockGuard<String>,
/// }
///
/// let file = Arc::new(Lock::new(String::new()));
/// let mut writer = Writer { file: file.clone().try_lock_owned().expect("it is free") };
/// writer.file.push_str("text");
/// drop(writer);
/// assert_eq!(*file.try_lock().expect("it is free again"), "text");
/// ```
pub type OwnedLockGuard<T = ()> = BaseLockGuard<T, Arc<Lock<T>>>;

/// The future of [`Lock::lock`].
pub type Acquire<'a, T = ()> = BaseAcquire<T, &'a Lock<T>>;

/// The future of [`Lock::lock_owned`].
pub type AcquireOwned<T = ()> = BaseAcquire<T, Arc<Lock<T>>>;

/// Has the lock; dropping it releases the lock. A [`LockGuard`] or an [`OwnedLockGuard`].
///
/// # Examples
/// ```
/// let lock = unpick_primitives::Lock::new(1);
/// let guard = lock.try_lock().expect("it is free");
/// assert_eq!(format!("{guard:?}"), "<LockGuard of <Lock [locked]>: 1>");
/// ```
#[must_use = "dropping the guard releases the lock"]
pub struct BaseLockGuard<T, L: Deref<Target = Lock<T>>> {
    lock: L,
    // Invariant: there until the guard is dropped.
    value: Option<Box<T>>,
    hold: Hold,
}

impl<T, L: Deref<Target = Lock<T>>> BaseLockGuard<T, L> {
    /// What whoever has just got the lock has from here on.
    fn new(lock: L, value: Box<T>, site: &'static Location<'static>) -> Self {
        let hold = lock.base.object.acquired_at(1, Mode::Exclusive, site);
        BaseLockGuard { lock, value: Some(value), hold }
    }
}

impl<'a, T> LockGuard<'a, T> {
    /// The lock that it is of.
    pub(crate) const fn lock(&self) -> &'a Lock<T> {
        self.lock
    }
}

impl<T, L: Deref<Target = Lock<T>>> Deref for BaseLockGuard<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value until it is dropped")
    }
}

impl<T, L: Deref<Target = Lock<T>>> DerefMut for BaseLockGuard<T, L> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("a guard has the value until it is dropped")
    }
}

impl<T, L: Deref<Target = Lock<T>>> Drop for BaseLockGuard<T, L> {
    // Inlined, so that the fields, which are empty then, need not be looked at.
    #[inline(always)]
    fn drop(&mut self) {
        let BaseLockGuard { lock, value, hold } = self;
        if let Some(value) = value.take() {
            let (lock, hold): (&Lock<T>, _) = (lock, std::mem::replace(hold, Hold::none()));
            if let Some(heir) = enter(|entry| lock.release_in(entry, value, hold)) {
                heir.granted();
            }
        }
    }
}

/// The future of [`Lock::lock`] and [`Lock::lock_owned`].
#[must_use = "futures do nothing unless they are polled"]
pub struct BaseAcquire<T, L: Deref<Target = Lock<T>>> {
    lock: L,
    waiting: Waiting,
}

impl<T, L: Deref<Target = Lock<T>>> BaseAcquire<T, L> {
    const fn new(lock: L, site: &'static Location<'static>) -> Self {
        BaseAcquire { lock, waiting: Waiting::of(acquisition(site)) }
    }
}

impl<T, L: Deref<Target = Lock<T>> + Clone + Unpin> Future for BaseAcquire<T, L> {
    type Output = BaseLockGuard<T, L>;

    // Inlined, because it only calls what polls.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let BaseAcquire { lock, waiting } = &mut *self;
        let polled = lock.poll_acquire(waiting, cx);
        polled.map(|(value, hold)| BaseLockGuard { lock: lock.clone(), value: Some(value), hold })
    }
}

impl<T, L: Deref<Target = Lock<T>>> Drop for BaseAcquire<T, L> {
    #[inline]
    fn drop(&mut self) {
        if self.waiting.is_noted() {
            self.give_up();
        }
    }
}

impl<T, L: Deref<Target = Lock<T>>> BaseAcquire<T, L> {
    #[cold]
    #[inline(never)]
    fn give_up(&mut self) {
        if let Some(heir) = self.lock.give_up(&mut self.waiting) {
            heir.granted();
        }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_locked, waiters) = {
            let (is_locked, waiting) = self.base.lock().standing();
            (is_locked, Count("waiters", waiting + self.base.object.line_length()))
        };
        let locked = if is_locked { "locked" } else { "unlocked" };
        show(f, "Lock", &self.base.object, format_args!("{locked}{waiters}"))
    }
}

impl<T: fmt::Debug, L: Deref<Target = Lock<T>>> fmt::Debug for BaseLockGuard<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<LockGuard of {:?}: {:?}>", *self.lock, **self)
    }
}

/// Shows the value.
impl<T: fmt::Display, L: Deref<Target = Lock<T>>> fmt::Display for BaseLockGuard<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T, L: Deref<Target = Lock<T>>> fmt::Debug for BaseAcquire<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Acquire of {:?}>", *self.lock)
    }
}

/// Somebody has the lock.
///
/// # Examples
/// ```
/// let lock = unpick_primitives::Lock::new(1);
/// let guard = lock.try_lock();
/// assert_eq!(lock.try_lock().unwrap_err().to_string(), "the lock is held");
/// # drop(guard);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLockError;

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held")
    }
}

impl std::error::Error for TryLockError {}
