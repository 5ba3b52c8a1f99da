//! `unpick hunt`: many runs, looking for what is expected.

mod output;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use self::output::Row;
use super::again::HowFound;
use super::progress::Progress;
use super::strategy_name::StrategyName;
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
    /// One strategy alone, rather than the portfolio; pct and delay take a parameter, as in
    /// "pct(3)".
    #[arg(long, value_parser = StrategyName)]
    strategy: Option<Member>,
    /// Prints one JSON object a program instead: see --help.
    #[arg(long)]
    json: bool,
    /// Writes the outcome as JUnit XML to this file as well.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let environment = Environment::of_process()?;
    if arguments.seed.number != 0 {
        let id = arguments.seed;
        return Err(format!("`--seed {id}` is one run; `replay --seed {id}` makes it again").into());
    }
    let programs = select(arguments, console)?;
    let is_single = arguments.scenario.is_some();
    let progress = Progress::new(programs.len());
    let mut rows = Vec::new();
    for (scenario, variant) in programs {
        progress.at(&scenario.title(variant));
        let row = hunt(scenario, variant, arguments, &environment, console);
        if arguments.json {
            progress.suspend(|| writeln!(console.out, "{}", row.to_json()))?;
        } else if is_single || !row.is_as_expected() {
            progress.suspend(|| writeln!(console.out, "{}", row.report()))?;
        }
        progress.done();
        rows.push(row);
    }
    drop(progress);
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

fn hunt<'a>(
    scenario: &'a Scenario,
    variant: &'static Variant,
    arguments: &Arguments,
    environment: &Environment,
    console: &Console<'_>,
) -> Row<'a> {
    let mut hunt = variant
        .hunt(&scenario.title(variant))
        .quiet()
        .seed(arguments.seed.seed)
        .runs(arguments.runs)
        .jobs(usize::from(arguments.jobs));
    // A flag counts for more than a variable.
    let strategy = if arguments.strategy.is_some() { None } else { environment.strategy };
    let is_by_portfolio = arguments.strategy.is_none() && strategy.is_none();
    let found = if is_by_portfolio { HowFound::ByPortfolio } else { HowFound::Otherwise };
    hunt = hunt.environment(Environment { strategy, ..environment.clone() });
    if arguments.isolate {
        hunt = hunt.isolate(Isolation::Process);
    }
    if let Some(member) = arguments.strategy {
        hunt = hunt.strategy(member);
    }
    let (mut report, wall) = timed(|| hunt.run(variant.program));
    for failure in &mut report.failures {
        failure.rerun = console.again(scenario, variant, failure, found);
    }
    Row { scenario, variant, seed: arguments.seed.seed, report, wall }
}

/// How long something takes by the wall clock.
#[expect(clippy::disallowed_methods, reason = "what a hunt takes is not part of any run")]
pub(super) fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = act();
    (result, start.elapsed())
}
