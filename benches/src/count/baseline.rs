//! The counts that later ones are held against: a file in the repository.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::callgrind::CountError;

/// By how many percent a count may be above its baseline.
pub const TOLERANCE_PERCENT: u64 = 3;

/// Counts by workload, and the compiler whose code they are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// What `rustc --version` says.
    pub compiler: String,
    counts: Vec<(String, u64)>,
}

/// A count beside its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Within the tolerance, or better.
    Kept {
        /// The baseline.
        was: u64,
        /// The count.
        is: u64,
    },
    /// More than it may be.
    Worse {
        /// The baseline.
        was: u64,
        /// The count.
        is: u64,
    },
    /// The baseline has no such workload.
    Unknown,
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (was, is, mark) = match *self {
            Against::Kept { was, is } => (was, is, ""),
            Against::Worse { was, is } => (was, is, "  <- WORSE"),
            Against::Unknown => return f.write_str("not in the baseline  <- `count --renew`"),
        };
        let (sign, by) = if is >= was { ('+', is - was) } else { ('-', was - is) };
        let tenths = by * 1000 / was.max(1);
        write!(f, "{sign}{}.{} % of {was}{mark}", tenths / 10, tenths % 10)
    }
}

/// What the compiler says of itself.
pub(super) fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_else(|_| String::from("an unknown compiler"))
}

impl Baseline {
    pub(super) fn new(counts: Vec<(String, u64)>) -> Baseline {
        Baseline { compiler: compiler(), counts }
    }

    /// Where it is kept.
    fn path() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt"))
    }

    pub(super) fn read() -> Result<Baseline, CountError> {
        let path = Baseline::path();
        let text = fs::read_to_string(&path)
            .map_err(|error| CountError::other(format!("{}: {error}", path.display())))?;
        Baseline::parse(&text).ok_or_else(|| {
            CountError::other(format!("{}: it is no baseline; renew it", path.display()))
        })
    }

    pub(super) fn write(&self) -> Result<(), CountError> {
        fs::write(Baseline::path(), self.to_string()).map_err(CountError::other)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    fn parse(text: &str) -> Option<Baseline> {
        let mut lines = text.lines();
        let compiler = lines.next()?.to_owned();
        let counts = lines.map(|line| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.trim().parse().ok()?))
        });
        Some(Baseline { compiler, counts: counts.collect::<Option<_>>()? })
    }

    pub(super) fn is_of_this_compiler(&self) -> bool {
        self.compiler == compiler()
    }

    /// A workload's count beside what it was.
    #[must_use]
    pub fn against(&self, name: &str, is: u64) -> Against {
        match self.counts.iter().find(|(known, _)| known == name) {
            None => Against::Unknown,
            Some(&(_, was)) if is * 100 > was * (100 + TOLERANCE_PERCENT) => {
                Against::Worse { was, is }
            }
            Some(&(_, was)) => Against::Kept { was, is },
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.compiler)?;
        self.counts.iter().try_for_each(|(name, count)| writeln!(f, "{name:<30} {count:>9}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::WORKLOADS;

    #[test]
    fn more_than_three_percent_above_is_worse_and_whatever_is_below_is_kept() {
        let baseline = Baseline::new(vec![(String::from("step"), 1000)]);
        assert_eq!(baseline.against("step", 1030), Against::Kept { was: 1000, is: 1030 });
        assert_eq!(baseline.against("step", 1031), Against::Worse { was: 1000, is: 1031 });
        assert_eq!(baseline.against("step", 1), Against::Kept { was: 1000, is: 1 });
        assert_eq!(baseline.against("stop", 1), Against::Unknown);
        let worse = Against::Worse { was: 1000, is: 1031 }.to_string();
        assert_eq!(worse, "+3.1 % of 1000  <- WORSE");
    }

    #[test]
    fn what_is_written_is_read() {
        let baseline = Baseline::new(vec![(String::from("step"), 1000), (String::from("x"), 7)]);
        assert_eq!(Baseline::parse(&baseline.to_string()), Some(baseline));
    }

    #[test]
    fn the_baseline_has_every_workload_and_no_other() {
        let baseline = Baseline::read().expect("it is in the repository");
        let names: Vec<&str> = baseline.counts.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>());
    }
}
