//! What came of one hunt, read from what its process left behind.

use std::fmt;

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
        /// Which strategy made that run.
        strategy: String,
        /// What kind of thing went wrong.
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
    let line = stdout.lines().rev().find_map(|line| line.strip_prefix(MARK))?;
    match line.split('\t').collect::<Vec<_>>()[..] {
        ["clean", runs] => Some(Outcome::Clean { runs: runs.parse().ok()? }),
        ["found", runs, strategy, kind] => Some(Outcome::Found {
            runs: runs.parse().ok()?,
            strategy: strategy.to_owned(),
            kind: kind.to_owned(),
        }),
        _ => None,
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
        }
    }
}
