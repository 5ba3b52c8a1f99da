//! `unpick run`: one run, and what it says.

use crate::hunt::{self, Hunt};
use crate::options::{Options, Tracing};
use crate::run::Run;
use crate::seed::RunId;
use crate::trace::EventKind;

use super::{Console, Usage, Verdict};

/// Makes one run of a scenario and prints what it says; the plain run unless a seed is given.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario.
    #[arg(index = 1)]
    scenario: String,
    /// Its variant; the first one if none is named.
    #[arg(index = 2)]
    variant: Option<String>,
    /// A run of a hunt: 0x5eed/41, or a seed alone for its run 0.
    #[arg(long)]
    seed: Option<RunId>,
    /// Prints every event, not only what the program says.
    #[arg(long)]
    trace: bool,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let scenario = console.find(&arguments.scenario)?;
    let variant = scenario.variant(arguments.variant.as_deref())?;
    let options = Options { tracing: Tracing::On, ..variant.options() };
    let outcome = match arguments.seed {
        Some(id) => {
            let hunt = Hunt::new(scenario.name).options(options).seed(id.seed);
            hunt.run_one(id.number, variant.program)
        }
        None => hunt::judge(Run::with(options).plain().execute(variant.program)),
    };
    let trace = outcome.trace.as_ref().ok_or("a traced run has no trace")?;
    if arguments.trace {
        write!(console.out, "{}", trace.to_text())?;
    } else {
        for event in &trace.events {
            if let EventKind::Said { text } = &event.kind {
                writeln!(console.out, "{:>9}  {text}", event.at.to_string())?;
            }
        }
    }
    writeln!(console.out, "ended at t={} after {} steps", outcome.elapsed, outcome.steps)?;
    match outcome.result {
        Ok(()) => Ok(Verdict::Expected),
        Err(finding) => {
            writeln!(console.out, "{finding}")?;
            Ok(Verdict::Unexpected)
        }
    }
}
