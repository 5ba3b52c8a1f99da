//! Whether a program fails in plainer models too: with cooperative switching, with exact time.

use std::fmt;
use std::future::Future;

use super::laboratory::Laboratory;
use super::plan::{Plan, Rest};
use super::shrink::Shrunk;
use crate::finding::{Finding, Kind};
use crate::hunt::Verdict;
use crate::options::{Options, Switching, TimeModel};
use crate::seed::RunId;
use crate::tape::Tape;

/// A model that is plainer than the one a run failed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Cooperative switching instead of preemptive.
    Cooperative,
    /// Exact time instead of stalling.
    Exact,
}

/// What a program comes to in a plainer model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plainer {
    /// The model.
    pub model: Model,
    /// A run that fails there in the same way, if one was met.
    pub fails: Option<(Tape, Finding)>,
    /// How many runs were made there: the failing tape as far as it goes, then random ones.
    pub runs: u64,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Model::Cooperative => "with cooperative switching",
            Model::Exact => "with exact time",
        })
    }
}

/// How many runs are made in a model; fewer if they are long.
const RUNS: u64 = 100;

/// How many steps may be made in a model.
const STEPS_MAX: u64 = 1_000_000;

/// Tries a failing program in each plainer model.
pub(super) fn try_plainer<F, Fut>(program: &F, options: &Options, shrunk: &Shrunk) -> Vec<Plainer>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let Shrunk { tape, finding, steps, .. } = shrunk;
    let cooperative =
        (tape.switching == Switching::Preemptive && finding.kind != Kind::Race).then(|| {
            (
                Model::Cooperative,
                Tape {
                    switching: Switching::Cooperative,
                    time: tape.time,
                    choices: tape.choices.clone(),
                },
            )
        });
    let exact = (tape.time == TimeModel::Stalling).then(|| {
        (
            Model::Exact,
            Tape {
                time: TimeModel::Exact,
                switching: tape.switching,
                choices: tape.choices.clone(),
            },
        )
    });
    let models = cooperative.into_iter().chain(exact);
    let tried = models.map(|(model, tape)| {
        let laboratory = Laboratory::new(program, options, &tape).capped_at(*steps, finding.kind);
        let fails = hunt(&laboratory, &tape, finding);
        Plainer { model, fails, runs: laboratory.spent() }
    });
    tried.collect()
}

/// The first of a few runs that fails in the same way.
fn hunt<F, Fut>(
    laboratory: &Laboratory<'_, F>,
    tape: &Tape,
    finding: &Finding,
) -> Option<(Tape, Finding)>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let signature = finding.signature();
    let seed = u64::from(tape.checksum());
    let first = || laboratory.try_plan(Plan::masked(&tape.choices, |_| true));
    let drawn = |number| {
        laboratory.try_drawn(Plan::default(), Rest::Drawn { from: 0 }, RunId::new(seed, number))
    };
    let mut trials = std::iter::once_with(first).chain((1..RUNS).map(drawn));
    let mut within = trials.by_ref().take_while(|_| laboratory.steps() < STEPS_MAX);
    within.find_map(|trial| {
        let found = trial.result.err().filter(|found| found.signature() == signature)?;
        Some((trial.tape, found))
    })
}
