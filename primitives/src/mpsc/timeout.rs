//! Sending within a time limit, inside of a run.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use super::bounded::Sender;
use super::{BaseSender, Bounded, SendError};
use crate::task::{TimeoutError, timeout};

impl<T> BaseSender<T, Bounded> {
    /// Waits for a place, but no longer than `duration` from the first poll on, and sends a
    /// message.
    ///
    /// # Cancel safety
    /// As of [`send`](Self::send).
    ///
    /// # Errors
    /// If the receiver is closed or gone, before or while waiting, or if there is no place in time:
    /// the message comes back.
    ///
    /// # Panics
    /// When it is polled outside of a run.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use unpick_primitives::mpsc::{self, SendTimeoutError};
    /// use unpick_sim::Run;
    ///
    /// let program = || async {
    ///     let (sender, _receiver) = mpsc::channel(1);
    ///     let second = Duration::from_secs(1);
    ///     assert_eq!(sender.send_timeout("first", second).await, Ok(()));
    ///     let late = sender.send_timeout("second", second).await;
    ///     assert_eq!(late, Err(SendTimeoutError::Timeout("second")));
    /// };
    /// assert_eq!(Run::new().execute(program).result, Ok(()));
    /// ```
    #[track_caller]
    pub fn send_timeout(
        &self,
        message: T,
        duration: Duration,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> + use<'_, T> {
        send_timeout(self, message, duration, Location::caller())
    }
}

async fn send_timeout<T>(
    sender: &Sender<T>,
    message: T,
    duration: Duration,
    site: &'static Location<'static>,
) -> Result<(), SendTimeoutError<T>> {
    // The message stays here until there is a place: a deadline may yet win over that.
    match timeout(duration, sender.reserve_from(site)).await {
        Ok(Ok(permit)) => permit.send_from(site, message).map_err(SendTimeoutError::Closed),
        Ok(Err(SendError(()))) => Err(SendTimeoutError::Closed(message)),
        Err(TimeoutError) => Err(SendTimeoutError::Timeout(message)),
    }
}

/// Nothing was sent. Gives the message back.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::mpsc::{self, SendTimeoutError};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let (sender, receiver) = mpsc::channel(1);
///     drop(receiver);
///     let error = sender.send_timeout("job", Duration::from_secs(1)).await.unwrap_err();
///     assert_eq!(error, SendTimeoutError::Closed("job"));
///     assert_eq!(error.to_string(), "the channel is closed");
///     assert_eq!(error.into_inner(), "job");
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// No place was free in time.
    Timeout(T),
    /// The receiver is closed or gone.
    Closed(T),
}

impl<T> SendTimeoutError<T> {
    /// The message.
    ///
    /// # Examples
    /// ```
    /// let error = unpick_primitives::mpsc::SendTimeoutError::Timeout("job");
    /// assert_eq!(error.into_inner(), "job");
    /// ```
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(message) | SendTimeoutError::Closed(message) => message,
        }
    }
}

// Whatever the message is, so that a result can be unwrapped.
impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "Timeout(..)",
            SendTimeoutError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "no place was free in time",
            SendTimeoutError::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> std::error::Error for SendTimeoutError<T> {}
