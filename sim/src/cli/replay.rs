//! `unpick replay`: a run once more, from its seed or its tape.

use super::chosen::Chosen;
use super::{Console, Usage, Verdict};

/// Replays a run of a scenario from its seed or its tape, and prints every event.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    chosen: Chosen,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    if !arguments.chosen.is_named() {
        return Err("a replay needs `--seed` or `--tape`; `unpick run` makes the plain run".into());
    }
    let outcome = arguments.chosen.execute(console)?;
    if let Some(trace) = &outcome.trace {
        write!(console.out, "{}", trace.to_text())?;
    }
    match outcome.result {
        Ok(()) => {
            writeln!(console.out, "passes")?;
            Ok(Verdict::Expected)
        }
        Err(finding) => {
            writeln!(console.out, "{finding}")?;
            Ok(Verdict::Unexpected)
        }
    }
}
