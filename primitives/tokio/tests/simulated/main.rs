//! The package inside of runs.

#![expect(clippy::unwrap_used, reason = "programs under test, written as their authors would")]

mod driven;
mod macros;
mod tasks;
mod time;
mod trial;

use std::future::Future;

use unpick_sim::finding::{Finding, Kind};
use unpick_sim::{Outcome, Run};

/// A random run of a program under this seed.
fn run<F, Fut>(seed: u64, program: F) -> Outcome<Fut::Output>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    Run::new().seed(seed).traced().execute(program)
}

/// The finding of a run that must have one, of this kind.
#[track_caller]
fn finding_of<T: std::fmt::Debug>(outcome: Outcome<T>, kind: Kind) -> Finding {
    let finding = outcome.result.expect_err("the run ends in a finding");
    assert_eq!(finding.kind, kind, "{}", finding.message);
    finding
}
