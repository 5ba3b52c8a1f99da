//! Shielding a future from whoever waits for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use unpick_sim::{JoinError, JoinHandle, spawn};

/// Waits for a future that goes on even if nobody waits for it any more.
///
/// The future becomes a task at once. It has no output if that task is cancelled or panics.
///
/// # Cancel safety
/// Dropping it leaves the future running: that is what it is for.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
/// use unpick_primitives::task::{shield, sleep, timeout};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let is_saved = Rc::new(Cell::new(false));
///     let flag = is_saved.clone();
///     let saving = shield(async move {
///         sleep(Duration::from_secs(2)).await;
///         flag.set(true);
///     });
///     assert!(timeout(Duration::from_secs(1), saving).await.is_err());
///     assert!(!is_saved.get());
///     sleep(Duration::from_secs(5)).await;
///     assert!(is_saved.get());
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[track_caller]
pub fn shield<F>(future: F) -> Shield<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Shield { handle: spawn(future) }
}

/// The future of [`shield`].
#[must_use = "dropping it leaves the future running, but loses its output"]
pub struct Shield<T> {
    handle: JoinHandle<T>,
}

impl<T: 'static> Future for Shield<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> fmt::Debug for Shield<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.handle.is_finished() { "finished" } else { "running" };
        write!(f, "<Shield [{state}]>")
    }
}
