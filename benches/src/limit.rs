//! How few instructions the workloads can take at all: a minimal engine, beside Unpick.
//!
//! It makes the same choices in the same order, draws them from the same streams, and so comes to
//! the same tapes. It has no strategies, traces, faults or names, and nothing that a hunt wants;
//! where Unpick goes on with what is rare (wakers of others, several operations of a task at a
//! time), it says that it does not.

mod engine;
mod lock;
mod objects;
mod queue;
mod ready;
mod tasks;
#[cfg(test)]
mod tests;
mod timers;
mod waker;
mod workloads;

use std::env;
use std::future::Future;
use std::process::Command;

use crate::callgrind::CountError;
use crate::count::a_unit;
use crate::workloads::Workload;

use self::workloads::{bare, told};

/// The index of nothing.
const NONE: u32 = u32::MAX;

/// The subcommand that makes runs of the minimal engine.
pub const RUN: &str = "run-limit";

/// A workload of both engines.
struct Row {
    name: &'static str,
    aim: u64,
    /// Over an engine that is not told who holds and who waits, where that makes a difference.
    bare: Option<fn(u64)>,
    /// Over one that is.
    told: fn(u64),
}

/// Makes a run that passes.
fn pass<Fut: Future<Output = ()>>(seed: u64, program: impl FnOnce() -> Fut) {
    let outcome = engine::run(seed, program);
    assert!(outcome.result.is_ok(), "the workloads pass");
}

const ROWS: &[Row] = &[
    Row { name: "empty", aim: 1500, bare: None, told: |seed| pass(seed, told::empty) },
    Row { name: "step_2", aim: 250, bare: None, told: |seed| pass(seed, || told::steps(2, 1000)) },
    Row {
        name: "lost_update_10",
        aim: 12_000,
        bare: None,
        told: |seed| pass(seed, told::lost_update),
    },
    Row {
        name: "lock_over_yield_10",
        aim: 18_000,
        bare: Some(|seed| pass(seed, bare::lock_over_yield)),
        told: |seed| pass(seed, told::lock_over_yield),
    },
    Row {
        name: "bounded_queue_20",
        aim: 45_000,
        bare: Some(|seed| pass(seed, bare::bounded_queue)),
        told: |seed| pass(seed, told::bounded_queue),
    },
    Row {
        name: "timer",
        aim: 500,
        bare: None,
        told: |seed| pass(seed, || told::timers(1000, 100)),
    },
    Row { name: "spawn", aim: 1000, bare: None, told: |seed| pass(seed, || told::spawns(100_000)) },
];

/// Makes so many runs of a workload over the minimal engine.
///
/// # Errors
/// If there is no such workload.
pub fn run(name: &str, runs: u64) -> Result<(), String> {
    let (name, is_bare) = name.strip_suffix("-bare").map_or((name, false), |name| (name, true));
    let row = ROWS.iter().find(|row| row.name == name);
    let row = row.ok_or_else(|| format!("the minimal engine has no workload `{name}`"))?;
    let run = if is_bare { row.bare.unwrap_or(row.told) } else { row.told };
    (0..runs).for_each(run);
    Ok(())
}

/// Counts the workloads over both engines, and prints a Markdown table.
///
/// # Errors
/// If valgrind is not installed, or prints nothing that can be read.
pub fn print_table() -> Result<(), CountError> {
    println!(
        "| workload | bare | told | Unpick | Unpick over told | aim |\n|---|---|---|---|---|---|"
    );
    for row in ROWS {
        let workload = crate::workloads::find(row.name);
        let workload = workload.ok_or_else(|| CountError::other("a row without a workload"))?;
        let told = count(workload, [RUN, row.name])?;
        let bare = match row.bare {
            Some(_) => count(workload, [RUN, &format!("{}-bare", row.name)])?.to_string(),
            None => String::new(),
        };
        let unpick = count(workload, ["run", row.name])?;
        let hundredths = unpick * 100 / told.max(1);
        println!(
            "| {}, a {} | {bare} | {told} | {unpick} | {}.{:02} | {} |",
            row.name,
            workload.unit,
            hundredths / 100,
            hundredths % 100,
            row.aim
        );
    }
    Ok(())
}

fn count(workload: &Workload, arguments: [&str; 2]) -> Result<u64, CountError> {
    let program = env::current_exe().map_err(CountError::other)?;
    a_unit(workload, &|runs| {
        let mut command = Command::new(&program);
        command.args(arguments).arg(runs.to_string());
        command
    })
}
