//! A result that somebody will set: asyncio's `Future`, as `create_future` makes it.
//!
//! It is resolved once: with a value, an error, or by cancelling it. Any number of tasks can
//! wait for it, before and after, and each gets a clone of the outcome. Callbacks are called by
//! whoever resolves it, in the order in which they were added, after the waiters were woken.
//!
//! Unlike in asyncio, a waiter that is cancelled leaves the future as it is, as if it had been
//! shielded: waiting only borrows it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::future::IntoFuture;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Cause};
use crate::waiters::Waiters;

/// Who ends whose wait.
static CAUSES: [Cause; 1] =
    [Cause { wait: "wait", by: &["set_result", "set_error", "cancel"], owed: &[] }];

/// A result that is set once, and waited for by many.
///
/// # Examples
/// ```
/// use unpick_primitives::Future;
///
/// let answer = Future::<u32>::new().named("answer");
/// futures::executor::block_on(async {
///     let (waited, set) = futures::join!(answer.wait(), async { answer.set_result(42) });
///     assert_eq!((waited, set), (Ok(42), Ok(())));
///     assert_eq!((&answer).await, Ok(42));
/// });
/// assert_eq!(format!("{answer:?}"), "<Future answer [finished]>");
/// ```
pub struct Future<T, E = Infallible> {
    base: Instrumented<State<T, E>>,
}

struct State<T, E> {
    // In an `Arc`, so that it can be cloned outside of the mutex.
    outcome: Option<Arc<Outcome<T, E>>>,
    waiters: Waiters,
    callbacks: Vec<Callback<T, E>>,
}

/// What a future came to.
///
/// # Examples
/// ```
/// use unpick_primitives::future::{Future, FutureError, Outcome};
///
/// fn describe(outcome: &Outcome<u32, String>) -> String {
///     match outcome {
///         Ok(value) => format!("got {value}"),
///         Err(FutureError::Failed(error)) => format!("failed: {error}"),
///         Err(FutureError::Cancelled) => "cancelled".into(),
///     }
/// }
///
/// let reply = Future::<u32, String>::new();
/// assert!(reply.cancel());
/// assert_eq!(reply.result().as_ref().map(describe).as_deref(), Some("cancelled"));
/// ```
pub type Outcome<T, E> = Result<T, FutureError<E>>;

type Callback<T, E> = Box<dyn FnOnce(&Outcome<T, E>) + Send>;

impl<T, E> State<T, E> {
    const fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }
}

