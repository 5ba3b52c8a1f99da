//! Blocking closures.

use unpick_sim::{JoinHandle, spawn};

/// Runs a blocking closure beside the other tasks, and waits for its result through the handle:
/// `asyncio.to_thread`.
///
/// The closure is one step of a task of its own: it runs when the schedule says so, on the thread
/// of the run, and nothing comes in between. It must not wait for another task.
///
/// # Cancel safety
/// Dropping the handle leaves the closure to run; aborting it before that keeps it from running.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use unpick_primitives::task::to_thread;
/// use unpick_sim::Run;
///
/// let program = || async { to_thread(|| (1..=20u64).product::<u64>()).await };
/// assert_eq!(Run::new().execute(program).result, Ok(Ok(2_432_902_008_176_640_000)));
/// ```
#[track_caller]
pub fn to_thread<F, T>(closure: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    spawn(async move { closure() })
}
