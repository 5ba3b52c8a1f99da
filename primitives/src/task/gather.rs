//! Gathering: futures run side by side as tasks, outputs in the order of the futures.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::together::{Ending, Joined, Together};

/// Waits until all futures have succeeded, and gives their outputs in the order of the futures;
/// or until one fails, which is the result at once: the others go on by themselves.
///
/// Each future becomes a task, at once and in order, as a coroutine does in `asyncio.gather`.
/// A task that is aborted by somebody else counts as a failure; one that panics fails the run.
///
/// # Cancel safety
/// Dropping it before it has returned drops its tasks in place, in order.
///
/// # Errors
/// [`GatherError`]: what the first failure was, in time.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{GatherError, gather, sleep};
/// use unpick_sim::{Run, time::Instant};
///
/// async fn half(number: u64) -> Result<u64, String> {
///     sleep(Duration::from_secs(number)).await;
///     if number % 2 == 0 { Ok(number / 2) } else { Err(format!("{number} is odd")) }
/// }
///
/// let program = || async {
///     assert_eq!(gather([half(4), half(2)]).await, Ok(vec![2, 1]));
///     assert_eq!(Instant::now().to_string(), "4.000");
///
///     let failed = gather([half(9), half(1), half(3)]).await;
///     assert_eq!(failed, Err(GatherError::Failed(String::from("1 is odd"))));
///     assert_eq!(Instant::now().to_string(), "5.000");
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[track_caller]
pub fn gather<I, F, T, E>(futures: I) -> Gather<T, E>
where
    I: IntoIterator<Item = F>,
    F: Future<Output = Result<T, E>> + 'static,
    T: 'static,
    E: 'static,
{
    let is_failure: fn(&Ending<Result<T, E>>) -> bool = |ending| !matches!(ending, Some(Ok(_)));
    Gather { together: Together::new(futures, is_failure) }
}

/// Waits until all futures have returned, and gives each one's result in the order of the
/// futures: `asyncio.gather(…, return_exceptions=True)`.
///
/// # Cancel safety
/// Dropping it before it has returned drops its tasks in place, in order.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use unpick_primitives::task::{GatherError, gather_results};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let parsed = gather_results(["7", "x"].map(|text| async { text.parse::<u8>() })).await;
///     assert_eq!(parsed[0], Ok(7));
///     assert!(matches!(parsed[1], Err(GatherError::Failed(_))));
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[track_caller]
pub fn gather_results<I, F, T, E>(futures: I) -> GatherResults<T, E>
where
    I: IntoIterator<Item = F>,
    F: Future<Output = Result<T, E>> + 'static,
    T: 'static,
    E: 'static,
{
    GatherResults { together: Together::new(futures, |_| false) }
}

/// The future of [`gather`].
#[must_use = "dropping it drops its tasks"]
pub struct Gather<T, E> {
    together: Together<Result<T, E>>,
}

impl<T: 'static, E: 'static> Future for Gather<T, E> {
    type Output = Result<Vec<T>, GatherError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.together.poll_join(cx)) {
            Joined::All(endings) => endings.into_iter().map(result).collect(),
            Joined::Failure(ending) => result(ending).map(|value| vec![value]),
        })
    }
}

/// The future of [`gather_results`].
#[must_use = "dropping it drops its tasks"]
pub struct GatherResults<T, E> {
    together: Together<Result<T, E>>,
}

impl<T: 'static, E: 'static> Future for GatherResults<T, E> {
    type Output = Vec<Result<T, GatherError<E>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.together.poll_join(cx)) {
            Joined::All(endings) => endings.into_iter().map(result).collect(),
            Joined::Failure(ending) => vec![result(ending)],
        })
    }
}

fn result<T, E>(ending: Ending<Result<T, E>>) -> Result<T, GatherError<E>> {
    match ending {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(GatherError::Failed(error)),
        None => Err(GatherError::Cancelled),
    }
}

impl<T, E> fmt::Debug for Gather<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Gather [{}]>", self.together)
    }
}

impl<T, E> fmt::Debug for GatherResults<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<GatherResults [{}]>", self.together)
    }
}

/// Why a gathered future has no output.
///
/// # Examples
/// ```
/// use unpick_primitives::task::{GatherError, gather_results};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let outputs = gather_results([Ok(1), Err("no")].map(|output| async move { output })).await;
///     assert_eq!(outputs, [Ok(1), Err(GatherError::Failed("no"))]);
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatherError<E> {
    /// It returned this error.
    Failed(E),
    /// Its task was aborted.
    Cancelled,
}

impl<E> GatherError<E> {
    /// The error that the future returned; `None` if its task was aborted.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::GatherError;
    ///
    /// assert_eq!(GatherError::Failed("no such host").into_failure(), Some("no such host"));
    /// assert_eq!(GatherError::<&str>::Cancelled.into_failure(), None);
    /// ```
    pub fn into_failure(self) -> Option<E> {
        match self {
            GatherError::Failed(error) => Some(error),
            GatherError::Cancelled => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for GatherError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GatherError::Failed(error) => error.fmt(f),
            GatherError::Cancelled => f.write_str("a gathered task was cancelled"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for GatherError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            GatherError::Failed(error) => error.source(),
            GatherError::Cancelled => None,
        }
    }
}
