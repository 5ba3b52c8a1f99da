//! A value that is made once, by an async initializer: after tokio's `OnceCell`.
//!
//! Whoever asks first runs its initializer; the others wait. If the initializer fails, panics or
//! is dropped, the first of the others runs its own, and so on, until one succeeds; then all
//! have its value, and no initializer is ever run again.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Hold, Mode};
use crate::waiters::{Waiters, Wakeups};

/// A cell whose value is set at most once.
///
/// # Examples
/// ```
/// use unpick_primitives::OnceCell;
///
/// let config = OnceCell::new().named("config");
/// futures::executor::block_on(async {
///     let (first, second) = futures::join!(
///         config.get_or_init(|| async { "first" }),
///         config.get_or_init(|| async { "second" }),
///     );
///     assert_eq!((*first, *second), ("first", "first"));
/// });
/// ```
pub struct OnceCell<T> {
    base: Instrumented<State>,
    value: OnceLock<T>,
}

struct State {
    /// Whether somebody runs its initializer, or was given the turn to.
    is_running: bool,
    waiters: Waiters<Entry>,
}

/// How whoever asks goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// There is a value.
    Initialized,
    /// It is to run its initializer.
    Turn,
}

impl State {
    const fn waiters(&mut self) -> &mut Waiters<Entry> {
        &mut self.waiters
    }

    const fn try_begin(&mut self) -> Option<Entry> {
        if self.is_running {
            return None;
        }
        self.is_running = true;
        Some(Entry::Turn)
    }

    /// Whoever had the turn has made nothing of it.
    fn give_up(&mut self) -> Wakeups {
        match self.waiters.grant_first(Entry::Turn) {
            Ok(wakeup) => Wakeups::from(Some(wakeup)),
            Err(_) => {
                self.is_running = false;
                Wakeups::none()
            }
        }
    }

    fn pass_on(&mut self, entry: Entry) -> Wakeups {
        match entry {
            Entry::Turn => self.give_up(),
            Entry::Initialized => Wakeups::none(),
        }
    }
}

impl<T> OnceCell<T> {
    /// Makes an empty cell.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::OnceCell::<u8>::new().get(), None);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new() -> OnceCell<T> {
        let state = State { is_running: false, waiters: Waiters::new() };
        OnceCell { base: Instrumented::new("once_cell", state), value: OnceLock::new() }
    }

    /// Makes a cell with a value, or an empty one.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::OnceCell;
    ///
    /// assert_eq!(OnceCell::new_with(Some(1)).get(), Some(&1));
    /// assert_eq!(OnceCell::<u8>::new_with(None).get(), None);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new_with(value: Option<T>) -> OnceCell<T> {
        value.map_or_else(OnceCell::new, OnceCell::from)
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let cell = unpick_primitives::OnceCell::<u8>::new().named("config");
    /// assert_eq!(format!("{cell:?}"), "<OnceCell config [empty]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> OnceCell<T> {
        self.base.set_name(name);
        self
    }

    /// The value, if there is one.
    ///
    /// # Examples
    /// ```
    /// let cell = unpick_primitives::OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.get(), Some(&1));
    /// ```
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.base.object.immediate("get", Access::Read);
        let value = self.value.get();
        if value.is_some() {
            self.base.object.observe();
        }
        value
    }

    /// Whether there is a value.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::OnceCell::<u8>::new().initialized());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// Sets the value, if there is none and nobody is making one.
    ///
    /// # Errors
    /// If there is one, or an initializer is running: the value comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::once_cell::SetError;
    ///
    /// let cell = unpick_primitives::OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.set(2), Err(SetError::AlreadyInitialized(2)));
    /// ```
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        self.base.object.immediate("set", Access::Change);
        if self.value.get().is_some() {
            return Err(SetError::AlreadyInitialized(value));
        }
        if self.base.lock().try_begin().is_none() {
            // Whoever is done is still running in the eyes of the state.
            return Err(match self.value.get() {
                Some(_) => SetError::AlreadyInitialized(value),
                None => SetError::Initializing(value),
            });
        }
        let _value = Turn { cell: self, hold: Hold::none() }.finish(value);
        Ok(())
    }

    /// Waits until there is a value, running `initialize` if nobody else does.
    ///
    /// # Cancel safety
    /// Dropping the future drops the initializer, if it runs; the next one's runs then.
    ///
    /// # Examples
    /// ```
    /// let cell = unpick_primitives::OnceCell::new();
    /// let value = futures::executor::block_on(cell.get_or_init(|| async { 42 }));
    /// assert_eq!(value, &42);
    /// ```
    #[track_caller]
    pub fn get_or_init<F, Fut>(
        &self,
        initialize: F,
    ) -> impl Future<Output = &T> + use<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let enter = self.enter(Location::caller());
        async move {
            let made = enter.get_or_try(async move || Ok::<T, Infallible>(initialize().await));
            match made.await {
                Ok(value) => value,
                Err(never) => match never {},
            }
        }
    }

    /// Waits until there is a value, running `initialize` if nobody else does.
    ///
    /// # Cancel safety
    /// As of [`get_or_init`](Self::get_or_init).
    ///
    /// # Errors
    /// If the initializer that was run here failed. The others' run then.
    ///
    /// # Examples
    /// ```
    /// let cell = unpick_primitives::OnceCell::<u8>::new();
    /// futures::executor::block_on(async {
    ///     assert_eq!(cell.get_or_try_init(|| async { Err("no") }).await, Err("no"));
    ///     assert_eq!(cell.get_or_try_init(|| async { Ok::<_, &str>(1) }).await, Ok(&1));
    /// });
    /// ```
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(
        &self,
        initialize: F,
    ) -> impl Future<Output = Result<&T, E>> + use<'_, T, E, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let enter = self.enter(Location::caller());
        enter.get_or_try(initialize)
    }

    /// The value, when the cell is not needed any more.
    ///
    /// # Examples
    /// ```
    /// let cell = unpick_primitives::OnceCell::new();
    /// assert_eq!(cell.set(1), Ok(()));
    /// assert_eq!(cell.into_inner(), Some(1));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// The value, if there is one, which nobody else can have meanwhile.
    ///
    /// # Examples
    /// ```
    /// let mut cell = unpick_primitives::OnceCell::from(1);
    /// *cell.get_mut().expect("it was made with one") += 1;
    /// assert_eq!(cell.get(), Some(&2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Takes the value out, if there is one, and leaves the cell empty.
    ///
    /// # Examples
    /// ```
    /// let mut cell = unpick_primitives::OnceCell::from(1);
    /// assert_eq!(cell.take(), Some(1));
    /// assert_eq!(cell.set(2), Ok(()));
    /// ```
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        self.base.object.immediate("take", Access::Change);
        let value = self.value.take()?;
        self.base.get_mut().is_running = false;
        Some(value)
    }

    const fn enter(&self, site: &'static Location<'static>) -> Enter<'_, T> {
        let waiting = Waiting::new("get_or_init", Access::Change, site);
        Enter { cell: self, waiting }
    }
}

