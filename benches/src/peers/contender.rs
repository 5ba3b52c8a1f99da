//! One contender: a program that is asked, and what it answers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// How long a contender is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Whose a contender is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Unpick, by its portfolio.
    Unpick,
    /// Unpick, by one strategy alone: in searches only.
    UnpickAlone,
    /// A peer.
    Peer,
}

/// A program, and the environment that selects its strategy.
pub(super) struct Contender {
    /// What the table calls it.
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    /// What searches, if it is another one.
    pub(super) searcher: Option<PathBuf>,
    pub(super) strategy: Option<&'static str>,
    pub(super) side: Side,
}

/// What came of a search.
#[derive(Clone, Copy)]
pub(super) struct Found {
    /// In which run the bug was found, from 1; `None` if it was not.
    pub(super) run: Option<u64>,
    /// How long it took until that run was there, or all were made.
    pub(super) nanoseconds: u64,
    /// How long it took the second time in the same process; `None` if there was none.
    pub(super) again: Option<u64>,
    /// How much longer until there was a report; `None` if there is none.
    pub(super) reported: Option<u64>,
}

/// What came of an exhaustive search.
#[derive(Clone, Copy)]
pub(super) struct Exhausted {
    pub(super) runs: u64,
    /// Whether these were all.
    pub(super) is_whole: bool,
    pub(super) nanoseconds: u64,
}

impl Contender {
    pub(super) fn command(&self) -> Command {
        self.command_of(&self.program)
    }

    fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(strategy) = self.strategy {
            command.env("PEER_STRATEGY", strategy);
        }
        command
    }

    /// What the program prints; `None` if it fails, or has not ended after [`PATIENCE`].
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        self.ask_of(&self.program, arguments)
    }

    fn ask_of(&self, program: &Path, arguments: &[&str]) -> Option<String> {
        let mut command = self.command_of(program);
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
    pub(super) fn time(&self, workload: &str, runs: u64) -> Option<u64> {
        self.ask(&["time", workload, &runs.to_string()])?.parse().ok()
    }

    /// How many bytes more it has at the most for each of so many tasks in the workload `spawn`
    /// than for an empty run.
    pub(super) fn bytes_a_task(&self, tasks: u64) -> Option<u64> {
        let kib = |workload| self.ask(&["memory", workload, "1"])?.parse::<u64>().ok();
        Some(kib("spawn")?.saturating_sub(kib("empty")?) * 1024 / tasks)
    }

    /// Searches for a bug; `None` if the program cannot be expressed.
    pub(super) fn find(&self, program: &str, seed: u64, runs_max: u64) -> Option<Found> {
        let searcher = self.searcher.as_ref().unwrap_or(&self.program);
        let arguments = ["find", program, &seed.to_string(), &runs_max.to_string()];
        let said = self.ask_of(searcher, &arguments)?;
        let mut said = said.split(' ');
        let run = said.next()?;
        let run = if run == "never" { None } else { Some(run.parse().ok()?) };
        let nanoseconds = said.next()?.parse().ok()?;
        let mut time = || said.next().filter(|&time| time != "-").and_then(|it| it.parse().ok());
        Some(Found { run, nanoseconds, again: time(), reported: time() })
    }

    /// In which run each interleaving of the program `among_20` is made for the first time, in
    /// ascending order; `None` if the program cannot be expressed.
    pub(super) fn among(&self, seed: u64, runs_max: u64) -> Option<Vec<u64>> {
        let said = self.ask(&["among", &seed.to_string(), &runs_max.to_string()])?;
        said.split(' ').map(|first| first.parse().ok()).collect()
    }

    /// Goes through all schedules; `None` if the program cannot be expressed.
    pub(super) fn exhaust(&self, program: &str, runs_max: u64) -> Option<Exhausted> {
        let said = self.ask(&["exhaust", program, &runs_max.to_string()])?;
        let [runs, whole, nanoseconds] = said.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        let (runs, nanoseconds) = (runs.parse().ok()?, nanoseconds.parse().ok()?);
        Some(Exhausted { runs, is_whole: whole == "whole", nanoseconds })
    }
}
