//! `unpick explain`: what went wrong, how little it takes, and which choice decided.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::chosen::Chosen;
use super::{Console, Usage, Verdict};
use crate::finding::Finding;
use crate::hunt::explain::{Budget, explain};
use crate::hunt::{Failure, Origin};
use crate::seed::RunId;
use crate::tape::Tape;

/// Explains a failure of a scenario: of the run that is named, or of the first that a hunt finds.
///
/// It is made again on a fresh thread, cut down to the choices that matter, and each of those is
/// tried the other way.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// How many runs to hunt for a failure, if no run is named.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Prints a JSON object instead.
    #[arg(long)]
    json: bool,
    /// Writes a page for a browser to this file as well.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let Some(failure) = failure(arguments, console)? else {
        writeln!(console.out, "it passes: there is nothing to explain")?;
        return Ok(Verdict::Expected);
    };
    if let Some(file) = &arguments.html {
        fs::write(file, failure.to_page())
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if arguments.json {
        writeln!(console.out, "{}", to_json(&failure))?;
    } else {
        writeln!(console.out, "{}", failure.to_string().trim_end())?;
    }
    Ok(Verdict::Unexpected)
}

/// The failure that is to be explained; `None` if there is none.
fn failure(arguments: &Arguments, console: &Console<'_>) -> Result<Option<Failure>, Usage> {
    let (scenario, variant) = arguments.chosen.program(console)?;
    let name = format!("{} {}", scenario.name, variant.name);
    if !arguments.chosen.is_named() {
        let mut report = variant.hunt(&name).runs(arguments.runs).quiet().run(variant.program);
        return Ok((!report.failures.is_empty()).then(|| report.failures.remove(0)));
    }
    let outcome = arguments.chosen.execute(console)?;
    let Err(finding) = outcome.result else { return Ok(None) };
    let tape = outcome.tape;
    Ok(Some(explained(&name, variant, finding, tape)))
}

fn explained(name: &str, variant: &super::Variant, finding: Finding, tape: Tape) -> Failure {
    let explanation =
        explain(&variant.program, &variant.options(), &tape, &finding, Budget::default());
    Failure {
        hunt: name.to_owned(),
        origin: Origin::Given,
        id: RunId::default(),
        runs_max: 1,
        after: Duration::ZERO,
        strategy: String::from("replay"),
        finding,
        tape,
        explanation: Some(explanation),
        rerun: Vec::new(),
        kept: None,
        report: None,
    }
}

/// The fields that `--json` documents.
fn to_json(failure: &Failure) -> Value {
    let minimal = failure.minimal();
    let finding = minimal.map_or(&failure.finding, |minimal| &minimal.shrunk.finding);
    let decisive = minimal.and_then(|minimal| minimal.decisions.decisive.as_ref());
    json!({
        "program": failure.hunt,
        "kind": finding.kind.name(),
        "headline": finding.headline(),
        "message": finding.message,
        "story": finding.story,
        "task": finding.task,
        "place": finding.place.as_ref().map(ToString::to_string),
        "tape": failure.tape.token().to_string(),
        "choices": failure.tape.len(),
        "deviations": failure.tape.deviations(),
        "minimal_tape": failure.smallest().token().to_string(),
        "minimal_choices": failure.smallest().len(),
        "minimal_deviations": failure.smallest().deviations(),
        "decisive_choice": decisive.map(|decisive| decisive.number),
        "evidence": finding.evidence,
    })
}
