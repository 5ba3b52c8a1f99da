//! A lock that many can read under, or one can write: after tokio's `RwLock`.
//!
//! The lock is fair and hands over: whoever asks first gets it first, and a release makes the
//! first waiter, or all the readers in front of the first writer, its owners there and then. So
//! a writer that waits keeps later readers out, and is never starved by them; and a task that
//! reads twice at a time deadlocks with a writer that came in between. A waiter that is dropped
//! after it was handed the lock passes it on.
//!
//! A panic under the lock does not poison it.
//!
//! It is `Send` and `Sync` for values that are both, as whoever reads shares the value.

mod guard;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use guard::{
    BaseRead, BaseReadGuard, BaseWrite, BaseWriteGuard, OwnedRwLockReadGuard,
    OwnedRwLockWriteGuard, Read, ReadOwned, RwLockReadGuard, RwLockWriteGuard, Write, WriteOwned,
};

use crate::instrumented::{Count, Instrumented, show};
use crate::lock::TryLockError;
use crate::probe::Access;
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
        BaseRead::new(self, Location::caller())
    }

    /// Waits until the lock can be read under, and returns a guard that keeps the lock alive and
    /// borrows nothing.
    ///
    /// # Cancel safety
    /// As of [`read`](Self::read).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use unpick_primitives::RwLock;
    ///
    /// let config = Arc::new(RwLock::new(String::from("fast")));
    /// let seen = futures::executor::block_on(config.clone().read_owned());
    /// // A snapshot that nobody changes, on whichever thread.
    /// let seen = std::thread::spawn(move || seen.len()).join().expect("it does not panic");
    /// assert_eq!(seen, 4);
    /// ```
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> ReadOwned<T> {
        BaseRead::new(self, Location::caller())
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
        BaseWrite::new(self, Location::caller())
    }

    /// Waits until the lock is this caller's alone, and returns a guard that keeps the lock alive
    /// and borrows nothing.
    ///
    /// # Cancel safety
    /// As of [`write`](Self::write).
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use unpick_primitives::RwLock;
    ///
    /// let config = Arc::new(RwLock::new(1));
    /// let mut guard = futures::executor::block_on(config.clone().write_owned());
    /// *guard = 2;
    /// drop(guard);
    /// assert_eq!(*config.try_read().expect("nobody writes"), 2);
    /// ```
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> WriteOwned<T> {
        BaseWrite::new(self, Location::caller())
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
        let value = self.try_take("try_read", Side::Read)?;
        Ok(BaseReadGuard::new(self, value, Location::caller()))
    }

    /// Takes the lock to read, if nobody writes or waits, with a guard that keeps the lock alive
    /// and borrows nothing.
    ///
    /// # Errors
    /// If somebody does.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(unpick_primitives::RwLock::new(1));
    /// let guard = lock.clone().try_read_owned().expect("nobody writes");
    /// assert!(lock.try_write_owned().is_err());
    /// assert_eq!(*guard, 1);
    /// ```
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let value = self.try_take("try_read", Side::Read)?;
        Ok(BaseReadGuard::new(self, value, Location::caller()))
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
        let value = self.try_take("try_write", Side::Write)?;
        Ok(BaseWriteGuard::new(self, value, Location::caller()))
    }

    /// Takes the lock to write, if nobody has it or waits, with a guard that keeps the lock alive
    /// and borrows nothing.
    ///
    /// # Errors
    /// If somebody does.
    ///
    /// # Examples
    /// ```
    /// let lock = std::sync::Arc::new(unpick_primitives::RwLock::new(1));
    /// let mut guard = lock.clone().try_write_owned().expect("nobody has it");
    /// *guard += 1;
    /// assert!(lock.try_read_owned().is_err());
    /// ```
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        let value = self.try_take("try_write", Side::Write)?;
        Ok(BaseWriteGuard::new(self, value, Location::caller()))
    }

    #[track_caller]
    fn try_take(&self, name: &'static str, side: Side) -> Result<Arc<T>, TryLockError> {
        self.base.object.immediate(name, Access::Change);
        self.base.lock().try_take(side).ok_or(TryLockError)
    }

    /// The value, which nobody else can have meanwhile.
    ///
    /// # Panics
    /// If a guard was leaked: the value is leaked with it.
    ///
    /// # Examples
    /// ```
    /// let mut lock = unpick_primitives::RwLock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.into_inner(), 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        let value = self.base.get_mut().value.as_mut().and_then(Arc::get_mut);
        value.expect("the value of a lock whose guard was leaked")
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

    fn release(&self, side: Side, value: Arc<T>) {
        let woken = self.base.lock().release(side, value);
        woken.wake_granted();
    }
}

/// An unlocked lock around the value.
impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
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
