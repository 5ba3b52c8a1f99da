//! Unpick beside its peers, in one run: the same workloads, each written as the peer's users
//! would, each peer a program of its own outside of the workspace (`benches/peers`).
//!
//! The programs take turns, so that whatever else the machine does strikes all of them alike.
//!
#![doc = include_str!("../PEERS.md")]

mod build;
mod contender;
mod finding;
mod table;

use std::fmt;
use std::time::Instant;

use clap::ValueEnum;

use crate::callgrind::CountError;
use crate::count;
use crate::systematic;
use crate::workloads::{WORKLOADS, Workload};

use contender::{Contender, Exhausted, Found, Side};

/// A part of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Nanoseconds a unit of each workload.
    Times,
    /// Instructions a unit.
    Instructions,
    /// Memory a task.
    Memory,
    /// Runs and time to the first bug.
    Finding,
    /// How soon each interleaving of one program is made.
    Among,
    /// How soon all schedules of a program are tried.
    Systematic,
}

const PARTS: [Part; 6] =
    [Part::Times, Part::Instructions, Part::Memory, Part::Finding, Part::Among, Part::Systematic];

/// Builds the peers, measures these parts, or all if none is named, and prints them as Markdown; how
/// long each took goes to standard error.
///
/// # Errors
/// If a peer cannot be built.
#[expect(clippy::disallowed_methods, reason = "how long it takes is told")]
pub fn compare(repetitions: u64, seeds: u64, only: &[Part]) -> Result<(), PeersError> {
    let contenders = build::all()?;
    println!("{}", table::head(&build::versions(), repetitions, seeds));
    let timed: Vec<&Contender> =
        contenders.iter().filter(|it| it.side != Side::UnpickAlone).collect();
    for part in PARTS.into_iter().filter(|part| only.is_empty() || only.contains(part)) {
        let begin = Instant::now();
        let text = match part {
            Part::Times => {
                table::times(&timed, &rows(|workload| measure(workload, &timed, repetitions)))
            }
            Part::Instructions => {
                table::instructions(&timed, &rows(|workload| counts(workload, &timed)))
            }
            Part::Memory => {
                let memory: Vec<_> = timed.iter().map(|it| it.bytes_a_task(TASKS)).collect();
                table::memory(&timed, &memory)
            }
            Part::Finding => {
                let rows: Vec<_> = SEARCHED
                    .iter()
                    .map(|&program| (program, search(program, &contenders, seeds)))
                    .collect();
                let (runs, times) =
                    (finding::runs(&contenders, &rows), finding::times(&contenders, &rows));
                format!("{runs}\n{times}")
            }
            Part::Among => finding::among(seeds, &contenders),
            Part::Systematic => {
                let rows: Vec<_> = systematic::PROGRAMS
                    .iter()
                    .map(|&program| (program, exhaust(program, &timed)))
                    .collect();
                table::exhausted(&timed, &rows)
            }
        };
        print!("{text}");
        if part != Part::Systematic {
            println!();
        }
        eprintln!("{part:?}: {} s", begin.elapsed().as_secs());
    }
    Ok(())
}

/// What one contender needs for one workload: nanoseconds a unit, sorted; `None` if it cannot
/// express the workload, or fails at it.
type Samples = Option<Vec<f64>>;

/// The workloads that peers have too, and ours with other strategies.
fn rows<T>(measure: impl Fn(&Workload) -> Vec<T>) -> Vec<(&'static Workload, Vec<T>)> {
    let named = |name: &&str| WORKLOADS.iter().find(|workload| workload.name == *name);
    let compared = COMPARED.iter().filter_map(named);
    compared.map(|workload| (workload, measure(workload))).collect()
}

const COMPARED: [&str; 11] = [
    "empty",
    "step_2",
    "step_1000",
    "step_1000_pct",
    "step_1000_pos",
    "step_1000_urw",
    "lost_update_10",
    "lock_over_yield_10",
    "bounded_queue_20",
    "timer",
    "spawn",
];

/// How many tasks the workload `spawn` has.
const TASKS: u64 = 100_000;

/// The programs in which peers look for a bug too.
const SEARCHED: [&str; 16] = [
    "philosophers_3",
    "philosophers_5",
    "among_20",
    "reorder_3",
    "reorder_5",
    "reorder_10",
    "reorder_20",
    "reorder_50",
    "twostage",
    "twostage_20",
    "twostage_50",
    "wronglock",
    "account",
    "bluetooth",
    "deadlock01",
    "stringbuffer",
];

