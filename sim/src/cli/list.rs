//! `unpick list`.

use serde_json::json;

use super::{Console, Expectation, Usage, Verdict};
use crate::finding::Kind;
use crate::options::TimeModel;

/// Lists the scenarios.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Prints one JSON object a program instead: see --help.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    if arguments.json {
        return list_as_json(console);
    }
    for scenario in console.scenarios {
        let variants: Vec<&str> = scenario.variants.iter().map(|variant| variant.name).collect();
        writeln!(
            console.out,
            "{:<20} {}  [{}]",
            scenario.name,
            scenario.summary,
            variants.join(", ")
        )?;
    }
    Ok(Verdict::Expected)
}

fn list_as_json(console: &mut Console<'_>) -> Result<Verdict, Usage> {
    for scenario in console.scenarios {
        for variant in scenario.variants {
            let runs_max = match variant.expectation {
                Expectation::Passes => None,
                Expectation::Finds { runs, .. } => Some(runs),
            };
            let object = json!({
                "scenario": scenario.name,
                "summary": scenario.summary,
                "variant": variant.name,
                "expected": variant.expectation.kind().map(Kind::name),
                "runs_max": runs_max,
                "time": match variant.time {
                    TimeModel::Exact => "exact",
                    TimeModel::Stalling => "stalling",
                },
            });
            writeln!(console.out, "{object}")?;
        }
    }
    Ok(Verdict::Expected)
}