impl<T, E> Future<T, E> {
    /// Makes a future that is pending.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::Future::<u32>::new().done());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new() -> Future<T, E> {
        let state = State { outcome: None, waiters: Waiters::new(), callbacks: Vec::new() };
        Future { base: Instrumented::new("future", state).with_causes(&CAUSES) }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let future = unpick_primitives::Future::<u32>::new().named("reply");
    /// assert_eq!(format!("{future:?}"), "<Future reply [pending]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Future<T, E> {
        self.base.set_name(name);
        self
    }

    /// Whether it is resolved, in whichever way.
    ///
    /// # Examples
    /// ```
    /// let future = unpick_primitives::Future::<u32>::new();
    /// future.cancel();
    /// assert!(future.done());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn done(&self) -> bool {
        self.base.object.immediate("done", Access::Read);
        self.outcome().is_some()
    }

    /// Whether it was cancelled.
    ///
    /// # Examples
    /// ```
    /// let future = unpick_primitives::Future::new();
    /// assert_eq!(future.set_result(1), Ok(()));
    /// assert!(!future.cancelled());
    /// # let _: unpick_primitives::Future<u32> = future;
    /// ```
    #[must_use]
    #[track_caller]
    pub fn cancelled(&self) -> bool {
        self.base.object.immediate("cancelled", Access::Read);
        matches!(self.outcome().as_deref(), Some(Err(FutureError::Cancelled)))
    }

    /// Resolves it with a value.
    ///
    /// # Errors
    /// If it is resolved already: the value comes back.
    ///
    /// # Examples
    /// ```
    /// let future = unpick_primitives::Future::<u32>::new();
    /// assert_eq!(future.set_result(1), Ok(()));
    /// assert_eq!(future.set_result(2).unwrap_err().0, 2);
    /// assert_eq!(future.result(), Some(Ok(1)));
    /// ```
    #[track_caller]
    pub fn set_result(&self, value: T) -> Result<(), InvalidStateError<T>> {
        self.base.object.immediate("set_result", Access::Change);
        self.resolve(Ok(value)).map_err(|refused| match refused {
            Ok(value) => InvalidStateError(value),
            Err(_) => unreachable!("a value was refused; this is a bug in unpick"),
        })
    }

    /// Resolves it with an error: asyncio's `set_exception`.
    ///
    /// # Errors
    /// If it is resolved already: the error comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::{Future, future::FutureError};
    ///
    /// let future = Future::<u32, &str>::new();
    /// assert_eq!(future.set_error("no answer"), Ok(()));
    /// assert_eq!(future.result(), Some(Err(FutureError::Failed("no answer"))));
    /// ```
    #[track_caller]
    pub fn set_error(&self, error: E) -> Result<(), InvalidStateError<E>> {
        self.base.object.immediate("set_error", Access::Change);
        self.resolve(Err(FutureError::Failed(error))).map_err(|refused| match refused {
            Err(FutureError::Failed(error)) => InvalidStateError(error),
            _ => unreachable!("an error was refused; this is a bug in unpick"),
        })
    }

    /// Cancels it: whoever waits is told so. Says whether it was still pending.
    ///
    /// # Examples
    /// ```
    /// let future = unpick_primitives::Future::<u32>::new();
    /// assert!(future.cancel());
    /// assert!(!future.cancel());
    /// ```
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.base.object.immediate("cancel", Access::Change);
        self.resolve(Err(FutureError::Cancelled)).is_ok()
    }

    /// Calls `callback` with the outcome as soon as there is one: at once if there is.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc::channel;
    ///
    /// let future = unpick_primitives::Future::<u32>::new();
    /// let (sender, receiver) = channel();
    /// future.add_done_callback(move |outcome| sender.send(outcome.clone()).expect("kept"));
    /// assert_eq!(future.set_result(1), Ok(()));
    /// assert_eq!(receiver.recv(), Ok(Ok(1)));
    /// ```
    pub fn add_done_callback(&self, callback: impl FnOnce(&Outcome<T, E>) + Send + 'static) {
        let boxed: Callback<T, E> = Box::new(callback);
        let mut state = self.base.lock();
        match state.outcome.clone() {
            None => state.callbacks.push(boxed),
            Some(outcome) => {
                drop(state);
                boxed(&outcome);
            }
        }
    }

    fn outcome(&self) -> Option<Arc<Outcome<T, E>>> {
        let outcome = self.base.lock().outcome.clone();
        if outcome.is_some() {
            self.base.object.observe();
        }
        outcome
    }

    fn resolve(&self, outcome: Outcome<T, E>) -> Result<(), Outcome<T, E>> {
        let outcome = Arc::new(outcome);
        let (woken, callbacks) = {
            let mut state = self.base.lock();
            if state.outcome.is_some() {
                drop(state);
                return Err(Arc::into_inner(outcome).expect("it was given to nobody"));
            }
            state.outcome = Some(outcome.clone());
            (state.waiters.grant_all(()), std::mem::take(&mut state.callbacks))
        };
        self.base.object.publish();
        self.base.object.notified(woken.len());
        woken.wake();
        callbacks.into_iter().for_each(|callback| callback(&outcome));
        Ok(())
    }
}

