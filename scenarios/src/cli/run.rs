//! `unpick run`: one run, and what it says.

use unpick::sim::hunt;
use unpick::sim::options::Tracing;
use unpick::sim::seed::RunId;
use unpick::sim::trace::EventKind;
use unpick::{Hunt, Options, Run};

use super::{Usage, Verdict};

/// Makes one run of a scenario and prints what it says; the plain run unless a seed is given.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario.
    scenario: String,
    /// Its variant; the first one if none is named.
    variant: Option<String>,
    /// A run of a hunt: 0x5eed/41, or a seed alone for its run 0.
    #[arg(long)]
    seed: Option<RunId>,
    /// Prints every event, not only what the program says.
    #[arg(long)]
    trace: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Verdict, Usage> {
    let scenario = crate::find(&arguments.scenario)?;
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
