//! `unpick explain`: what went wrong, how little it takes, and which choice decided.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::again::HowFound;
use super::chosen::Chosen;
use super::outcome::finding_fields;
use super::{Console, SEED, Usage, Verdict};
use crate::finding::{Finding, Kind};
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
    /// Prints a JSON object instead: see --help.
    #[arg(long)]
    json: bool,
    /// Writes a page for a browser to this file as well.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let failure = failure(arguments, console)?;
    if arguments.json {
        print_json(arguments, failure.as_ref(), console)?;
    }
    let (_, variant) = arguments.chosen.program(console)?;
    let Some(failure) = failure else {
        if !arguments.json {
            writeln!(console.out, "it passes: there is nothing to explain")?;
        }
        let is_missed = !arguments.chosen.is_named() && variant.expectation.kind().is_some();
        return Ok(if is_missed { Verdict::Unexpected } else { Verdict::Expected });
    };
    if let Some(file) = &arguments.html {
        fs::write(file, failure.to_page())
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if !arguments.json {
        writeln!(console.out, "{}", failure.to_string().trim_end())?;
    }
    Ok(variant.expectation.judge_run(Some(&failure.finding)))
}

/// The failure that is to be explained; `None` if there is none.
fn failure(arguments: &Arguments, console: &Console<'_>) -> Result<Option<Failure>, Usage> {
    let (scenario, variant) = arguments.chosen.program(console)?;
    let name = scenario.title(variant);
    if !arguments.chosen.is_named() {
        let hunt = variant.hunt(&name).seed(SEED).runs(arguments.runs).quiet();
        let found = hunt.run(variant.program).failures.into_iter().next();
        return Ok(found.map(|mut failure| {
            failure.rerun = console.again(scenario, variant, &failure, HowFound::ByPortfolio);
            failure
        }));
    }
    let outcome = arguments.chosen.execute(console)?;
    let Err(finding) = outcome.result else { return Ok(None) };
    let tape = outcome.tape;
    let mut failure = explained(&name, variant, finding, tape);
    failure.rerun = console.again(scenario, variant, &failure, HowFound::Otherwise);
    Ok(Some(failure))
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

/// Prints what was found out about a failure, or that there is none.
fn print_json(
    arguments: &Arguments,
    failure: Option<&Failure>,
    console: &mut Console<'_>,
) -> Result<(), Usage> {
    let (scenario, variant) = arguments.chosen.program(console)?;
    let minimal = failure.and_then(Failure::minimal);
    let decisive = minimal.and_then(|minimal| minimal.decisions.decisive.as_ref());
    let finding = failure.map(|failure| match minimal {
        Some(minimal) => &minimal.shrunk.finding,
        None => &failure.finding,
    });
    let (tape, smallest) = (failure.map(|it| &it.tape), failure.map(Failure::smallest));
    let token = |tape: Option<&Tape>| tape.map(|tape| tape.token().to_string());
    let mut object = json!({
        "scenario": scenario.name,
        "variant": variant.name,
        "expected": variant.expectation.kind().map(Kind::name),
        "explained": failure.is_some(),
        "tape": token(tape),
        "choices": tape.map(Tape::len),
        "deviations": tape.map(Tape::deviations),
        "minimal_tape": token(smallest),
        "minimal_choices": smallest.map(Tape::len),
        "minimal_deviations": smallest.map(Tape::deviations),
        "decisive_choice": decisive.map(|decisive| decisive.number),
    });
    if let Value::Object(fields) = &mut object {
        fields.extend(finding_fields(finding));
    }
    writeln!(console.out, "{object}")?;
    Ok(())
}
