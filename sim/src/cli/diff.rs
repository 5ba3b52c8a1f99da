//! `unpick diff`: where two runs part, and what each did then.

use serde_json::json;

use super::chosen::Chosen;
use super::{Console, Usage, Verdict};
use crate::seed::RunId;
use crate::tape::Token;
use crate::trace;

/// Compares two runs of a scenario: the first divergence, then what each did.
///
/// A finding in them is no failure of this command.
///
/// The first run is the one that is named, or the plain one.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// The other run, of a hunt: 0x5eed/41.
    #[arg(long, conflicts_with = "other_tape")]
    other_seed: Option<RunId>,
    /// The other run, by its tape; the plain run if neither is given.
    #[arg(long)]
    other_tape: Option<Token>,
    /// How many lines of each run are shown after the divergence.
    #[arg(long, default_value_t = 12)]
    lines: usize,
    /// Prints a JSON object instead: see --help.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let other = arguments.chosen.beside(arguments.other_seed, arguments.other_tape.clone());
    let (one, other) = (arguments.chosen.execute(console)?, other.execute(console)?);
    let (Some(left), Some(right)) = (&one.trace, &other.trace) else {
        return Err("a traced run has no trace".into());
    };
    let comparison = trace::diff(left, right).names("one", "other").lines_max(arguments.lines);
    if !arguments.json {
        write!(console.out, "{comparison}")?;
        return Ok(Verdict::Expected);
    }
    let (scenario, variant) = arguments.chosen.program(console)?;
    let outcomes = [&one, &other];
    let object = json!({
        "scenario": scenario.name,
        "variant": variant.name,
        "tapes": outcomes.map(|outcome| outcome.tape.token().to_string()),
        "kinds": outcomes.map(|it| it.result.as_ref().err().map(|finding| finding.kind.name())),
        "events": [left.events.len(), right.events.len()],
        "first_difference": comparison.first(),
        "then": comparison.lines_after(),
    });
    writeln!(console.out, "{object}")?;
    Ok(Verdict::Expected)
}
