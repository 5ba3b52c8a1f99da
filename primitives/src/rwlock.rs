//! A lock that many can read under, or one can write: after tokio's `RwLock`.
//!
//! The lock is fair and hands over: whoever asks first gets it first, and a release makes the
//! first waiter, or all the readers in front of the first writer, its owners there and then. So
//! a writer that waits keeps later readers out, and is never starved by them; and a task that
//! reads twice at a time deadlocks with a writer that came in between. A waiter that is dropped
//! after it was handed the lock passes it on.
//!
//! A panic under the lock does not poison it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::lock::TryLockError;
use crate::probe::{Access, Hold, Mode};
use crate::waiters::{Waiters, Wakeups};

/// A fair lock around a value, for many readers or one writer.
///
/// # Examples
/// ```
/// use unpick_primitives::RwLock;
///
/// let config = RwLock::new(1).named("config");
/// futures::executor::block_on(async {
///     let (first, second) = futures::join!(config.read(), config.read());
///     assert_eq!(*first + *second, 2);
///     drop((first, second));
///     *config.write().await = 5;
///     assert_eq!(*config.read().await, 5);
/// });
/// ```
pub struct RwLock<T = ()> {
    base: Instrumented<State<T>>,
}

struct State<T> {
    // Invariant: `None` while a writer has it. Readers have clones; whoever writes is alone.
    value: Option<Arc<T>>,
    /// How many readers there are, with those that were handed the lock.
    readers: usize,
    waiters: Waiters<Arc<T>, Side>,
}

/// What a waiter wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Beside other readers.
    Read,
    /// Alone.
    Write,
}

impl<T> State<T> {
    const fn waiters(&mut self) -> &mut Waiters<Arc<T>, Side> {
        &mut self.waiters
    }

    /// Takes the lock, if it is free for this and nobody comes first.
    fn try_take(&mut self, side: Side) -> Option<Arc<T>> {
        if self.waiters.first_wants().is_some() {
            return None;
        }
        self.take(side)
    }

    /// Takes the lock, if it is free for this.
    fn take(&mut self, side: Side) -> Option<Arc<T>> {
        match side {
            Side::Read => {
                let value = self.value.clone()?;
                self.readers += 1;
                Some(value)
            }
            Side::Write if self.readers > 0 => None,
            Side::Write => self.value.take(),
        }
    }

    /// Hands the lock to as many of the first waiters as can have it together.
    fn hand_over(&mut self) -> Wakeups {
        let mut woken = Wakeups::none();
        while let Some(&side) = self.waiters.first_wants()
            && let Some(value) = self.take(side)
        {
            match self.waiters.grant_first(value) {
                Ok(wakeup) => woken.push(wakeup),
                Err(_) => unreachable!("somebody waits; this is a bug in unpick"),
            }
        }
        woken
    }

    fn release(&mut self, side: Side, value: Arc<T>) -> Wakeups {
        match side {
            Side::Read => {
                drop(value);
                self.readers -= 1;
            }
            Side::Write => self.value = Some(value),
        }
        self.hand_over()
    }
}

impl<T> RwLock<T> {
    /// Makes an unlocked lock around a value.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::RwLock::new(1).into_inner(), 1);
    /// ```
    #[track_caller]
    pub fn new(value: T) -> RwLock<T> {
        let state = State { value: Some(Arc::new(value)), readers: 0, waiters: Waiters::new() };
        RwLock { base: Instrumented::new("rwlock", state) }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::RwLock::new(1).named("config");
    /// assert_eq!(format!("{lock:?}"), "<RwLock config [unlocked]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> RwLock<T> {
        self.base.set_name(name);
        self
    }

    /// Waits until the lock can be read under, and returns a guard.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue and nothing else.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::RwLock::new(1);
    /// assert_eq!(*futures::executor::block_on(lock.read()), 1);
    /// ```
    #[track_caller]
    pub fn read(&self) -> Read<'_, T> {
        let waiting = Waiting::wanting("read", Access::Change, Location::caller(), Side::Read);
        Read { taking: Taking { lock: self, waiting, side: Side::Read } }
    }

    /// Waits until the lock is this caller's alone, and returns a guard.
    ///
    /// # Cancel safety
    /// Dropping the future loses the place in the queue and nothing else: readers that waited
    /// behind it go on if they can.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::RwLock::new(1);
    /// *futures::executor::block_on(lock.write()) += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    #[track_caller]
    pub fn write(&self) -> Write<'_, T> {
        let waiting = Waiting::wanting("write", Access::Change, Location::caller(), Side::Write);
        Write { taking: Taking { lock: self, waiting, side: Side::Write } }
    }

    /// Takes the lock to read, if nobody writes or waits.
    ///
    /// # Errors
    /// If somebody does.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::RwLock::new(1);
    /// let first = lock.try_read().expect("nobody writes");
    /// assert!(lock.try_read().is_ok());
    /// assert!(lock.try_write().is_err());
    /// # drop(first);
    /// ```
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        self.base.object.immediate("try_read", Access::Change);
        let taken = self.base.lock().try_take(Side::Read);
        taken.map(|value| self.reads(value, Location::caller())).ok_or(TryLockError)
    }

    /// Takes the lock to write, if nobody has it or waits.
    ///
    /// # Errors
    /// If somebody does.
    ///
    /// # Examples
    /// ```
    /// let lock = unpick_primitives::RwLock::new(1);
    /// let guard = lock.try_write().expect("nobody has it");
    /// assert!(lock.try_read().is_err());
    /// # drop(guard);
    /// ```
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        self.base.object.immediate("try_write", Access::Change);
        let taken = self.base.lock().try_take(Side::Write);
        taken.map(|value| self.writes(value, Location::caller())).ok_or(TryLockError)
    }

    /// The value, when the lock is not needed any more.
    ///
    /// # Panics
    /// If a guard was leaked.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::RwLock::new('a').into_inner(), 'a');
    /// ```
    pub fn into_inner(self) -> T {
        let value = self.base.into_inner().value.and_then(Arc::into_inner);
        value.expect("the value of a lock whose guard was leaked")
    }

    fn reads(&self, value: Arc<T>, site: &'static Location<'static>) -> RwLockReadGuard<'_, T> {
        self.base.object.observe();
        let hold = self.base.object.hold_at(1, Mode::Shared, site);
        RwLockReadGuard { lock: self, value: Some(value), hold }
    }

    fn writes(&self, value: Arc<T>, site: &'static Location<'static>) -> RwLockWriteGuard<'_, T> {
        self.base.object.observe();
        let hold = self.base.object.hold_at(1, Mode::Exclusive, site);
        RwLockWriteGuard { lock: self, value: Some(value), hold }
    }

    fn release(&self, side: Side, value: Arc<T>) {
        let woken = self.base.lock().release(side, value);
        woken.wake_granted();
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

/// Reads under the lock; dropping it releases the lock.
#[must_use = "dropping the guard releases the lock"]
pub struct RwLockReadGuard<'a, T = ()> {
    lock: &'a RwLock<T>,
    // Invariant: there until the guard is dropped.
    value: Option<Arc<T>>,
    hold: Hold,
}

