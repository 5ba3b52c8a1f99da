//! What came of one hunt, read from what its process left behind.

use std::fmt;

use unpick::sim::watchdog;

/// What the line begins with in which a program says what came of its hunt.
const MARK: &str = "outcome\t";

/// What came of one hunt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found in so many runs.
    Clean {
        /// How many runs were made.
        runs: u64,
    },
    /// Something was found.
    Found {
        /// How many runs were made, the last of which failed.
        runs: u64,
        /// Which strategy made that run; `None` if the process ended in it.
        strategy: Option<String>,
        /// What kind of thing went wrong; `hang` if a poll never returned.
        kind: String,
    },
}

/// A process that did not say what came of its hunt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    code: Option<i32>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "it ended with code {code} and did not say what it found"),
            None => f.write_str("it was killed before it could say what it found"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Outcome {
    /// Reads what a process printed. One that the watchdog ended had a poll that never returned,
    /// in the run that the watchdog named.
    ///
    /// # Errors
    /// If it says neither.
    pub fn read(code: Option<i32>, stdout: &str, stderr: &str) -> Result<Outcome, Unreadable> {
        let read = match code {
            Some(0) => said(stdout),
            Some(watchdog::EXIT_CODE) => hung(stderr),
            _ => None,
        };
        read.ok_or(Unreadable { code })
    }
}

fn said(stdout: &str) -> Option<Outcome> {
    let line = stdout.lines().rev().find_map(|line| line.strip_prefix(MARK))?;
    match line.split('\t').collect::<Vec<_>>()[..] {
        ["clean", runs] => Some(Outcome::Clean { runs: runs.parse().ok()? }),
        ["found", runs, strategy, kind] => Some(Outcome::Found {
            runs: runs.parse().ok()?,
            strategy: Some(strategy.to_owned()),
            kind: kind.to_owned(),
        }),
        _ => None,
    }
}

fn hung(stderr: &str) -> Option<Outcome> {
    let (_, after) = stderr.rsplit_once("in run 0x")?;
    let (_, number) = after.split_once('/')?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    let runs = digits.parse::<u64>().ok()? + 1;
    Some(Outcome::Found { runs, strategy: None, kind: String::from("hang") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_watchdog_says_is_a_hang_in_that_run() {
        let stderr = "unpick: a poll of task main.3, spawned at a.rs:3 has not returned for 1000 ms \
                      in run 0x5eed/4.\nThe same again: run 0x5eed/4\n";
        let hang = Outcome::Found { runs: 5, strategy: None, kind: String::from("hang") };
        assert_eq!(Outcome::read(Some(101), "", stderr), Ok(hang));
    }

    #[test]
    fn a_process_that_says_nothing_is_not_clean() {
        for (code, stdout) in [
            (Some(0), ""),
            (Some(0), "outcome\tclean"),
            (Some(101), "outcome\tclean\t9"),
            (None, ""),
        ] {
            let error = Outcome::read(code, stdout, "").expect_err("it says nothing");
            assert_eq!(error, Unreadable { code });
        }
    }
}
