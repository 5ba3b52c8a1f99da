//! Instructions per unit of work, counted by callgrind.
//!
//! Each workload is run twice in a process of its own, with few and with more runs; the
//! difference leaves start-up out. The counts repeat to within a percent, whatever else the
//! machine does.

use std::env;
use std::fmt;
use std::process::Command;

use crate::workloads::{WORKLOADS, Workload};

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
