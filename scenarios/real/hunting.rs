//! What every program in this folder ends in: a hunt, and one line that says what came of it.

use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use unpick::{Hunt, Options, Report};

/// What the line begins with.
const MARK: &str = "outcome";

/// The base seed of all these hunts.
const SEED: u64 = 0x5eed;

/// Hunts the program in as many runs as the first argument says, and prints the report and then
/// what came of it in one line.
pub(crate) fn hunt<F, Fut>(name: &str, program: F) -> ExitCode
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), String>>,
{
    let Some(runs) = std::env::args().nth(1).and_then(|runs| runs.parse().ok()) else {
        eprintln!("{name}: how many runs? The one argument is a number from 1");
        return ExitCode::from(2);
    };
    let report = report(name, runs, program);
    println!("{report}\n{}", Outcome(&report));
    ExitCode::SUCCESS
}

/// Hunts the program in so many runs.
pub(crate) fn report<F, Fut>(name: &str, runs: u64, program: F) -> Report
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), String>>,
{
    // Nothing here computes for long: a poll that has not returned after a second never will.
    let options = Options { poll_max: Some(Duration::from_secs(1)), ..Options::default() };
    Hunt::new(name).quiet().seed(SEED).runs(runs).options(options).run(program)
}

/// What came of a hunt, as one line of fields with tabs between them: `outcome`, then `clean` and
/// the number of runs, or `found`, the number of runs up to the finding, the strategy, and the
/// kind.
pub(crate) struct Outcome<'a>(pub(crate) &'a Report);

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.failure() {
            None => write!(f, "{MARK}\tclean\t{}", self.0.runs),
            Some(failure) => {
                let (runs, kind) = (failure.id.number + 1, failure.finding.kind);
                write!(f, "{MARK}\tfound\t{runs}\t{}\t{kind}", failure.strategy)
            }
        }
    }
}
