//! What a program may say to the simulation; without the feature `sim` this module is not there.

use crate::inside::is_inside;

/// Enters the runtime that crates see which use tokio themselves. The first call of anything of
/// this package does that too, so it is needed only where such a crate comes first in a run.
/// Outside of a run it does nothing.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     unpick_tokio::sim::enter();
///     // As a crate does that knows nothing of this package.
///     tokio::spawn(tokio::time::sleep(Duration::from_secs(60))).await
/// });
/// assert!(outcome.result.unwrap().is_ok());
/// ```
pub fn enter() {
    is_inside();
}
