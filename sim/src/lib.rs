//! The engine of [unpick](https://docs.rs/unpick): a seeded, virtual-clock executor on which
//! async code runs under randomised interleavings, each run reproduced by its seed or its tape.
//!
//! A [`Run`] executes a program once. Every decision in it goes through one call and lands on a
//! [`Tape`](tape::Tape): which turn comes next, whether the clock runs ahead, whether a fault
//! strikes, what [`rng`] draws. The tape is the whole of a run's nondeterminism: replaying it
//! gives the same run, to the byte.
//!
//! ```
//! use std::cell::Cell;
//! use std::rc::Rc;
//! use unpick_sim::{Run, spawn, yield_now};
//!
//! /// Two tasks add 1 to a counter, giving way between reading and writing.
//! async fn lost_update() -> u32 {
//!     let counter = Rc::new(Cell::new(0));
//!     let add = |counter: Rc<Cell<u32>>| async move {
//!         let seen = counter.get();
//!         yield_now().await;
//!         counter.set(seen + 1);
//!     };
//!     let tasks = [spawn(add(counter.clone())), spawn(add(counter.clone()))];
//!     for task in tasks {
//!         task.await.expect("it returns");
//!     }
//!     counter.get()
//! }
//!
//! let seed = (0..100).find(|&seed| Run::new().seed(seed).execute(lost_update).result == Ok(1));
//! let failing = Run::new().seed(seed.expect("one in a hundred loses an update"));
//! assert_eq!(failing.execute(lost_update).result, Ok(1));
//! ```
//!
//! # What is controlled
//!
#![doc = include_str!("controlled.md")]
#![deny(unsafe_code)]

mod callers;
pub mod choice;
pub mod class;
#[cfg(feature = "cli")]
pub mod cli;
mod collections;
mod engine;
pub mod environment;
pub mod faults;
pub mod finding;
pub mod hunt;
#[cfg(feature = "tracing")]
pub mod logging;
mod names;
pub mod options;
mod panics;
pub mod points;
pub mod probe;
pub mod properties;
mod random;
mod run;
#[cfg(feature = "proptest")]
pub mod schedules;
pub mod seed;
mod shared;
pub mod strategy;
pub mod streams;
mod switching;
pub mod tape;
mod task;
pub mod time;
pub mod trace;
pub mod watchdog;

pub use collections::{HashMap, HashSet, RunHasher, RunState};
pub use properties::eventually;
pub use random::{SimRng, chance, pick, rng};
pub use run::{Outcome, Run, RunError};
pub use shared::{Shared, SharedRead, SharedWrite};
pub use switching::{Step, WithoutSwitching, step, without_switching};
pub use task::{
    AbortHandle, Builder, HandOver, JoinError, JoinHandle, YieldNow, current_path, hand_over,
    spawn, task, yield_now,
};

/// Claims that no run comes here: a label, and if wanted details as for [`format!`]. Not to be
/// mixed up with [`std::unreachable!`], which diverges and this does not. See
/// [`properties`](mod@properties).
///
/// # Examples
/// ```
/// use unpick_sim::Run;
///
/// let outcome = Run::new().execute(|| async {
///     unpick_sim::unreachable!("two leaders", "in term {}", 7);
/// });
/// let finding = outcome.result.unwrap_err();
/// assert_eq!(finding.message, "unreachable `two leaders` was reached: in term 7");
/// ```
#[doc(inline)]
pub use __unreachable as unreachable;

/// Records something that the program says in the trace of the run, formatted as by
/// [`format!`]. Nothing is formatted unless the run is traced.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, event};
///
/// let outcome = Run::new().traced().execute(|| async { event!("balance is {}", 100) });
/// assert!(outcome.trace.unwrap().to_text().contains("say balance is 100"));
/// ```
#[macro_export]
macro_rules! event {
    ($($argument:tt)*) => {
        $crate::say(::std::format_args!($($argument)*))
    };
}

#[doc(hidden)]
#[track_caller]
pub fn say(text: std::fmt::Arguments<'_>) {
    if engine::with_run(|core| core.is_traced()) == Some(true) {
        let (text, site) = (text.to_string(), std::panic::Location::caller().into());
        engine::with_run(|core| core.record(|_| trace::EventKind::Said { text, site }));
    }
}
