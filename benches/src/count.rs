//! Instructions per unit of work, and the baseline that they are held against.
//!
//! Each workload is run twice in a process of its own, with few and with more runs; the
//! difference leaves start-up out. The counts repeat to within a percent.

mod baseline;

use std::env;
use std::process::Command;

use crate::callgrind::{CountError, instructions};
use crate::workloads::{self, UNHEARD, WORKLOADS, Workload};

pub use baseline::{Against, Baseline, TOLERANCE_PERCENT};

/// Counts every workload and prints a line each.
///
/// # Errors
/// If valgrind is not installed, or prints nothing that can be read.
pub fn count_all() -> Result<(), CountError> {
    for workload in WORKLOADS {
        println!("{}", line(workload, count(workload)?));
    }
    Ok(())
}

fn line(workload: &Workload, instructions: u64) -> String {
    format!("{:<30} {instructions:>9} instructions a {}", workload.name, workload.unit)
}

/// Counts every workload and makes that the baseline.
///
/// # Errors
/// If valgrind is not installed, or the file cannot be written.
pub fn renew() -> Result<(), CountError> {
    let mut counts = Vec::new();
    for workload in WORKLOADS {
        let count = count(workload)?;
        println!("{}", line(workload, count));
        counts.push((workload.name.to_owned(), count));
    }
    Baseline::new(counts).write()
}

/// Counts every workload, and says whether none takes more than the baseline by
/// [`TOLERANCE_PERCENT`]. Says loudly that nothing was checked, and that all is well, where valgrind
/// is not installed, or the baseline is another compiler's.
///
/// # Errors
/// If valgrind prints nothing that can be read, or there is no baseline.
pub fn check() -> Result<bool, CountError> {
    let baseline = Baseline::read()?;
    if !baseline.is_of_this_compiler() {
        println!(
            "SKIPPED: the baseline of instruction counts is that of {}, and this is {}: `count \
             --renew` makes one for it",
            baseline.compiler,
            baseline::compiler()
        );
        return Ok(true);
    }
    let mut is_kept = true;
    for workload in WORKLOADS {
        let count = match count(workload) {
            Err(CountError::NoValgrind) => {
                println!("SKIPPED: valgrind is not installed: no instructions were counted");
                return Ok(true);
            }
            count => count?,
        };
        let against = baseline.against(workload.name, count);
        println!("{}  {against}", line(workload, count));
        is_kept &= !matches!(against, Against::Worse { .. } | Against::Unknown);
    }
    if !is_kept {
        println!("worse than the baseline: mend it, or `count --renew` and say why");
    }
    Ok(is_kept)
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
        let on = workloads::find(name).ok_or_else(|| CountError::other(format!("no `{name}`")))?;
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
    let program = env::current_exe().map_err(CountError::other)?;
    a_unit(workload, &|runs| {
        let mut command = Command::new(&program);
        command.args(["run", workload.name, &runs.to_string()]);
        command
    })
}

/// How many instructions a unit of a workload takes, of a program that makes so many runs of it.
pub(crate) fn a_unit(
    workload: &Workload,
    command: &dyn Fn(u64) -> Command,
) -> Result<u64, CountError> {
    let more = (100_000 / workload.units).clamp(1, 1000);
    let few = instructions(&command(1))?;
    let many = instructions(&command(1 + more))?;
    Ok(many.saturating_sub(few) / (more * workload.units))
}
