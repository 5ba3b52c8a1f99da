//! What `unpick hunt` prints: reports, a table, JSON, JUnit XML.

use std::fmt::Write;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use crate::cli::{Scenario, Usage, Variant};
use crate::finding::Kind;
use crate::hunt::Report;

/// What came of hunting one program.
pub(super) struct Row<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) variant: &'static Variant,
    pub(super) seed: u64,
    pub(super) report: Report,
    pub(super) wall: Duration,
}

impl Row<'_> {
    fn expected(&self) -> Option<Kind> {
        self.variant.expectation.kind()
    }

    fn found(&self) -> Option<Kind> {
        self.report.finding().map(|finding| finding.kind)
    }

    pub(super) fn is_as_expected(&self) -> bool {
        match self.expected() {
            None => self.report.is_green(),
            expected => self.found() == expected,
        }
    }

    /// The report, and whether it is as expected.
    pub(super) fn report(&self) -> String {
        let mut text = self.report.to_string();
        text.push_str(if self.is_as_expected() {
            "\n  as expected"
        } else {
            "\n  NOT as expected"
        });
        text
    }

    /// The fields that `--json` documents.
    pub(super) fn to_json(&self) -> Value {
        let failure = self.report.failure();
        json!({
            "scenario": self.scenario.name,
            "variant": self.variant.name,
            "expected": self.expected().map(Kind::name),
            "as_expected": self.is_as_expected(),
            "runs": self.report.runs,
            "seed": format!("{:#x}", self.seed),
            "kind": self.found().map(Kind::name),
            "strategy": failure.map(|failure| failure.strategy.as_str()),
            "first_failure_run": failure.map(|failure| failure.id.number),
            "tape": failure.map(|failure| failure.smallest().token().to_string()),
            "deviations": failure.map(|failure| failure.smallest().deviations()),
            "choices": failure.map(|failure| failure.smallest().len()),
            "distinct_classes": self.report.classes.distinct_estimated(),
            "wall_s": self.wall.as_secs_f64(),
        })
    }

    fn cells(&self) -> [String; 6] {
        let name = |kind: Option<Kind>| kind.map_or("nothing", Kind::name).to_owned();
        let failure = self.report.failure();
        [
            self.scenario.title(self.variant),
            name(self.expected()),
            name(self.found()),
            failure.map_or_else(
                || format!("none of {}", self.report.runs),
                |failure| failure.id.number.to_string(),
            ),
            failure.map_or_else(String::new, |failure| failure.strategy.clone()),
            failure.map_or_else(String::new, |failure| {
                format!("{} of {}", failure.smallest().deviations(), failure.smallest().len())
            }),
        ]
    }
}

const TITLES: [&str; 6] = ["program", "expected", "found", "in run", "by strategy", "deviations"];

/// What was expected of each program, what was found, in which run, by which strategy, and how
/// small; and how many programs were not as expected.
pub(super) fn table(rows: &[Row<'_>]) -> String {
    let cells: Vec<[String; 6]> = rows.iter().map(Row::cells).collect();
    let width = |column: usize| {
        let widest = cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
        widest.max(TITLES[column].len())
    };
    let widths: Vec<usize> = (0..TITLES.len()).map(width).collect();
    let line = |cells: &[String], mark: &str| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}{mark}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned() + "\n"
    };
    let mut text = line(&TITLES.map(String::from), "");
    for (row, cells) in rows.iter().zip(&cells) {
        text.push_str(&line(cells, if row.is_as_expected() { "" } else { "  <- NOT as expected" }));
    }
    let unexpected = rows.iter().filter(|row| !row.is_as_expected()).count();
    let _ = writeln!(text, "{} programs, {unexpected} not as expected", rows.len());
    text
}

/// The outcome in the form that build servers read.
pub(super) fn junit(rows: &[Row<'_>]) -> Result<String, Usage> {
    let mut suite = TestSuite::new("unpick hunt");
    for row in rows {
        let status = if row.is_as_expected() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(match row.found() {
                Some(kind) => format!("found: {kind}"),
                None => String::from("the planted bug was not found"),
            });
            status.set_description(row.report.to_string());
            status
        };
        let mut case = TestCase::new(row.variant.name, status);
        case.set_classname(row.scenario.name).set_time(row.wall);
        suite.add_test_case(case);
    }
    let mut report = quick_junit::Report::new("unpick");
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}
