//! Moving the clock by hand.

use std::time::Duration;

use crate::inside::is_inside;

/// Stops the clock. Inside of a run it stands still anyway, and this does nothing.
///
/// # Panics
/// Outside of a run: if it stands still already, or the runtime is not of one thread.
#[track_caller]
pub fn pause() {
    if !is_inside() {
        tokio::time::pause();
    }
}

/// Lets the clock go on. Inside of a run it goes on only when nothing can run, and this does
/// nothing.
///
/// # Panics
/// Outside of a run: if it does not stand still.
#[track_caller]
pub fn resume() {
    if !is_inside() {
        tokio::time::resume();
    }
}

/// Moves the clock on by `duration`, and gives way once. Whatever is due by then was woken.
///
/// # Panics
/// Outside of a run: if the clock does not stand still.
///
/// # Examples
/// ```
/// use unpick_tokio::time::{Duration, Instant, advance};
///
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     let begin = Instant::now();
///     advance(Duration::from_secs(60)).await;
///     begin.elapsed()
/// });
/// assert_eq!(outcome.result, Ok(Duration::from_secs(60)));
/// ```
pub async fn advance(duration: Duration) {
    if is_inside() {
        unpick_sim::time::pass(duration);
        unpick_sim::yield_now().await;
    } else {
        tokio::time::advance(duration).await;
    }
}
