//! Real code: crates that nobody here wrote, unmodified.
//!
//! *Pairs* are crates at a version with a published concurrency bug and at the version that fixed
//! it; *programs* are over crates in which nothing is to be found. Two compatible versions of a
//! crate cannot share one build, so that each has a small package of its own outside of the
//! workspace: `scenarios/real/NAME/{buggy,fixed}`, both with the program
//! `scenarios/real/NAME/program.rs`, or `scenarios/real/NAME` alone. Such a folder has an entry in
//! [`PAIRS`] or in [`PROGRAMS`]. All of them end in the hunt of `scenarios/real/hunting.rs`.
//!
//! Most are over `unpick-tokio`. A crate that uses tokio itself then has tokio's own, which the
//! run drives; or it is *moved*: a copy of its source is built against `unpick-tokio`.
//!
//! `cargo run --release -p unpick-scenarios --example real` builds and hunts them all.

mod command;
mod moved;
mod outcome;
mod package;
mod pairs;
mod programs;
mod table;
mod written;

pub use command::main;
pub use moved::Release;
pub use outcome::{Outcome, Traces, Unreadable};
pub use package::{Failed, Lock, Package};
pub use pairs::{PAIRS, Pair, Symptom, Tokio};
pub use programs::{PROGRAMS, Program};
pub use table::{ProgramRow, Row, program_table, table};
pub use written::{FILE, markdown};
