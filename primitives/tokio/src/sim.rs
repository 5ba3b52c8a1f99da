//! What a program may say to the simulation; without the feature `sim` this module is not there.

use crate::driven;
use crate::inside::is_inside;

/// Enters the runtime that crates see which use tokio themselves. On Linux, Android, macOS, Windows
/// and the BSDs each run has entered it when it begins; elsewhere the first call of anything of this
/// package does that, so that this is needed only where such a crate comes first in a run. Outside
/// of a run it does nothing.
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

/// Says that crates which use tokio themselves handle the panics of the tasks that they spawn:
/// until the run is over they are events of its trace and nothing else.
///
/// Otherwise such a panic fails the run, as one of any other task does that nobody awaits. Who
/// awaits a task there tokio does not tell.
///
/// # Examples
/// ```
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     unpick_tokio::sim::handle_panics();
///     // As a crate does that knows nothing of this package.
///     tokio::spawn(async { panic!("it fell over") }).await.unwrap_err().is_panic()
/// });
/// assert_eq!(outcome.result, Ok(true));
/// ```
pub fn handle_panics() {
    if is_inside() {
        driven::handle_panics();
    }
}
