//! The table at the end.

use super::{Outcome, Pair};

/// What came of a pair.
#[derive(Debug)]
pub struct Row {
    /// The pair.
    pub pair: &'static Pair,
    /// What was found in the version with the bug.
    pub buggy: Outcome,
    /// What was found in the version that fixed it.
    pub fixed: Outcome,
}

impl Row {
    /// Whether the bug was found where it is, and nothing where it is not.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        let kinds = self.pair.symptom.kinds();
        let found = match &self.buggy {
            Outcome::Found { kind, .. } => kinds.contains(&kind.as_str()),
            Outcome::Clean { .. } => false,
        };
        found && matches!(self.fixed, Outcome::Clean { .. })
    }

    fn cells(&self) -> [String; 8] {
        let Pair { krate, buggy, fixed, symptom, .. } = self.pair;
        let (found, after, strategy) = match &self.buggy {
            Outcome::Clean { runs } => (String::from("nothing"), runs, String::new()),
            Outcome::Found { runs, strategy, kind } => (kind.clone(), runs, strategy.clone()),
        };
        let clean = match &self.fixed {
            Outcome::Clean { runs } => format!("clean over {runs} runs"),
            Outcome::Found { runs, kind, .. } => format!("{kind} in run {runs}"),
        };
        let verdict = if self.is_expected() { "as expected" } else { "NOT as expected" };
        [
            (*krate).to_owned(),
            format!("{buggy} -> {fixed}"),
            symptom.name().to_owned(),
            found,
            after.to_string(),
            strategy,
            clean,
            verdict.to_owned(),
        ]
    }
}

/// One line a pair, with the upstream page below it.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let head = ["crate", "versions", "expected", "found", "runs", "strategy", "fixed", ""];
    let lines: Vec<_> =
        [head.map(String::from)].into_iter().chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let padded: Vec<_> =
            line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
        if let Some(row) = number.checked_sub(1).map(|row| &rows[row]) {
            text.push_str(&format!("  {}\n", row.pair.upstream));
        }
    }
    text
}
