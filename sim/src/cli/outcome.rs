//! One run, as `unpick run` and `unpick replay` tell of it.

use serde_json::{Map, Value, json};

use super::chosen::Chosen;
use super::{Console, Usage, Verdict};
use crate::finding::{Finding, Kind, Place};
use crate::run::Outcome;
use crate::trace::{EventKind, Trace};

/// What is said of a finding, in the fields that every subcommand gives it; all are null without.
pub(super) fn finding_fields(finding: Option<&Finding>) -> Map<String, Value> {
    let fields = json!({
        "kind": finding.map(|finding| finding.kind.name()),
        "headline": finding.map(Finding::headline),
        "message": finding.map(|finding| &finding.message),
        "story": finding.map(|finding| &finding.story),
        "evidence": finding.map(|finding| &finding.evidence),
        "task": finding.map(|finding| &finding.task),
        "place": finding.map(|finding| finding.place.as_ref().map(Place::to_string)),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What the program said, line by line: when, who, and what.
fn said(trace: &Trace) -> Vec<Value> {
    let said = trace.events.iter().filter_map(|event| match &event.kind {
        EventKind::Said { text, site } if site.is_known() => Some((event, text)),
        _ => None,
    });
    let task = |index: u32| trace.tasks.get(index as usize).map(|task| task.title());
    said.map(|(event, text)| {
        let task = event.task.and_then(|index| task(index.0));
        json!({ "at_ns": event.at.as_nanos(), "task": task, "text": text })
    })
    .collect()
}

/// Prints the object of a run, and says whether what was found in it was expected.
pub(super) fn print_json(
    chosen: &Chosen,
    outcome: &Outcome<()>,
    console: &mut Console<'_>,
) -> Result<Verdict, Usage> {
    let (scenario, variant) = chosen.program(console)?;
    let finding = outcome.result.as_ref().err();
    let mut object = json!({
        "scenario": scenario.name,
        "variant": variant.name,
        "expected": variant.expectation.kind().map(Kind::name),
        "seed": chosen.seed().map(|seed| seed.to_string()),
        "tape": outcome.tape.token().to_string(),
        "choices": outcome.tape.len(),
        "deviations": outcome.tape.deviations(),
        "steps": outcome.steps,
        "elapsed_ns": outcome.elapsed.as_nanos(),
        "said": outcome.trace.as_ref().map(said),
    });
    if let Value::Object(fields) = &mut object {
        fields.extend(finding_fields(finding));
    }
    writeln!(console.out, "{object}")?;
    Ok(variant.expectation.judge_run(finding))
}

/// Prints what went wrong, if anything did, and says whether that was expected.
pub(super) fn print_finding(
    chosen: &Chosen,
    outcome: &Outcome<()>,
    console: &mut Console<'_>,
) -> Result<Verdict, Usage> {
    let (_, variant) = chosen.program(console)?;
    let finding = outcome.result.as_ref().err();
    let verdict = variant.expectation.judge_run(finding);
    if let Some(finding) = finding {
        writeln!(console.out, "{finding}")?;
        if verdict == Verdict::Expected {
            writeln!(console.out, "as expected")?;
        }
    }
    Ok(verdict)
}
