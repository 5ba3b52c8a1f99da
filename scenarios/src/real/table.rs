//! The tables at the end.

use unpick::sim::finding::Kind;

use super::{Outcome, Pair, Program, Release, Traces};

/// What came of a pair.
#[derive(Debug)]
pub struct Row {
    /// The pair.
    pub pair: &'static Pair,
    /// What was found in the version with the bug.
    pub buggy: Outcome,
    /// What was found in the version that fixed it.
    pub fixed: Outcome,
    /// What came of the traces of the version that fixed it.
    pub traces: Traces,
}

/// What came of a program.
#[derive(Debug)]
pub struct ProgramRow {
    /// The program.
    pub program: &'static Program,
    /// What was found.
    pub outcome: Outcome,
    /// What came of its traces.
    pub traces: Traces,
}

/// The kind of finding that says that the same seed did not make the same run.
const NONDETERMINISM: &str = Kind::Nondeterminism.name();

/// Whether two processes made the same traces.
#[must_use]
fn traces_cell(traces: &Traces) -> String {
    match traces {
        Traces::Same { runs, .. } => format!("same traces of {runs} runs"),
        Traces::Differ { seed } => format!("traces DIFFER, seed {seed}"),
    }
}

/// Releases as one reads them.
pub(super) fn names(releases: &[Release]) -> String {
    let names: Vec<_> = releases.iter().map(|it| format!("{} {}", it.krate, it.version)).collect();
    names.join(", ")
}

impl ProgramRow {
    /// Whether nothing was found, and the same seeds made the same traces; or, where they cannot,
    /// that was found: by the hunt, which repeats few runs, or by comparing traces.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        let is_same = matches!(self.traces, Traces::Same { .. });
        match &self.outcome {
            Outcome::Clean { .. } => is_same == self.program.differs.is_none(),
            Outcome::Found { kind, .. } => self.program.differs.is_some() && kind == NONDETERMINISM,
        }
    }

    fn cells(&self) -> [String; 5] {
        let Program { name, driven, moved, .. } = self.program;
        let found = match &self.outcome {
            Outcome::Clean { runs } => format!("clean over {runs} runs"),
            Outcome::Found { runs, kind, .. } => format!("{kind} in run {runs}"),
        };
        let verdict = if self.is_expected() { "as expected" } else { "NOT as expected" };
        let releases = [names(moved), names(driven)];
        let releases: Vec<_> = releases.into_iter().filter(|it| !it.is_empty()).collect();
        [
            (*name).to_owned(),
            releases.join("; "),
            found,
            traces_cell(&self.traces),
            verdict.to_owned(),
        ]
    }
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
        let is_clean = matches!(self.fixed, Outcome::Clean { .. });
        found && is_clean && matches!(self.traces, Traces::Same { .. })
    }

    fn cells(&self) -> [String; 9] {
        let Pair { krate, buggy, fixed, symptom, .. } = self.pair;
        let (found, after, strategy) = match &self.buggy {
            Outcome::Clean { runs } => (String::from("nothing"), runs, String::new()),
            Outcome::Found { runs, strategy, kind, .. } => (kind.clone(), runs, strategy.clone()),
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
            traces_cell(&self.traces),
            verdict.to_owned(),
        ]
    }
}

/// One line a pair, with the upstream page below it.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let head = ["crate", "versions", "expected", "found", "runs", "strategy", "fixed", "", ""];
    let lines = aligned([head.map(String::from)].into_iter().chain(rows.iter().map(Row::cells)));
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        text.push_str(line);
        if let Some(row) = number.checked_sub(1).map(|row| &rows[row]) {
            text.push_str(&format!("  {}\n", row.pair.upstream));
        }
    }
    text
}

/// One line a program.
#[must_use]
pub fn program_table(rows: &[ProgramRow]) -> String {
    let head = ["program", "crates", "found", "", ""].map(String::from);
    aligned([head].into_iter().chain(rows.iter().map(ProgramRow::cells))).concat()
}

/// Lines with a column a cell.
fn aligned<const N: usize>(lines: impl Iterator<Item = [String; N]>) -> Vec<String> {
    let lines: Vec<_> = lines.collect();
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let padded = lines.iter().map(|line| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    });
    padded.collect()
}
