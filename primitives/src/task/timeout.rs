//! Timeouts: a future that is given so much time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use unpick_sim::choice::Label;
use unpick_sim::probe::{self, Scope};
use unpick_sim::time::{Instant, Sleep, sleep_until};

/// Waits for a future, but no longer than `duration` from now; then drops it.
///
/// The future runs in the same task, and is polled at least once. When its value and the deadline
/// are both there after it had to wait, either may win: that is a choice of the run; plainly, the
/// value wins.
///
/// # Cancel safety
/// Dropping it drops the future, which must be cancel-safe itself if it is to be tried again.
///
/// # Errors
/// [`TimeoutError`] once the deadline has passed. The future is dropped before that is returned.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{TimeoutError, sleep, timeout};
/// use unpick_sim::Run;
///
/// let second = Duration::from_secs(1);
/// let program = || async move {
///     assert_eq!(timeout(2 * second, sleep(second)).await, Ok(()));
///     assert_eq!(timeout(second, sleep(2 * second)).await, Err(TimeoutError));
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[track_caller]
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    timeout_at(Instant::now() + duration, future)
}

/// Waits for a future, but no longer than until `deadline`; then drops it.
///
/// See [`timeout`] for what happens when both are there.
///
/// # Cancel safety
/// Dropping it drops the future, which must be cancel-safe itself if it is to be tried again.
///
/// # Errors
/// [`TimeoutError`] once the deadline has passed. The future is dropped before that is returned.
///
/// # Panics
/// When it is polled outside of a run.
///
/// # Examples
/// ```
/// use std::future::{pending, ready};
/// use unpick_primitives::task::{Instant, TimeoutError, timeout_at};
/// use unpick_sim::Run;
///
/// let program = || async {
///     assert_eq!(timeout_at(Instant::START, ready(7)).await, Ok(7));
///     let never = timeout_at(Instant::from_nanos(1_000), pending::<()>());
///     assert_eq!(never.await, Err(TimeoutError));
///     Instant::now().as_nanos()
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(1_000));
/// ```
#[track_caller]
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    let (sleep, scope) = (sleep_until(deadline), Scope::new());
    Timeout { future: Some(future), sleep, scope, has_waited: false }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Timeout<F> {
        // `None` once it has returned or its time is up.
        #[pin]
        future: Option<F>,
        sleep: Sleep,
        scope: Scope,
        has_waited: bool,
    }
}

impl<F> Timeout<F> {
    /// When its time is up.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::{Instant, timeout_at};
    ///
    /// let deadline = Instant::from_nanos(7);
    /// assert_eq!(timeout_at(deadline, async {}).deadline(), deadline);
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }
}

impl<F> Timeout<F> {
    /// Moves the moment when its time is up: asyncio's `reschedule`. A deadline that has passed
    /// strikes when it is polled next.
    ///
    /// # Examples
    /// ```
    /// use std::future::pending;
    /// use std::pin::pin;
    /// use unpick_primitives::task::{Instant, TimeoutError, timeout_at};
    /// use unpick_sim::Run;
    ///
    /// let program = || async {
    ///     let mut never = pin!(timeout_at(Instant::from_nanos(1_000), pending::<()>()));
    ///     assert!(futures::poll!(never.as_mut()).is_pending());
    ///     never.as_mut().reschedule(Instant::from_nanos(5_000));
    ///     assert_eq!(never.await, Err(TimeoutError));
    ///     Instant::now().as_nanos()
    /// };
    /// assert_eq!(Run::new().execute(program).result, Ok(5_000));
    /// ```
    pub fn reschedule(self: Pin<&mut Self>, deadline: Instant) {
        self.project().sleep.reset(deadline);
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimeoutError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a Timeout is not polled again once it has returned");
        this.scope.polls();
        let polled = future.poll(cx);
        let is_late = match polled {
            // A value that is there at once does not race with anything.
            Poll::Ready(_) => *this.has_waited && this.sleep.is_elapsed(),
            Poll::Pending => {
                *this.has_waited = true;
                Pin::new(&mut *this.sleep).poll(cx).is_ready()
            }
        };
        if polled.is_pending() && !is_late {
            return Poll::Pending;
        }
        let Poll::Ready(value) = polled else {
            this.scope.time_out(|| this.future.set(None));
            return Poll::Ready(Err(TimeoutError));
        };
        this.future.set(None);
        if is_late && probe::choose(Label::Time, 2) != 0 {
            this.scope.time_out(|| drop(value));
            return Poll::Ready(Err(TimeoutError));
        }
        Poll::Ready(Ok(value))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.future {
            Some(_) => write!(f, "<Timeout [until t={}]>", self.deadline()),
            None => f.write_str("<Timeout [over]>"),
        }
    }
}

/// The deadline passed before the future returned.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{TimeoutError, timeout};
/// use unpick_sim::Run;
///
/// let program = || timeout(Duration::from_secs(1), std::future::pending::<()>());
/// assert_eq!(Run::new().execute(program).result, Ok(Err(TimeoutError)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TimeoutError;

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the deadline has passed")
    }
}

impl std::error::Error for TimeoutError {}
