//! What came of a program's runs, read from what its process left behind.

use std::fmt;

/// What the line begins with in which a program says what came of its hunt.
const MARK: &str = "outcome\t";

/// And of its traces.
const TRACES_MARK: &str = "traces\t";

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
        /// Which strategy made that run.
        strategy: String,
        /// What kind of thing went wrong.
        kind: String,
        /// The report's first line, without the name of the program.
        headline: String,
    },
}

/// What came of runs that were traced, each twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traces {
    /// The same seed gave the same trace, byte for byte.
    Same {
        /// How many runs were made.
        runs: u64,
        /// A hash of all of their traces.
        hash: String,
    },
    /// Of a run, two traces differ.
    Differ {
        /// Which.
        seed: String,
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
            Some(code) => write!(f, "it ended with code {code} and did not say what came of it"),
            None => f.write_str("it was killed before it could say what came of it"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Outcome {
    /// Reads what a process printed.
    ///
    /// # Errors
    /// If it did not end well, or does not say what came of its hunt.
    pub fn read(code: Option<i32>, stdout: &str) -> Result<Outcome, Unreadable> {
        let read = if code == Some(0) { said(stdout) } else { None };
        read.ok_or(Unreadable { code })
    }
}

fn said(stdout: &str) -> Option<Outcome> {
    match fields(stdout, MARK)?[..] {
        ["clean", runs] => Some(Outcome::Clean { runs: runs.parse().ok()? }),
        ["found", runs, strategy, kind, headline] => Some(Outcome::Found {
            runs: runs.parse().ok()?,
            strategy: strategy.to_owned(),
            kind: kind.to_owned(),
            headline: headline.to_owned(),
        }),
        _ => None,
    }
}

/// The fields of the last line that begins with this mark.
fn fields<'a>(stdout: &'a str, mark: &str) -> Option<Vec<&'a str>> {
    let line = stdout.lines().rev().find_map(|line| line.strip_prefix(mark))?;
    Some(line.split('\t').collect())
}

impl Traces {
    /// Reads what a process printed.
    ///
    /// # Errors
    /// If it did not end well, or does not say what came of its runs.
    pub fn read(code: Option<i32>, stdout: &str) -> Result<Traces, Unreadable> {
        let said = || match fields(stdout, TRACES_MARK)?[..] {
            ["same", runs, hash] => {
                Some(Traces::Same { runs: runs.parse().ok()?, hash: hash.to_owned() })
            }
            ["differ", seed] => Some(Traces::Differ { seed: seed.to_owned() }),
            _ => None,
        };
        let read = if code == Some(0) { said() } else { None };
        read.ok_or(Unreadable { code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_says_nothing_is_not_clean() {
        for (code, stdout) in [
            (Some(0), ""),
            (Some(0), "outcome\tclean"),
            (Some(101), "outcome\tclean\t9"),
            (None, ""),
        ] {
            let error = Outcome::read(code, stdout).expect_err("it says nothing");
            assert_eq!(error, Unreadable { code });
            let error = Traces::read(code, stdout).expect_err("it says nothing");
            assert_eq!(error, Unreadable { code });
        }
    }
}