impl<T> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value until it is dropped")
    }
}

impl<T> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        let object = &self.lock.base.object;
        object.immediate("release", Access::Change);
        object.publish();
        self.hold = Hold::none();
        if let Some(value) = self.value.take() {
            self.lock.release(Side::Read, value);
        }
    }
}

/// Writes under the lock; dropping it releases the lock.
#[must_use = "dropping the guard releases the lock"]
pub struct RwLockWriteGuard<'a, T = ()> {
    lock: &'a RwLock<T>,
    // Invariant: there until the guard is dropped, and the only reference.
    value: Option<Arc<T>>,
    hold: Hold,
}

impl<'a, T> RwLockWriteGuard<'a, T> {
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
    pub fn downgrade(mut self) -> RwLockReadGuard<'a, T> {
        let lock = self.lock;
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
        lock.reads(value, Location::caller())
    }
}

impl<T> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("a guard has the value until it is dropped")
    }
}

impl<T> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        let value = self.value.as_mut().expect("a guard has the value until it is dropped");
        Arc::get_mut(value).expect("whoever writes is alone; this is a bug in unpick")
    }
}

impl<T> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        // `None` after a downgrade.
        if let Some(value) = self.value.take() {
            let object = &self.lock.base.object;
            object.immediate("release", Access::Change);
            object.publish();
            self.hold = Hold::none();
            self.lock.release(Side::Write, value);
        }
    }
}

/// Getting the lock, for either side.
struct Taking<'a, T> {
    lock: &'a RwLock<T>,
    waiting: Waiting<Side>,
    side: Side,
}

impl<T> Taking<'_, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Arc<T>> {
        let Taking { lock, waiting, side } = self;
        let attempt = |state: &mut State<T>, granted: Option<Arc<T>>| {
            granted.or_else(|| state.try_take(*side))
        };
        lock.base.poll(waiting, cx, State::waiters, attempt)
    }
}

impl<T> Drop for Taking<'_, T> {
    fn drop(&mut self) {
        let Taking { lock, waiting, side } = self;
        let was_queued = waiting.is_queued();
        let pass_on = |state: &mut State<T>, value| state.release(*side, value);
        let woken = lock.base.cancel(waiting, State::waiters, pass_on);
        match woken {
            Some(woken) => woken.wake_granted(),
            // Those behind a writer that gives up may be readers that can join others.
            None if was_queued => {
                let woken = lock.base.lock().hand_over();
                woken.wake_granted();
            }
            None => {}
        }
    }
}

/// The future of [`RwLock::read`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Read<'a, T = ()> {
    taking: Taking<'a, T>,
}

impl<'a, T> Future for Read<'a, T> {
    type Output = RwLockReadGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<RwLockReadGuard<'a, T>> {
        let (lock, site) = (self.taking.lock, self.taking.waiting.site());
        self.taking.poll(cx).map(|value| lock.reads(value, site))
    }
}

/// The future of [`RwLock::write`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Write<'a, T = ()> {
    taking: Taking<'a, T>,
}

impl<'a, T> Future for Write<'a, T> {
    type Output = RwLockWriteGuard<'a, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<RwLockWriteGuard<'a, T>> {
        let (lock, site) = (self.taking.lock, self.taking.waiting.site());
        self.taking.poll(cx).map(|value| lock.writes(value, site))
    }
}

impl<T> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_written, readers, waiters) = {
            let state = self.base.lock();
            let readers = Count("readers", state.readers);
            (state.value.is_none(), readers, Count("waiters", state.waiters.len()))
        };
        let stage = match (is_written, readers.1) {
            (true, _) => "writing",
            (false, 0) => "unlocked",
            (false, _) => "reading",
        };
        show(f, "RwLock", &self.base.object, format_args!("{stage}{readers}{waiters}"))
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<RwLockReadGuard of {:?}: {:?}>", self.lock, **self)
    }
}

impl<T: fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<RwLockWriteGuard of {:?}: {:?}>", self.lock, **self)
    }
}

impl<T> fmt::Debug for Read<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Read of {:?}>", self.taking.lock)
    }
}

impl<T> fmt::Debug for Write<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Write of {:?}>", self.taking.lock)
    }
}