impl<T> Default for OnceCell<T> {
    #[track_caller]
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

/// A cell with a value.
impl<T> From<T> for OnceCell<T> {
    #[track_caller]
    fn from(value: T) -> OnceCell<T> {
        let cell = OnceCell::new();
        cell.base.lock().is_running = true;
        OnceCell { value: OnceLock::from(value), ..cell }
    }
}

/// A cell of its own with a clone of the value, if there is one.
impl<T: Clone> Clone for OnceCell<T> {
    #[track_caller]
    fn clone(&self) -> OnceCell<T> {
        OnceCell::new_with(self.get().cloned())
    }
}

/// Whether both have equal values, or none.
impl<T: PartialEq> PartialEq for OnceCell<T> {
    #[track_caller]
    fn eq(&self, other: &OnceCell<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}

/// Waits for a value, or for the turn to make one.
struct Enter<'a, T> {
    cell: &'a OnceCell<T>,
    waiting: Waiting,
}

impl<'a, T> Enter<'a, T> {
    async fn get_or_try<E, F, Fut>(self, initialize: F) -> Result<&'a T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let cell = self.cell;
        if let Some(turn) = self.await {
            let value = initialize().await?;
            return Ok(turn.finish(value));
        }
        Ok(cell.value.get().expect("whoever is let through without a turn finds a value"))
    }
}

impl<'a, T> Future for Enter<'a, T> {
    type Output = Option<Turn<'a, T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Turn<'a, T>>> {
        let Enter { cell, waiting } = &mut *self;
        let attempt = |state: &mut State, granted: Option<Entry>| match cell.value.get() {
            Some(_) => Some(Entry::Initialized),
            None => granted.or_else(|| state.try_begin()),
        };
        cell.base.poll(waiting, cx, State::waiters, attempt).map(|entry| {
            let object = &cell.base.object;
            match entry {
                Entry::Initialized => {
                    object.observe();
                    None
                }
                Entry::Turn => {
                    let hold = object.acquired_at(1, Mode::Exclusive, waiting.site());
                    Some(Turn { cell, hold })
                }
            }
        })
    }
}

impl<T> Drop for Enter<'_, T> {
    fn drop(&mut self) {
        let base = &self.cell.base;
        let woken = base.cancel(&mut self.waiting, State::waiters, State::pass_on);
        woken.into_iter().for_each(Wakeups::wake_granted);
    }
}

/// The turn to make the value; dropping it gives it to the next.
struct Turn<'a, T> {
    cell: &'a OnceCell<T>,
    hold: Hold,
}

impl<'a, T> Turn<'a, T> {
    fn finish(mut self, value: T) -> &'a T {
        let cell = self.cell;
        self.hold = Hold::none();
        let value = cell.value.get_or_init(|| value);
        cell.base.object.publish();
        let woken = cell.base.lock().waiters.grant_all(Entry::Initialized);
        cell.base.object.notified(woken.len());
        woken.wake();
        value
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if self.cell.value.get().is_some() {
            return;
        }
        self.hold = Hold::none();
        let woken = self.cell.base.lock().give_up();
        woken.wake_granted();
    }
}

impl<T> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_running, waiters) = {
            let state = self.base.lock();
            (state.is_running, Count("waiters", state.waiters.len()))
        };
        let stage = match (self.value.get(), is_running) {
            (Some(_), _) => "initialized",
            (None, true) => "initializing",
            (None, false) => "empty",
        };
        show(f, "OnceCell", &self.base.object, format_args!("{stage}{waiters}"))
    }
}

/// The value was not set.
///
/// # Examples
/// ```
/// use futures::FutureExt;
/// use unpick_primitives::once_cell::{OnceCell, SetError};
///
/// let cell = OnceCell::new();
/// {
///     let mut making = Box::pin(cell.get_or_init(std::future::pending));
///     assert_eq!((&mut making).now_or_never(), None);
///     assert_eq!(cell.set(1), Err(SetError::Initializing(1)));
/// }
/// assert_eq!(cell.set(1), Ok(()), "the initializer was dropped");
/// assert_eq!(cell.set(2), Err(SetError::AlreadyInitialized(2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There is one already.
    AlreadyInitialized(T),
    /// An initializer is running.
    Initializing(T),
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetError::AlreadyInitialized(_) => "the cell has a value already",
            SetError::Initializing(_) => "the cell is being initialized",
        })
    }
}

impl<T: fmt::Debug> std::error::Error for SetError<T> {}
