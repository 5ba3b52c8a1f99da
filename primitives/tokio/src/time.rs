//! Time: tokio's own outside of runs, and the run's virtual time inside of one.
//!
//! Inside of a run the clock always stands still while anything can run, and jumps to the next
//! timer when nothing can. [`pause`] and [`resume`] change nothing there; [`advance`] moves it by
//! hand. As in tokio, timers are due at whole milliseconds.

mod clock;
pub mod error;
mod instant;
mod interval;
mod sleep;
mod timeout;

pub use std::time::Duration;

pub use tokio::time::MissedTickBehavior;

pub use self::clock::{advance, pause, resume};
pub use self::instant::Instant;
pub use self::interval::{Interval, interval, interval_at};
pub use self::sleep::{Sleep, sleep, sleep_until};
pub use self::timeout::{Timeout, timeout, timeout_at};

/// A period or a delay that is longer is cut down to this: some 30 years.
const DELAY_MAX: Duration = Duration::from_secs(86_400 * 365 * 30);
