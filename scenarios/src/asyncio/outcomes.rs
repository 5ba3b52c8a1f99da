//! Every outcome that a program can have, and whether asyncio's is among them.

use unpick::Run;
use unpick::sim::strategy::Systematic;

use super::compare;
use super::interpreter::run_under;
use super::program::{End, Record};

/// What an enumeration of a program's schedules came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcomes {
    /// How many runs were made.
    pub runs: usize,
    /// Whether these were all that there are.
    pub is_whole: bool,
    /// Whether one of them did what asyncio did.
    pub has_asyncios: bool,
    /// What a run ended with, if one ended as asyncio never does.
    pub finding: Option<String>,
}

/// Goes through a program's schedules, `runs_max` at the most: tasks give way only where they
/// really block, and take their turns in any order.
#[must_use]
pub fn enumerate(record: &Record, runs_max: usize) -> Outcomes {
    let mut systematic = Systematic::new();
    let mut outcomes = Outcomes { runs: 0, is_whole: false, has_asyncios: false, finding: None };
    while outcomes.runs < runs_max && !outcomes.is_whole {
        let run = Run::new().strategy(systematic.strategy());
        let (report, outcome) = run_under(&record.program, run);
        outcomes.runs += 1;
        if !outcomes.has_asyncios {
            let found = compare::differences(&record.program, &record.expected, &report);
            outcomes.has_asyncios = found.is_empty();
        }
        if let End::Finding(finding) = report.end {
            outcomes.finding.get_or_insert(finding);
        }
        outcomes.is_whole = !systematic.advance(&outcome.tape);
    }
    outcomes
}