impl<T: Clone, E: Clone> Future<T, E> {
    /// What it came to; `None` while it is pending.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::Future::<u32>::new().result(), None);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn result(&self) -> Option<Outcome<T, E>> {
        self.base.object.immediate("result", Access::Read);
        self.outcome().map(|outcome| Outcome::clone(&outcome))
    }

    /// Waits until it is resolved, and returns a clone of the outcome.
    ///
    /// # Cancel safety
    /// Dropping the wait leaves the future and its other waiters as they are.
    ///
    /// # Errors
    /// If it was resolved with an error, or cancelled.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::{Future, future::FutureError};
    ///
    /// let future = Future::<u32>::new();
    /// future.cancel();
    /// assert_eq!(futures::executor::block_on(future.wait()), Err(FutureError::Cancelled));
    /// ```
    #[track_caller]
    pub fn wait(&self) -> FutureWait<'_, T, E> {
        let waiting = Waiting::new("wait", Access::Read, Location::caller());
        FutureWait { future: self, waiting }
    }
}

impl<T, E> Default for Future<T, E> {
    #[track_caller]
    fn default() -> Future<T, E> {
        Future::new()
    }
}

/// Awaiting a reference is the same as [`Future::wait`].
impl<'a, T: Clone, E: Clone> IntoFuture for &'a Future<T, E> {
    type Output = Outcome<T, E>;
    type IntoFuture = FutureWait<'a, T, E>;

    #[track_caller]
    fn into_future(self) -> FutureWait<'a, T, E> {
        self.wait()
    }
}

/// The future of [`Future::wait`].
#[must_use = "futures do nothing unless they are polled"]
pub struct FutureWait<'a, T, E> {
    future: &'a Future<T, E>,
    waiting: Waiting,
}

impl<T: Clone, E: Clone> std::future::Future for FutureWait<'_, T, E> {
    type Output = Outcome<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<T, E>> {
        let FutureWait { future, waiting } = &mut *self;
        // It is never pending again, so that who was woken finds an outcome.
        let attempt = |state: &mut State<T, E>, _woken: Option<()>| state.outcome.clone();
        let polled = future.base.poll(waiting, cx, State::waiters, attempt);
        polled.map(|outcome| {
            future.base.object.observe();
            Outcome::clone(&outcome)
        })
    }
}

impl<T, E> Drop for FutureWait<'_, T, E> {
    fn drop(&mut self) {
        self.future.base.cancel(&mut self.waiting, State::waiters, |_, ()| ());
    }
}

impl<T, E> fmt::Debug for Future<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (outcome, waiters) = {
            let state = self.base.lock();
            (state.outcome.clone(), Count("waiters", state.waiters.len()))
        };
        let stage = match outcome.as_deref() {
            None => "pending",
            Some(Err(FutureError::Cancelled)) => "cancelled",
            Some(_) => "finished",
        };
        show(f, "Future", &self.base.object, format_args!("{stage}{waiters}"))
    }
}

impl<T, E> fmt::Debug for FutureWait<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<FutureWait of {:?}>", self.future)
    }
}

/// Why a future has no value.
///
/// # Examples
/// ```
/// use unpick_primitives::future::{Future, FutureError};
///
/// let reply = Future::<u32, &str>::new();
/// assert_eq!(reply.set_error("no route"), Ok(()));
/// let error = futures::executor::block_on(reply.wait()).unwrap_err();
/// assert_eq!(error, FutureError::Failed("no route"));
/// assert_eq!(error.to_string(), "no route");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FutureError<E> {
    /// It was resolved with this error.
    Failed(E),
    /// It was cancelled: asyncio's `CancelledError`.
    Cancelled,
}

impl<E: fmt::Display> fmt::Display for FutureError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FutureError::Failed(error) => error.fmt(f),
            FutureError::Cancelled => f.write_str("the future was cancelled"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for FutureError<E> {}

/// The future was resolved already: asyncio's `InvalidStateError`. Gives back what it was to be
/// resolved with.
///
/// # Examples
/// ```
/// let reply = unpick_primitives::Future::<u32>::new();
/// assert!(reply.cancel());
/// let error = reply.set_result(7).unwrap_err();
/// assert_eq!(error.to_string(), "the future is resolved already");
/// assert_eq!(error.0, 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidStateError<T>(pub T);

impl<T> fmt::Display for InvalidStateError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the future is resolved already")
    }
}

impl<T: fmt::Debug> std::error::Error for InvalidStateError<T> {}
