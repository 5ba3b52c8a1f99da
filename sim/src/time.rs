//! Virtual time: instants, sleeping, intervals, and the seam for a second source of timers.
//!
//! Time is `u64` nanoseconds since the run began. It moves only by jumping to the next timer,
//! and its arithmetic saturates: it never panics.

mod instant;
mod interval;
mod sleep;

pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};

use std::time::Duration;

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

    /// Whether it has anything going on that may wake a task without being told of it. Asked in the
    /// middle of the engine's work: it may look at nothing of the run.
    fn is_busy(&self) -> bool {
        true
    }

    /// Whether it is to be told that a step of a task, or a jump of the clock, has come to its end.
    /// Asked after each, in the middle of the engine's work: it may look at nothing of the run.
    fn is_attentive(&self, now: Instant) -> bool {
        let _ = now;
        false
    }

    /// Called after a step of a task, or a jump of the clock, if the source is
    /// [attentive](Self::is_attentive): it may wake tasks of the run for what it has to do by now.
    fn stepped(&mut self, now: Instant) {
        let _ = now;
    }
}

/// Attaches a second source of timers to the current run, in the place of any earlier one.
///
/// # Panics
/// Outside of a run.
pub fn attach_source(source: Box<dyn TimerSource>) {
    drop(expect_run("sim::time::attach_source", |core| core.attach_source(source)));
}

/// Moves the clock on by `duration` at once, in the middle of a step. Whatever is due by then is
/// woken, and runs in its turn.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_sim::{Run, time};
///
/// let outcome = Run::new().execute(|| async {
///     time::pass(Duration::from_secs(60));
///     time::Instant::now().to_string()
/// });
/// assert_eq!(outcome.result.as_deref(), Ok("60.000"));
/// ```
#[track_caller]
pub fn pass(duration: Duration) {
    expect_run("sim::time::pass", |core| {
        let to = core.now() + duration;
        core.jump(to.as_nanos());
    });
}
