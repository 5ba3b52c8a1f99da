//! The command: every pair, built and hunted, and a table.

use std::process::ExitCode;

use super::{Failed, Outcome, PAIRS, Package, Pair, Row, table};

/// What the command says of itself.
const USAGE: &str = "\
Hunts real crates at a version with a published concurrency bug, and at the one that fixed it.

  real [--reports] [NAME]...

With names, those pairs alone. --reports prints what each hunt printed. The crates are downloaded
by cargo if its cache lacks them. Exit codes: 0, 1 (not as expected, or not possible), 2 (usage).";

/// Whether what the hunts print is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reports {
    Shown,
    Hidden,
}

/// Hunts the pairs that the arguments name, or all of them.
#[must_use]
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let (mut reports, mut pairs) = (Reports::Hidden, Vec::new());
    for argument in arguments {
        match argument.as_str() {
            "--reports" => reports = Reports::Shown,
            "-h" | "--help" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            name => match PAIRS.iter().find(|pair| pair.name == name) {
                Some(pair) => pairs.push(pair),
                None => {
                    let names: Vec<_> = PAIRS.iter().map(|pair| pair.name).collect();
                    eprintln!("there is no pair `{name}`; allowed: {}", names.join(", "));
                    return ExitCode::from(2);
                }
            },
        }
    }
    if pairs.is_empty() {
        pairs = PAIRS.iter().collect();
    }
    hunt_all(&pairs, reports)
}

fn hunt_all(pairs: &[&'static Pair], reports: Reports) -> ExitCode {
    let (mut rows, mut failed) = (Vec::new(), 0_usize);
    for pair in pairs {
        match hunt_pair(pair, reports) {
            Ok(row) => rows.push(row),
            Err((package, error)) => {
                eprintln!("{}: {error}", package.folder().display());
                if matches!(error, Failed::Unreachable(_) | Failed::NoCargo(_)) {
                    eprintln!("{} of {} pairs were hunted", rows.len(), pairs.len());
                    return ExitCode::FAILURE;
                }
                failed += 1;
            }
        }
    }
    let unexpected = rows.iter().filter(|row| !row.is_expected()).count();
    print!("\n{}", table(&rows));
    println!("{} pairs, {unexpected} not as expected, {failed} without an outcome", pairs.len());
    if unexpected + failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn hunt_pair(pair: &'static Pair, reports: Reports) -> Result<Row, (Package, Failed)> {
    println!("{}: {} {} and {}", pair.name, pair.krate, pair.buggy, pair.fixed);
    let buggy = hunt(pair, "buggy", pair.runs, reports)?;
    let fixed = hunt(pair, "fixed", 10 * pair.runs, reports)?;
    Ok(Row { pair, buggy, fixed })
}

fn hunt(
    pair: &Pair,
    version: &str,
    runs: u64,
    reports: Reports,
) -> Result<Outcome, (Package, Failed)> {
    let package = Package::new(pair.name, version);
    match attempt(&package, runs, reports) {
        Ok(outcome) => Ok(outcome),
        Err(error) => Err((package, error)),
    }
}

fn attempt(package: &Package, runs: u64, reports: Reports) -> Result<Outcome, Failed> {
    if package.build()? {
        let folder = package.folder().display();
        println!("  cargo has changed {folder}/Cargo.lock: commit it");
    }
    let (outcome, printed) = package.hunt(runs)?;
    if reports == Reports::Shown {
        print!("{printed}");
    }
    Ok(outcome)
}
