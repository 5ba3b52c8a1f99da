//! The command: every pair, built and hunted, and a table.

use std::process::ExitCode;

use unpick::sim::seed::RunId;

use super::{Failed, Lock, Outcome, PAIRS, Package, Pair, Row, table};

/// What the command says of itself.
const USAGE: &str = "\
Hunts real crates at a version with a published concurrency bug, and at the one that fixed it.

  real [--reports] [--skip-unreachable] [--seed SEED] [NAME]...

With names, those pairs alone. --reports prints what each hunt printed. The base seed is 0x5eed.
The crates are downloaded by cargo if its cache lacks them. Where the registry cannot be reached,
that is a failure, or with --skip-unreachable a warning.
Exit codes: 0, 1 (not as expected, or not possible), 2 (usage).";

/// Whether what the hunts print is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reports {
    Shown,
    Hidden,
}

/// What comes of a registry that cannot be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unreachable {
    Fails,
    Skips,
}

/// What is to be hunted, and how.
struct Request {
    unreachable: Unreachable,
    pairs: Vec<&'static Pair>,
    seed: u64,
    reports: Reports,
}

/// What the arguments ask for; `None` if for help.
fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Request>, String> {
    let mut request = Request {
        unreachable: Unreachable::Fails,
        pairs: Vec::new(),
        seed: 0x5eed,
        reports: Reports::Hidden,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--reports" => request.reports = Reports::Shown,
            "--skip-unreachable" => request.unreachable = Unreachable::Skips,
            "--seed" => {
                let seed = arguments.next().ok_or("--seed wants a number")?;
                request.seed = seed.parse::<RunId>().map_err(|error| error.to_string())?.seed;
            }
            name => match PAIRS.iter().find(|pair| pair.name == name) {
                Some(pair) => request.pairs.push(pair),
                None => {
                    let names: Vec<_> = PAIRS.iter().map(|pair| pair.name).collect();
                    return Err(format!(
                        "there is no pair `{name}`; allowed: {}",
                        names.join(", ")
                    ));
                }
            },
        }
    }
    if request.pairs.is_empty() {
        request.pairs = PAIRS.iter().collect();
    }
    Ok(Some(request))
}

/// Hunts the pairs that the arguments name, or all of them.
#[must_use]
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    match read(arguments) {
        Ok(Some(request)) => hunt_all(&request),
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn hunt_all(request: &Request) -> ExitCode {
    let (mut rows, mut failed) = (Vec::new(), 0_usize);
    for pair in &request.pairs {
        match hunt_pair(pair, request) {
            Ok(row) => rows.push(row),
            Err((package, error)) => {
                eprintln!("{}: {error}", package.folder().display());
                let is_unreachable = matches!(error, Failed::Unreachable(_));
                if is_unreachable || matches!(error, Failed::NoCargo(_)) {
                    let skips = is_unreachable && request.unreachable == Unreachable::Skips;
                    let (hunted, all) = (rows.len(), request.pairs.len());
                    let lead = if skips { "SKIPPED the rest: " } else { "" };
                    eprintln!("{lead}{hunted} of {all} pairs were hunted");
                    failed += usize::from(!skips);
                    break;
                }
                failed += 1;
            }
        }
    }
    let unexpected = rows.iter().filter(|row| !row.is_expected()).count();
    print!("\n{}", table(&rows));
    let pairs = request.pairs.len();
    println!("{pairs} pairs, {unexpected} not as expected, {failed} without an outcome");
    if unexpected + failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn hunt_pair(pair: &'static Pair, request: &Request) -> Result<Row, (Package, Failed)> {
    println!("{}: {} {} and {}", pair.name, pair.krate, pair.buggy, pair.fixed);
    let hunt = |variant: &str, runs: u64| {
        let package = Package::new(pair.name, variant);
        hunt(&package, runs, request).map_err(|error| (package, error))
    };
    let (buggy, fixed) = (hunt("buggy", pair.runs)?, hunt("fixed", 10 * pair.runs)?);
    Ok(Row { pair, buggy, fixed })
}

fn hunt(package: &Package, runs: u64, request: &Request) -> Result<Outcome, Failed> {
    if package.build()? == Lock::Changed {
        println!("  cargo brought the lock file of `{}` up to date: commit it", package.name());
    }
    let (outcome, printed) = package.hunt(request.seed, runs)?;
    if request.reports == Reports::Shown {
        println!("{printed}");
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Option<Request>, String> {
        read(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn without_names_all_pairs_are_hunted() {
        let request = asked(&["--seed", "0x7"]).expect("it is understood").expect("not for help");
        assert_eq!((request.pairs.len(), request.seed), (PAIRS.len(), 7));
    }

    #[test]
    fn what_there_is_not_is_refused_with_what_there_is() {
        let error = asked(&["tokio"]).err().expect("it is a crate and no pair");
        assert!(error.starts_with("there is no pair `tokio`; allowed: tokio-8260, "), "{error}");
        assert!(asked(&["--seed"]).is_err());
        assert!(asked(&["--seed", "many"]).is_err());
    }
}
