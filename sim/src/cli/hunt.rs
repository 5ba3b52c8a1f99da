//! `unpick hunt`: many runs, looking for what is expected.

mod output;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use self::output::Row;
use super::{Console, Scenario, Usage, Variant, Verdict};
use crate::environment::Environment;
use crate::hunt::Isolation;
use crate::seed::RunId;
use crate::strategy::portfolio::Member;

/// Hunts scenarios: all of them, or the one named.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario; all of them if none is named.
    #[arg(index = 1)]
    scenario: Option<String>,
    /// Its variant; all of them if none is named.
    #[arg(index = 2)]
    variant: Option<String>,
    /// The base seed.
    #[arg(long, default_value = "0x5eed")]
    seed: RunId,
    /// How many runs to make at the most of each program.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// On how many threads.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Makes runs in a process of their own, so that a crash or a poll that never returns costs one
    /// run.
    #[arg(long)]
    isolate: bool,
    /// One strategy alone, rather than the portfolio.
    #[arg(long)]
    strategy: Option<Member>,
    /// Prints one JSON object a program instead.
    #[arg(long)]
    json: bool,
    /// Writes the outcome as JUnit XML to this file as well.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let environment = Environment::of_process()?;
    let programs = select(arguments, console)?;
    let is_single = arguments.scenario.is_some();
    let mut rows = Vec::new();
    for (number, (scenario, variant)) in programs.iter().enumerate() {
        if !is_single {
            output::progress(number, programs.len(), scenario.name);
        }
        let row = hunt(scenario, variant, arguments, &environment);
        if arguments.json {
            writeln!(console.out, "{}", row.to_json())?;
        } else if is_single || !row.is_as_expected() {
            output::clear_progress();
            writeln!(console.out, "{}", row.report())?;
        }
        rows.push(row);
    }
    output::clear_progress();
    if !arguments.json && rows.len() > 1 {
        write!(console.out, "{}", output::table(&rows))?;
    }
    if let Some(file) = &arguments.junit {
        fs::write(file, output::junit(&rows)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let is_as_expected = rows.iter().all(Row::is_as_expected);
    Ok(if is_as_expected { Verdict::Expected } else { Verdict::Unexpected })
}

/// The programs that are asked for.
fn select<'a>(
    arguments: &Arguments,
    console: &Console<'a>,
) -> Result<Vec<(&'a Scenario, &'static Variant)>, Usage> {
    let scenarios: Vec<&Scenario> = match &arguments.scenario {
        Some(name) => vec![console.find(name)?],
        None => console.scenarios.iter().collect(),
    };
    let mut programs = Vec::new();
    for scenario in scenarios {
        match arguments.variant.as_deref() {
            named @ Some(_) => programs.push((scenario, scenario.variant(named)?)),
            None => programs.extend(scenario.variants.iter().map(|variant| (scenario, variant))),
        }
    }
    Ok(programs)
}

fn hunt(
    scenario: &Scenario,
    variant: &'static Variant,
    arguments: &Arguments,
    environment: &Environment,
) -> Row {
    let name = format!("{} {}", scenario.name, variant.name);
    let mut hunt = variant
        .hunt(&name)
        .quiet()
        .seed(arguments.seed.seed)
        .runs(arguments.runs)
        .jobs(usize::from(arguments.jobs));
    // A flag counts for more than a variable.
    let strategy = if arguments.strategy.is_some() { None } else { environment.strategy };
    hunt = hunt.environment(Environment { strategy, ..environment.clone() });
    if arguments.isolate {
        hunt = hunt.isolate(Isolation::Process);
    }
    if let Some(member) = arguments.strategy {
        hunt = hunt.strategy(member);
    }
    let (report, wall) = timed(|| hunt.run(variant.program));
    Row { scenario: scenario.name, variant, seed: arguments.seed.seed, report, wall }
}

/// How long something takes by the wall clock.
#[expect(clippy::disallowed_methods, reason = "what a hunt takes is not part of any run")]
pub(super) fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = act();
    (result, start.elapsed())
}
