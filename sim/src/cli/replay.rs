//! `unpick replay`: a run once more, from its seed or its tape.

use crate::hunt;
use crate::run::Run;
use crate::seed::RunId;
use crate::tape::Token;

use super::{Console, Usage, Verdict};

/// Replays a run of a scenario from its seed or its tape, and prints every event.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario.
    #[arg(index = 1)]
    scenario: String,
    /// Its variant; the first one if none is named.
    #[arg(index = 2)]
    variant: Option<String>,
    /// A run of a hunt: 0x5eed/41.
    #[arg(long, conflicts_with = "tape", required_unless_present = "tape")]
    seed: Option<RunId>,
    /// A tape: 1pe:9@2=1,4=1~77ab03.
    #[arg(long)]
    tape: Option<Token>,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let scenario = console.find(&arguments.scenario)?;
    let variant = scenario.variant(arguments.variant.as_deref())?;
    let token = match (&arguments.tape, arguments.seed) {
        (Some(token), _) => token.clone(),
        (None, Some(id)) => {
            let hunt = variant.hunt(scenario.name).seed(id.seed);
            hunt.run_one(id.number, variant.program).tape.token()
        }
        (None, None) => return Err("a seed or a tape is needed".into()),
    };
    let run = Run::new().replay_token(&token).traced();
    let outcome = hunt::judge(run.execute(variant.program));
    if let Some(divergence) = outcome.divergence {
        return Err(divergence.into());
    }
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
