//! `unpick run`: one run, and what it says.

use super::chosen::Chosen;
use super::{Console, Usage, Verdict, outcome};
use crate::trace::EventKind;

/// Makes one run of a scenario and prints what it says; the plain run unless another is named.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
    /// Prints every event, not only what the program says.
    #[arg(long, conflicts_with = "json")]
    trace: bool,
    /// Prints a JSON object instead: see --help.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let outcome = arguments.chosen.execute(console)?;
    if arguments.json {
        return outcome::print_json(&arguments.chosen, &outcome, console);
    }
    let trace = outcome.trace.as_ref().ok_or("a traced run has no trace")?;
    if arguments.trace {
        write!(console.out, "{}", trace.to_text())?;
    } else {
        for event in &trace.events {
            if let EventKind::Said { text, .. } = &event.kind {
                writeln!(console.out, "{:>9}  {text}", event.at.to_string())?;
            }
        }
    }
    writeln!(console.out, "ended at t={} after {} steps", outcome.elapsed, outcome.steps)?;
    outcome::print_finding(&arguments.chosen, &outcome, console)
}
