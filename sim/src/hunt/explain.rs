//! After a failure: what is found out about it.
//!
//! - [`Replayed`]: it is run again from its tape, on a fresh OS thread, with full tracing;
//! - [`shrink()`] cuts the tape down to the few choices that matter;
//! - [`decide`] says which of them decided;
//! - [`Plainer`]: whether it fails in plainer models too;
//! - [`Passing`]: the nearest run that passes.
//!
//! [`explain()`] does all of it, and a hunt does that for whatever it did not expect.

mod calling;
mod decisive;
mod laboratory;
mod passing;
mod perils;
mod plainer;
mod plan;
mod reproduce;
mod shrink;
mod telling;

use std::future::Future;

pub(super) use calling::{look_at_callers, tell_calls};
pub(super) use decisive::decide_in;
pub use decisive::{Decisions, Decisive, Flip, Rate, Without, decide};
pub(super) use laboratory::Laboratory;
pub use passing::Passing;
pub(super) use perils::{Lost, Perils, Sentry};
pub use plainer::{Model, Plainer};
pub(super) use plan::{Plan, Rest};
pub use reproduce::Replayed;
pub(super) use shrink::shrink_in;
pub use shrink::{Budget, Limit, Shrunk, shrink};
pub(super) use telling::{lanes_of, tell_choice, tell_dropped};

use super::Verdict;
pub use crate::callers::Callers;
use crate::finding::Finding;
use crate::options::{Options, Tracing};
use crate::run::Outcome;
use crate::tape::Tape;
use crate::trace::Trace;

/// What was found out about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What came of replaying it.
    pub replayed: Replayed,
    /// What its tape was cut down to; `None` if no replay on a fresh thread gave the same at once.
    pub minimal: Option<Minimal>,
    /// Everything that happened in the failing run itself, if a replay gave the same.
    pub trace: Option<Trace>,
}

/// The smallest run that fails in the same way, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimal {
    /// The run: its tape and its finding.
    pub shrunk: Shrunk,
    /// Everything that happens in it.
    pub trace: Trace,
    /// From where its operations were called.
    pub callers: Callers,
    /// Which of its deviations decided.
    pub decisions: Decisions,
    /// Whether the program fails in plainer models too.
    pub plainer: Vec<Plainer>,
    /// The nearest run that passes, if one was met.
    pub passing: Option<Passing>,
}

/// Finds out about a failing run: reproduces it on a fresh OS thread, cuts it down, and says what
/// decided. If it fails with cooperative switching or exact time as well, in no more deviations,
/// then that is the minimal run.
///
/// Everything but [`Budget::wall_max`] is deterministic: the same program, tape and budget have
/// the same explanation.
///
/// # Panics
/// If the options are refused, or inside of a run.
pub fn explain<F, Fut>(
    program: &F,
    options: &Options,
    tape: &Tape,
    finding: &Finding,
    budget: Budget,
) -> Explanation
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let (replayed, trace) = reproduce::reproduce(program, options, tape, finding);
    let minimal = match replayed {
        Replayed::Identically => {
            let minimize = || minimize(program, options, tape, finding, budget);
            reproduce::on_a_fresh_thread(minimize)
        }
        Replayed::Otherwise { .. } => None,
    };
    Explanation { replayed, minimal, trace }
}

fn minimize<F, Fut>(
    program: &F,
    options: &Options,
    tape: &Tape,
    finding: &Finding,
    budget: Budget,
) -> Option<Minimal>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let mut shrunk = shrink(program, options, tape, finding, budget)?;
    let plainer = plainer::try_plainer(program, options, &shrunk);
    for (tape, finding) in plainer.iter().filter_map(|plainer| plainer.fails.as_ref()) {
        let there = shrink(program, options, tape, finding, budget);
        if let Some(there) = there
            && there.tape.deviations() <= shrunk.tape.deviations()
        {
            let runs = shrunk.runs + there.runs;
            shrunk = Shrunk { runs, ..there };
        }
    }
    let decisions = decide(program, options, &shrunk.tape, &shrunk.finding);
    let laboratory = Laboratory::new(program, options, &shrunk.tape);
    let laboratory = laboratory.capped_at(shrunk.steps, shrunk.finding.kind);
    let traced = laboratory.replay(&shrunk.tape, Tracing::On);
    let trace = traced.trace?;
    // It says more of a run that was traced.
    shrunk.finding = traced.result.err()?;
    let first = decisions.decisive.map(|decisive| decisive.number);
    let passing = passing::nearest(&laboratory, &shrunk.tape, first);
    let again = || {
        // It comes to the same as before.
        let _ = laboratory.replay(&shrunk.tape, Tracing::On);
    };
    let options = laboratory.options();
    let callers = look_at_callers(options, &shrunk.finding, &trace, &decisions, again);
    Some(Minimal { shrunk, trace, callers, decisions, plainer, passing })
}
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
