//! Real code: crates that nobody here wrote, unmodified, at a version with a published concurrency
//! bug and at the version that fixed it.
//!
//! Two compatible versions of a crate cannot share one build, so that each has a small package of
//! its own outside of the workspace: `scenarios/real/NAME/{buggy,fixed}`, both with the program
//! `scenarios/real/NAME/program.rs`. A pair is such a folder and one entry in [`PAIRS`].
//! A program ends in the hunt of `scenarios/real/hunting.rs`; one that waits for tokio's timers has
//! them from `scenarios/real/tokio_time.rs`.
//!
//! `cargo run --release -p unpick-scenarios --example real` builds and hunts them all.

mod command;
mod outcome;
mod package;
mod pairs;
mod table;

pub use command::main;
pub use outcome::{Outcome, Unreadable};
pub use package::{Failed, Lock, Package};
pub use pairs::{PAIRS, Pair, Symptom};
pub use table::{Row, table};
