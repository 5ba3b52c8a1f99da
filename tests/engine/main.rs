//! The engine, through its public face: what it promises, tried against programs that nobody
//! has thought of, and against a model of its own.

mod bodies;
mod data;
mod enumeration;
mod every_strategy;
mod executor;
mod false_positives;
mod foreign;
mod giving_way;
mod handing_over;
mod in_place;
mod random_programs;
mod same_seed;
mod shrinking;
mod tapes;
mod time;
mod wakers;
mod watchdog;

#[path = "../support/support.rs"]
mod support;

use std::collections::BTreeSet;
use unpick::sim::strategy::Systematic;
use unpick::sim::{Outcome, Run};

use unpick::sim::finding::{Finding, Kind};
use unpick::sim::options::{Options, Switching, TimeModel};

use crate::support::model::Mode;

/// Every switching and time model.
const MODES: [Mode; 4] = [
    Mode { is_preemptive: false, is_stalling: false },
    Mode { is_preemptive: true, is_stalling: false },
    Mode { is_preemptive: false, is_stalling: true },
    Mode { is_preemptive: true, is_stalling: true },
];

/// A run in this mode.
fn run_in(mode: Mode) -> Run {
    Run::with(options_of(mode))
}

fn options_of(mode: Mode) -> Options {
    let switching = if mode.is_preemptive { Switching::Preemptive } else { Switching::Cooperative };
    let time = if mode.is_stalling { TimeModel::Stalling } else { TimeModel::Exact };
    Options { switching, time, ..Options::default() }
}

/// The finding of a run that must have one of this kind.
#[track_caller]
fn finding_of<T>(outcome: Outcome<T>, kind: Kind) -> Finding {
    match outcome.result {
        Err(finding) if finding.kind == kind => finding,
        Err(finding) => panic!("expected a finding of kind {kind}, but there is {finding}"),
        Ok(_) => panic!("expected a finding of kind {kind}, but there is none"),
    }
}

/// What a program comes to over all its tapes: outputs, or kinds of findings.
#[track_caller]
fn all_outcomes<F, Fut>(mode: Mode, program: F) -> BTreeSet<Result<Fut::Output, Kind>>
where
    F: Fn() -> Fut,
    Fut: Future<Output: Ord>,
{
    let mut systematic = Systematic::new();
    let mut outcomes = BTreeSet::new();
    for _ in 0..100_000 {
        let outcome = run_in(mode).strategy(systematic.strategy()).execute(&program);
        outcomes.insert(outcome.result.map_err(|finding| finding.kind));
        if !systematic.advance(&outcome.tape) {
            return outcomes;
        }
    }
    panic!("the program has more than 100 000 tapes");
}

const COOPERATIVE: Mode = MODES[0];
const PREEMPTIVE: Mode = MODES[1];
