//! **Unpick**: deterministic simulation testing for async Rust.
//!
//! Code runs on a seeded, virtual-clock executor under randomised interleavings, so that any
//! failure is reproduced by its seed. This crate is the one to depend on: it gathers the engine
//! ([`sim`]) and the primitives ([`primitives`]).
//!
//! ```
//! use unpick::{Hunt, Kind};
//!
//! let report = Hunt::new("stuck").run(|| async { std::future::pending::<()>().await });
//! report.assert_finds(Kind::Deadlock);
//! ```

#![forbid(unsafe_code)]

pub use unpick_primitives as primitives;
pub use unpick_sim as sim;

#[cfg(feature = "cli")]
pub use unpick_sim::cli;
pub use unpick_sim::finding::{Finding, Kind};
pub use unpick_sim::hunt::{Failure, Hunt, Report};
pub use unpick_sim::options::{Options, Switching, TimeModel};
pub use unpick_sim::{Outcome, Run};
pub use unpick_sim::{always, buggify, event, eventually, point, reachable, sometimes};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
