//! Virtual time: instants, sleeping, intervals, and the seam for a second source of timers.
//!
//! Time is `u64` nanoseconds since the run began. It moves only by jumping to the next timer,
//! and its arithmetic saturates: it never panics.

mod instant;
mod interval;
mod sleep;

pub use instant::Instant;
pub use interval::{Interval, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};

use crate::engine::expect_run;

/// A second source of timers, beside the engine's own: such as a paused tokio runtime whose
/// clock the run's clock drives.
pub trait TimerSource {
    /// Called when no turn is left. Moves on to the source's own next timer or to `limit`,
    /// whichever comes first, fires what is due there, and returns the instant that it reached.
    ///
    /// `None` if the source has nothing to wait for before `limit` (with no limit: nothing at
    /// all). What it woke in the meantime is run in either case.
    fn advance(&mut self, limit: Option<Instant>) -> Option<Instant>;
}

/// Attaches a second source of timers to the current run, in the place of any earlier one.
///
/// # Panics
/// Outside of a run.
pub fn attach_source(source: Box<dyn TimerSource>) {
    let earlier = expect_run("sim::time::attach_source", |core| core.attach_source(source));
    drop(earlier);
}
