//! `unpick replay`: a run once more, from its seed or its tape.

use super::chosen::Chosen;
use super::{Console, Usage, Verdict, outcome};

/// Replays a run of a scenario from its seed or its tape, and prints every event.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Prints a JSON object instead: see --help.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    if !arguments.chosen.is_named() {
        return Err("a replay needs `--seed` or `--tape`; `run` makes the plain run".into());
    }
    let outcome = arguments.chosen.execute(console)?;
    if arguments.json {
        return outcome::print_json(&arguments.chosen, &outcome, console);
    }
    if let Some(trace) = &outcome.trace {
        write!(console.out, "{}", trace.to_text())?;
    }
    if outcome.result.is_ok() {
        writeln!(console.out, "passes")?;
    }
    outcome::print_finding(&arguments.chosen, &outcome, console)
}