/// The most runs that a search may take.
const RUNS_MAX: u64 = 2_000;

/// In how many runs interleavings are looked for.
const AMONG_MAX: u64 = 20_000;

/// The most runs that an exhaustive search may take.
const EXHAUST_MAX: u64 = 200_000;

/// How long a run may take of which instructions are counted.
const COUNTED_MAX_NS: u64 = 500_000_000;

/// How long one sample takes, about.
const SAMPLE_NS: u64 = 100_000_000;

/// The most runs that one sample has.
const SAMPLE_RUNS_MAX: u64 = 100_000;

/// How many runs take about as long as a sample is to take: by making more and more of them, since
/// the first ones of a process may take many times what the others do.
fn enough(time: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    let mut runs = 1;
    loop {
        let took = time(runs)?.max(1);
        if took >= SAMPLE_NS / 2 || runs == SAMPLE_RUNS_MAX {
            return Some(runs);
        }
        runs = (runs * SAMPLE_NS / took).max(2 * runs).min(SAMPLE_RUNS_MAX);
    }
}

#[expect(clippy::float_arithmetic, reason = "measured times, outside of any run")]
fn measure(workload: &Workload, contenders: &[&Contender], repetitions: u64) -> Vec<Samples> {
    let enough_for = |contender: &&Contender| enough(|runs| contender.time(workload.name, runs));
    let runs: Vec<Option<u64>> = contenders.iter().map(enough_for).collect();
    let mut samples: Vec<Samples> = runs.iter().map(|runs| runs.map(|_| Vec::new())).collect();
    for _ in 0..repetitions {
        for ((contender, runs), samples) in contenders.iter().zip(&runs).zip(&mut samples) {
            if let (Some(runs), Some(samples)) = (runs, samples)
                && let Some(nanoseconds) = contender.time(workload.name, *runs)
            {
                samples.push(nanoseconds as f64 / (runs * workload.units) as f64);
            }
        }
    }
    samples.iter_mut().flatten().for_each(|samples| samples.sort_by(f64::total_cmp));
    samples
}

/// Instructions a unit; `None` where the workload cannot be expressed, takes too long for it, or
/// nothing can be counted.
fn counts(workload: &Workload, contenders: &[&Contender]) -> Vec<Option<u64>> {
    let of = |contender: &&Contender| {
        // Whether it has the workload at all is quicker asked without valgrind, under which it takes
        // some fifty times as long.
        if contender.time(workload.name, 1)? > COUNTED_MAX_NS {
            return None;
        }
        let command = |runs: u64| {
            let mut command = contender.command();
            command.args(["run", workload.name, &runs.to_string()]);
            command
        };
        match count::a_unit(workload, &command) {
            Ok(count) => Some(count),
            Err(CountError::NoValgrind) => None,
            Err(error) => {
                eprintln!("{}, {}: {error}", contender.name, workload.name);
                None
            }
        }
    };
    contenders.iter().map(of).collect()
}

/// What came of the searches under each base seed; `None` if the program cannot be expressed.
type Searched = Option<Vec<Found>>;

fn search(program: &str, contenders: &[Contender], seeds: u64) -> Vec<Searched> {
    let of = |contender: &Contender| {
        (0..seeds).map(|seed| contender.find(program, seed, RUNS_MAX)).collect()
    };
    contenders.iter().map(of).collect()
}

fn exhaust(program: &str, contenders: &[&Contender]) -> Vec<Option<Exhausted>> {
    contenders.iter().map(|contender| contender.exhaust(program, EXHAUST_MAX)).collect()
}

/// Why peers could not be compared.
#[derive(Clone, Debug)]
pub struct PeersError(String);

impl fmt::Display for PeersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PeersError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_takes_long_enough_whatever_the_first_runs_of_a_process_take() {
        // The first run of one takes 40 ms, and each other 2 us; those of another take 3 s.
        let begins_slowly = |runs: u64| Some(if runs == 1 { 40_000_000 } else { 2_000 * runs });
        assert_eq!(enough(begins_slowly).map(|runs| runs * 2_000 >= SAMPLE_NS / 2), Some(true));
        assert_eq!(enough(|runs| Some(3_000_000_000 * runs)), Some(1));
        assert_eq!(enough(Some), Some(SAMPLE_RUNS_MAX));
        assert_eq!(enough(|_| None), None);
    }
}
