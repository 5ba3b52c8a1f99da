//! Instructions per unit of work, counted by callgrind.
//!
//! Each workload is run twice in a process of its own, with few and with more runs; the
//! difference leaves start-up out. The counts repeat to within a percent, whatever else the
//! machine does.

use std::env;
use std::fmt;
use std::process::Command;

use crate::workloads::{self, UNHEARD, WORKLOADS, Workload};

/// Counts every workload and prints a line each.
///
/// # Errors
/// If valgrind is not installed, or prints nothing that can be read.
pub fn count_all() -> Result<(), CountError> {
    for workload in WORKLOADS {
        let instructions = count(workload)?;
        println!("{:<30} {instructions:>9} instructions a {}", workload.name, workload.unit);
    }
    Ok(())
}

/// Counts what detectors cost: each program with all of them on and with none, and one whose
/// variable is watched beside the same with a plain variable.
///
/// # Errors
/// If valgrind is not installed, or prints nothing that can be read.
pub fn count_detectors() -> Result<(), CountError> {
    println!("{:<30} {:>9} {:>9} {:>7}", "instructions a run", "off", "on", "more");
    let mut plain = 0;
    for off in UNHEARD {
        let name = off.name.trim_end_matches("_unheard");
        let on = workloads::find(name).ok_or_else(|| CountError(format!("no `{name}`")))?;
        let (off, on) = (count(off)?, count(on)?);
        print_more(name, off, on);
        if name == "cell_under_lock_10" {
            plain = off;
        }
        if name == "shared_under_lock_10" {
            print_more("shared beside cell, off", plain, on);
        }
    }
    Ok(())
}

fn print_more(name: &str, off: u64, on: u64) {
    let tenths = on.saturating_sub(off) * 1000 / off.max(1);
    println!("{name:<30} {off:>9} {on:>9} {:>4}.{} %", tenths / 10, tenths % 10);
}

fn count(workload: &Workload) -> Result<u64, CountError> {
    let more = (100_000 / workload.units).clamp(1, 1000);
    let few = collect(workload, 1)?;
    let many = collect(workload, 1 + more)?;
    Ok((many - few) / (more * workload.units))
}

/// How many instructions a process takes that makes this many runs.
fn collect(workload: &Workload, runs: u64) -> Result<u64, CountError> {
    let program = env::current_exe().map_err(|error| CountError(error.to_string()))?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["run", workload.name, &runs.to_string()])
        .output()
        .map_err(|error| CountError(format!("valgrind could not be started: {error}")))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split("Collected :").nth(1));
    let collected = collected.and_then(|number| number.trim().parse().ok());
    collected.ok_or_else(|| CountError(format!("valgrind printed no count: {text}")))
}

/// Why nothing was counted.
#[derive(Clone, Debug)]
pub struct CountError(String);

impl fmt::Display for CountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CountError {}
