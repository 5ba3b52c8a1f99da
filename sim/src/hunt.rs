//! Hunting: many runs of one program, looking for a finding.
//!
//! # What a green hunt is worth
//!
//! A report of a hunt that found nothing prints how many runs there were, and of how many distinct
//! [classes](crate::class::Class): runs that differ only in the order of steps that have nothing
//! to do with each other count as one. Then, for each strategy, calibration apart:
//!
//! - *runs* and *classes*;
//! - *next is new*: how likely the next run is of a class that was not seen (the Good–Turing
//!   estimate: the share of runs whose class was seen once). Close to zero, more runs show little
//!   that is new; close to one, the hunt has seen a small part of what there is;
//! - *fails below*: with 95 % confidence a run of this strategy fails less often than this (three
//!   out of its number of runs).
//!
//! Where tasks do not wait for one another and can be interleaved in few ways only (up to 1024), the
//! portfolio takes one after the other, and the report says [how many](Interleaved) were made.
//!
//! The last line says how many of the awaits that really waited are instrumented. What is not is
//! seen only where it waits. A hunt in which tasks overlap, and yet no schedule choice ever had
//! two alternatives, has tried nothing: it fails as [vacuous](Vacuous).
//!
//! The [environment](crate::environment) sets seeds, runs, jobs, shards and strategies from
//! outside.

mod aftermath;
mod builder;
mod course;
pub mod explain;
mod failure;
mod files;
mod findings;
mod green;
mod interleaved;
mod isolation;
mod jobs;
mod keeping;
mod lock_order;
pub mod nondeterminism;
mod places;
mod progress;
pub mod regressions;
mod repeat;
mod repeating;
mod report;
mod rerun;
mod running;
mod seen;
mod shard;
mod surroundings;
mod tally;
mod test;
mod vacuous;
mod verdict;

pub use builder::Hunt;
pub use failure::{Failure, Origin};
pub use interleaved::Interleaved;
pub use isolation::Isolation;
pub(crate) use isolation::tell_hang;
pub use report::Report;
pub use seen::ClassCounts;
pub use tally::{Left, StrategyCounts};
pub use test::TestInfo;
pub use vacuous::Vacuous;
pub use verdict::{Verdict, judge};
