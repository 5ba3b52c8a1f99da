//! After a failure: what is found out about it.
//!
//! - [`shrink()`] cuts the tape down to the few choices that matter;
//! - [`decide`] says which of them decided.

mod decisive;
mod laboratory;
mod plan;
mod shrink;

pub use decisive::{Decisions, Decisive, Flip, Rate, Without, decide};
pub use shrink::{Budget, Limit, Shrunk, shrink};

use std::future::Future;

use self::laboratory::Laboratory;
use self::plan::Plan;
use super::Verdict;
use crate::options::{Options, Tracing};
use crate::run::Outcome;
use crate::tape::Tape;

/// Makes the run that takes what the tape took but for one choice, which is plain instead: the
/// flip test of that choice. Choices of other labels stay in step, and whatever comes after the
/// tape is plain.
///
/// # Panics
/// If the tape has no such choice, the options are refused, or inside of a run.
#[track_caller]
pub fn flip<F, Fut>(program: &F, options: &Options, tape: &Tape, number: usize) -> Outcome<()>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let length = tape.len();
    assert!(number < length, "choice {number} was to be flipped; the tape has {length}, from 0");
    let plan = Plan::with(&tape.choices, number, 0);
    Laboratory::new(program, options, tape).follow(plan, Tracing::Off)
}
