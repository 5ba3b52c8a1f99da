//! What every program in this folder ends in: a hunt, and one line that says what came of it.

use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use unpick::sim::hunt::Isolation;
use unpick::{Hunt, Options, Report};

/// What the line begins with.
const MARK: &str = "outcome";

/// Hunts the program with the base seed and the number of runs that the two arguments say, and
/// prints the report and then what came of it in one line.
pub(crate) fn hunt<F, Fut>(name: &str, program: F) -> ExitCode
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), String>>,
{
    let numbers: Vec<u64> = std::env::args().skip(1).map_while(|it| it.parse().ok()).collect();
    let [seed, runs] = numbers[..] else {
        eprintln!(
            "{name}: two arguments are wanted, both numbers: the base seed, and how many runs"
        );
        return ExitCode::from(2);
    };
    // In processes of their own: a poll that never returns then costs one run, and is told of like
    // any other finding.
    let report = prepared(name, seed, runs).isolate(Isolation::Process).run(program);
    println!("{report}\n{}", Outcome(&report));
    ExitCode::SUCCESS
}

/// Hunts the program in so many runs, in this process.
pub(crate) fn report<F, Fut>(name: &str, seed: u64, runs: u64, program: F) -> Report
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), String>>,
{
    prepared(name, seed, runs).run(program)
}

fn prepared(name: &str, seed: u64, runs: u64) -> Hunt {
    // Nothing here computes for long: a poll that has not returned after a second never will.
    let options = Options { poll_max: Some(Duration::from_secs(1)), ..Options::default() };
    Hunt::new(name).quiet().seed(seed).runs(runs).options(options)
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
