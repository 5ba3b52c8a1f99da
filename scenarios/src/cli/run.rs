//! `unpick run`: one run, and what it says.

use unpick::Run;
use unpick::sim::hunt;
use unpick::sim::seed::RunId;
use unpick::sim::trace::EventKind;

use super::{Usage, Verdict};

/// Makes one run of a scenario and prints what it says; the plain run unless a seed is given.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario.
    scenario: String,
    /// Its variant; the first one if none is named.
    variant: Option<String>,
    /// A seed, or a run of it: 0x5eed or 0x5eed/41.
    #[arg(long)]
    seed: Option<RunId>,
    /// Prints every event, not only what the program says.
    #[arg(long)]
    trace: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Verdict, Usage> {
    let scenario = crate::find(&arguments.scenario)?;
    let variant = scenario.variant(arguments.variant.as_deref())?;
    let run = match arguments.seed {
        Some(id) => Run::with(variant.options()).id(id),
        None => Run::with(variant.options()).plain(),
    };
    let outcome = hunt::judge(run.traced().execute(variant.program));
    let trace = outcome.trace.as_ref().ok_or("a traced run has no trace")?;
    if arguments.trace {
        print!("{}", trace.to_text());
    } else {
        for event in &trace.events {
            if let EventKind::Said { text } = &event.kind {
                println!("{:>9}  {text}", event.at.to_string());
            }
        }
    }
    println!("ended at t={} after {} steps", outcome.elapsed, outcome.steps);
    match outcome.result {
        Ok(()) => Ok(Verdict::Expected),
        Err(finding) => {
            println!("{finding}");
            Ok(Verdict::Unexpected)
        }
    }
}
