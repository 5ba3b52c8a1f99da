//! The engine, through its public face: what it promises, tried against programs that nobody
//! has thought of, and against a model of its own.

mod enumeration;
mod random_programs;
mod same_seed;
mod tapes;

#[path = "../support/support.rs"]
mod support;

use unpick::sim::Run;
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
