//! `unpick-benches run NAME RUNS`: makes runs of one workload, for a profiler to look at.
//! `unpick-benches count`: instructions per unit of each workload, with valgrind.
//! `unpick-benches finding [SEEDS]`: runs to the first bug, for each strategy.
//! `unpick-benches shrinking [SEEDS]`: what is left of failing tapes, and whether all holds that
//! shrinking promises.
//! `unpick-benches time`: nanoseconds per unit of each workload.

use std::process::ExitCode;
use std::time::Instant;

use unpick_benches::workloads::{self, WORKLOADS};
use unpick_benches::{count, finding, shrinking};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["run", name, runs] => match (workloads::find(name), runs.parse()) {
            (Some(workload), Ok(runs)) => {
                (0..runs).for_each(workload.run);
                ExitCode::SUCCESS
            }
            _ => usage(),
        },
        ["count"] => match count::count_all() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("unpick-benches: {error}");
                ExitCode::from(2)
            }
        },
        ["finding"] => {
            finding::print_table(20);
            ExitCode::SUCCESS
        }
        ["finding", seeds] => match seeds.parse() {
            Ok(seeds) if seeds > 0 => {
                finding::print_table(seeds);
                ExitCode::SUCCESS
            }
            _ => usage(),
        },
        ["shrinking"] => shrink(7),
        ["shrinking", seeds] => match seeds.parse() {
            Ok(seeds) if seeds > 0 => shrink(seeds),
            _ => usage(),
        },
        ["time"] => {
            time();
            ExitCode::SUCCESS
        }
        _ => usage(),
    }
}

fn shrink(seeds: u64) -> ExitCode {
    if shrinking::print_table(seeds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
fn time() {
    for workload in WORKLOADS {
        let runs = (2_000_000 / workload.units).clamp(3, 200_000);
        (0..runs.min(10)).for_each(workload.run);
        let mut samples: Vec<u128> = (0..7)
            .map(|_| {
                let begin = Instant::now();
                (0..runs).for_each(workload.run);
                begin.elapsed().as_nanos() * 10 / u128::from(runs * workload.units)
            })
            .collect();
        samples.sort_unstable();
        let text = |tenths: u128| format!("{}.{}", tenths / 10, tenths % 10);
        println!(
            "{:<30} {:>9} ns a {:<6} (min {}, max {})",
            workload.name,
            text(samples[3]),
            workload.unit,
            text(samples[0]),
            text(samples[6])
        );
    }
}

fn usage() -> ExitCode {
    let names: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
    eprintln!(
        "usage: unpick-benches time | count | finding [SEEDS] | shrinking [SEEDS] | run NAME RUNS; NAME is one of: {}",
        names.join(", ")
    );
    ExitCode::from(2)
}
