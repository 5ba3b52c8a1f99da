//! Unpick beside its peers, in one run: the same workloads, each written as the peer's users
//! would, each peer a program of its own outside of the workspace (`benches/peers`).
//!
//! The programs take turns, so that whatever else the machine does strikes all of them alike.

mod build;
mod table;

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::workloads::{WORKLOADS, Workload};

/// One contender: a program, and the environment that selects its strategy.
pub(crate) struct Contender {
    /// What the table calls it.
    pub(crate) name: &'static str,
    program: PathBuf,
    strategy: Option<&'static str>,
    /// The prefix of a strategy's own workloads, such as `pct` in `step_1000_pct`.
    is_unpick: bool,
}

/// What one contender needs for one workload: nanoseconds a unit, sorted; `None` if it cannot
/// express the workload, or fails at it.
pub(crate) type Samples = Option<Vec<f64>>;

/// Builds the peers, measures everything, and prints the tables as Markdown.
///
/// # Errors
/// If a peer cannot be built.
pub fn compare(repetitions: u64, seeds: u64) -> Result<(), PeersError> {
    let contenders = build::all()?;
    println!("{}", table::machine());
    let rows: Vec<(&Workload, Vec<Samples>)> = compared()
        .map(|workload| (workload, measure(workload, &contenders, repetitions)))
        .collect();
    print!("{}", table::times(&contenders, &rows));
    let rows: Vec<(&str, Vec<Runs>)> =
        SEARCHED.iter().map(|&program| (program, search(program, &contenders, seeds))).collect();
    print!("\n{}", table::finding(&contenders, &rows));
    Ok(())
}

/// The workloads that peers have too.
fn compared() -> impl Iterator<Item = &'static Workload> {
    const NAMES: [&str; 8] = [
        "empty",
        "step_2",
        "step_1000",
        "lost_update_10",
        "lock_over_yield_10",
        "bounded_queue_20",
        "timer",
        "spawn",
    ];
    NAMES.iter().filter_map(|name| WORKLOADS.iter().find(|workload| workload.name == *name))
}

/// The programs in which peers look for a bug too.
const SEARCHED: [&str; 3] = ["philosophers_3", "philosophers_5", "among_20"];

/// The most runs that a search may take.
const RUNS_MAX: u64 = 2_000;

/// How long a contender is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// How long one sample takes, about.
const SAMPLE_NS: u64 = 100_000_000;

#[expect(clippy::float_arithmetic, reason = "measured times, outside of any run")]
fn measure(workload: &Workload, contenders: &[Contender], repetitions: u64) -> Vec<Samples> {
    let runs: Vec<Option<u64>> = contenders
        .iter()
        .map(|contender| {
            let one = contender.time(workload.name, 2)? / 2;
            Some((SAMPLE_NS / one.max(1)).clamp(1, 100_000))
        })
        .collect();
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

/// The runs to the first bug for each base seed; `None` where it was not found.
pub(crate) type Runs = Option<Vec<Option<u64>>>;

fn search(program: &str, contenders: &[Contender], seeds: u64) -> Vec<Runs> {
    let of = |contender: &Contender| {
        (0..seeds).map(|seed| contender.find(program, seed)).collect::<Option<Vec<_>>>()
    };
    contenders.iter().map(of).collect()
}

impl Contender {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(strategy) = self.strategy {
            command.env("PEER_STRATEGY", strategy);
        }
        command
    }

    /// What the program prints; `None` if it fails, or has not ended after [`PATIENCE`].
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let mut command = self.command();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut left = PATIENCE;
        while child.try_wait().ok()?.is_none() {
            if left.is_zero() {
                // It may have ended just now.
                let _ = child.kill();
                break;
            }
            thread::sleep(LOOK);
            left = left.saturating_sub(LOOK);
        }
        let output = child.wait_with_output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    }

    /// Nanoseconds that so many runs take.
    fn time(&self, workload: &str, runs: u64) -> Option<u64> {
        self.ask(&["time", workload, &runs.to_string()])?.parse().ok()
    }

    /// In which run the bug is found, if it is; `None` if the program cannot be expressed.
    fn find(&self, program: &str, seed: u64) -> Option<Option<u64>> {
        let found = self.ask(&["find", program, &seed.to_string(), &RUNS_MAX.to_string()])?;
        match found.as_str() {
            "never" => Some(None),
            run => Some(Some(run.parse().ok()?)),
        }
    }
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
