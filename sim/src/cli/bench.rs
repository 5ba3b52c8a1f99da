//! `unpick bench`: how fast a program's runs are, by each strategy.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::hunt::timed;
use super::{Console, Usage, Variant, Verdict};
use crate::run::Run;
use crate::seed::RunId;
use crate::strategy::learning::Learnt;
use crate::strategy::portfolio::{self, MEMBERS, Member};

/// Measures how many runs of a scenario each strategy makes in a second.
///
/// Findings do not count here, and nothing is learnt from calibration.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario.
    #[arg(index = 1)]
    scenario: String,
    /// Its variant; the first one if none is named.
    #[arg(index = 2)]
    variant: Option<String>,
    /// For how long each strategy is measured, in milliseconds.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    millis: u64,
    /// Prints one JSON object a strategy instead: see --help.
    #[arg(long)]
    json: bool,
}

/// What was measured of one strategy.
struct Measured {
    runs: u64,
    steps: u64,
    choices: u64,
    wall: Duration,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let scenario = console.find(&arguments.scenario)?;
    let variant = scenario.variant(arguments.variant.as_deref())?;
    let title = scenario.title(variant);
    if !arguments.json {
        writeln!(
            console.out,
            "{title}\n{:<10} {:>10} {:>10} {:>12} {:>12} {:>10}",
            "strategy", "runs/s", "ns a run", "steps a run", "choices", "ns a step"
        )?;
    }
    for &(name, member) in MEMBERS {
        let measured = measure(variant, member, Duration::from_millis(arguments.millis));
        let Measured { runs, steps, choices, wall } = measured;
        let nanos = wall.as_nanos().max(1);
        let per_second = u128::from(runs) * 1_000_000_000 / nanos;
        let (per_run, per_step) = (nanos / u128::from(runs), nanos / u128::from(steps.max(1)));
        if arguments.json {
            let object = json!({
                "scenario": scenario.name,
                "variant": variant.name,
                "strategy": name,
                "runs": runs,
                "steps": steps,
                "choices": choices,
                "wall_s": wall.as_secs_f64(),
            });
            writeln!(console.out, "{object}")?;
        } else {
            writeln!(
                console.out,
                "{name:<10} {per_second:>10} {per_run:>10} {:>12} {:>12} {per_step:>10}",
                steps / runs,
                choices / runs
            )?;
        }
    }
    Ok(Verdict::Expected)
}

/// Makes runs by one strategy until the time is up.
fn measure(variant: &Variant, member: Member, wall_max: Duration) -> Measured {
    let learnt = Arc::new(Learnt::default());
    let mut measured = Measured { runs: 0, steps: 0, choices: 0, wall: Duration::ZERO };
    while measured.wall < wall_max {
        // Many runs between two looks at the clock, which costs more than a short run.
        let ((), wall) = timed(|| {
            for _ in 0..16 {
                let assignment = portfolio::named(member, measured.runs, &learnt);
                let run = Run::with(variant.options()).id(RunId::new(0, measured.runs));
                let outcome = run.strategy(assignment.chooser).execute(variant.program);
                measured.runs += 1;
                measured.steps += outcome.steps;
                measured.choices += outcome.tape.len() as u64;
            }
        });
        measured.wall += wall;
    }
    measured
}
