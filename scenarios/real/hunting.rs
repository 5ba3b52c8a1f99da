//! What every program in this folder ends in: a hunt, or traces of runs that are compared; and one
//! line that says what came of it.

use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use unpick::sim::hunt::Isolation;
use unpick::{Hunt, Options, Report, Run};

/// What the line begins with.
const MARK: &str = "outcome";

/// What it begins with if it is about traces.
const TRACES_MARK: &str = "traces";

/// Hunts the program with the base seed and the number of runs that the two arguments say, or,
/// after the word `traces`, makes that many runs twice; prints what came of it, and then the same
/// in one line.
pub(crate) fn hunt<F, Fut>(name: &str, program: F) -> ExitCode
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), String>>,
{
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_traced = arguments.first().is_some_and(|first| first == TRACES_MARK);
    if is_traced {
        arguments.remove(0);
    }
    let numbers: Vec<u64> = arguments.iter().map_while(|it| it.parse().ok()).collect();
    let [seed, runs] = numbers[..] else {
        eprintln!(
            "{name}: two arguments are wanted, both numbers: the base seed, and how many runs; \
             before them may stand the word `{TRACES_MARK}`"
        );
        return ExitCode::from(2);
    };
    if is_traced {
        println!("{}", traces(seed, runs, program));
        return ExitCode::SUCCESS;
    }
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

/// Makes so many runs, each twice: on this thread, where others have been before it, and on a fresh
/// one. The traces of both must be the same to the byte.
pub(crate) fn traces<F, Fut>(seed: u64, runs: u64, program: F) -> Traces
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), String>>,
{
    let text = |seed| {
        let outcome = Run::new().seed(seed).traced().execute(&program);
        let end = format!("{:?}", outcome.result.map_err(|finding| finding.headline()));
        outcome.trace.map(|trace| trace.to_text()).unwrap_or_default() + &end
    };
    let mut hash = FNV_BASIS;
    for seed in seed..seed + runs {
        let here = text(seed);
        let fresh = std::thread::scope(|scope| scope.spawn(|| text(seed)).join());
        let fresh = fresh.unwrap_or_default();
        if let Some((here, fresh)) = first_difference(&here, &fresh) {
            return Traces::Differ { seed, here, fresh };
        }
        hash =
            here.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    }
    Traces::Same { runs, hash }
}

/// The first lines in which two texts differ.
fn first_difference(left: &str, right: &str) -> Option<(String, String)> {
    if left == right {
        return None;
    }
    let (mut left, mut right) = (left.lines(), right.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(other)) if one == other => {}
            (left, right) => {
                let line = |line: Option<&str>| line.unwrap_or("(nothing more)").to_owned();
                return Some((line(left), line(right)));
            }
        }
    }
}

/// FNV-1a, of 64 bits: the same in every process.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x100_0000_01b3;

/// What came of runs that were made twice. Its last line has fields with tabs between them:
/// `traces`, then `same`, the number of runs and a hash of all traces, or `differ` and the seed of
/// the first run whose traces do.
pub(crate) enum Traces {
    /// Both traces of each run are the same.
    Same { runs: u64, hash: u64 },
    /// These are the first lines in which those of this run differ.
    Differ { seed: u64, here: String, fresh: String },
}

impl fmt::Display for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Traces::Same { runs, hash } => write!(f, "{TRACES_MARK}\tsame\t{runs}\t{hash:016x}"),
            Traces::Differ { seed, here, fresh } => {
                writeln!(f, "  on a thread that made other runs before: {here}")?;
                writeln!(f, "  on a fresh thread:                       {fresh}")?;
                write!(f, "{TRACES_MARK}\tdiffer\t{seed:#x}")
            }
        }
    }
}

/// What came of a hunt, as one line of fields with tabs between them: `outcome`, then `clean` and
/// the number of runs, or `found`, the number of runs up to the finding, the strategy, the kind and
/// the finding's first line.
pub(crate) struct Outcome<'a>(pub(crate) &'a Report);

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.failure() {
            None => write!(f, "{MARK}\tclean\t{}", self.0.runs),
            Some(failure) => {
                let (runs, kind) = (failure.id.number + 1, failure.finding.kind);
                let headline = failure.finding.headline().replace('\t', " ");
                let headline = headline.lines().next().unwrap_or_default();
                write!(f, "{MARK}\tfound\t{runs}\t{}\t{kind}\t{headline}", failure.strategy)
            }
        }
    }
}
