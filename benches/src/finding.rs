//! Finding power: how many runs until the first bug, for each strategy.

mod among;
mod programs;
mod variable;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use unpick::sim::hunt::Hunt;
use unpick::sim::strategy::portfolio::{CALIBRATION_RUNS, MEMBERS, Member};

pub use among::{
    ALL_OF_AMONG, Firsts, interleavings_alone, interleavings_by_portfolio, print_means,
};
pub use programs::{PROGRAMS, Program};

/// The most runs that are made for one base seed.
const RUNS_MAX: u64 = 10_000;

/// Prints a table: for each program the median number of runs to the first bug over `seeds` base
/// seeds, by the portfolio (calibration counted) and by each strategy alone (calibration not
/// counted), with how often it was found where that was not always.
pub fn print_table(seeds: u64) {
    print!("| program | portfolio |");
    random_members().for_each(|(name, _)| print!(" {name} |"));
    print!("\n|---|---|");
    random_members().for_each(|_| print!("---|"));
    println!();
    for program in PROGRAMS {
        print!("| {} | {} |", program.name, cell(&portfolio(program, seeds)));
        for (_, member) in random_members() {
            print!(" {} |", cell(&alone(program, member, seeds)));
        }
        println!();
    }
}

/// What came of one hunt.
#[derive(Clone, Copy, Debug)]
pub struct First {
    /// In which run, from 1, the bug was found; `None` if it was not.
    pub run: Option<u64>,
    /// How long it took until that run was there and told of, the hunt's own beginning included; if
    /// the bug was not found, until the hunt was over.
    pub found: Duration,
    /// How much longer until there was a report: run 0 repeated, and this one explained if it was to
    /// be.
    pub reported: Duration,
}

/// Whether a failure is reproduced, cut down and explained once it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explaining {
    /// It is.
    Whole,
    /// It is not.
    None,
}

/// Hunts the program of this name by the portfolio (its calibration counted) or by a strategy alone
/// (calibration not counted). `None` if there is no such program.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
pub fn first(
    name: &str,
    seed: u64,
    runs_max: u64,
    member: Option<Member>,
    explaining: Explaining,
) -> Option<First> {
    let begin = Instant::now();
    let program = PROGRAMS.iter().find(|program| program.name == name)?;
    let mut hunt = Hunt::new(program.name).quiet().seed(seed);
    if explaining == Explaining::None {
        hunt = hunt.unexplained();
    }
    let (hunt, before) = match member {
        None => (hunt.runs(runs_max), 0),
        Some(member) => {
            let hunt = hunt.strategy(member).past_calibration();
            (hunt.runs(runs_max + CALIBRATION_RUNS), CALIBRATION_RUNS)
        }
    };
    // What comes before the first run counts as well; what counts twice then is a few instructions.
    let entered = OnceLock::new();
    let report = hunt.run(|| {
        entered.get_or_init(|| begin.elapsed());
        (program.run)()
    });
    let _text = std::hint::black_box(report.to_string());
    let whole = begin.elapsed();
    let after = report.failure().map_or(report.wall, |failure| failure.after);
    let found = entered.into_inner().unwrap_or_default() + after;
    Some(First {
        run: report.failure().map(|_| report.runs - before),
        found,
        reported: whole.saturating_sub(found),
    })
}

/// The run in which the bug of the program of this name is found, from 1, for each base seed: by the
/// portfolio (its calibration counted) or by a strategy alone (calibration not counted). `None` if
/// there is no such program.
#[must_use]
pub fn first_runs(name: &str, member: Option<Member>, seeds: u64) -> Option<Vec<Option<u64>>> {
    let program = PROGRAMS.iter().find(|program| program.name == name)?;
    Some(match member {
        None => portfolio(program, seeds),
        Some(member) => alone(program, member, seeds),
    })
}

/// The strategies that are measured by themselves: those that make more than one schedule.
fn random_members() -> impl Iterator<Item = (&'static str, Member)> {
    let is_random = |member| !matches!(member, Member::Fifo | Member::Lockstep);
    MEMBERS.iter().copied().filter(move |&(_, member)| is_random(member))
}

/// The runs to the first bug for each base seed.
type Runs = Vec<Option<u64>>;

fn portfolio(program: &Program, seeds: u64) -> Runs {
    let hunt = |seed| {
        Hunt::new(program.name).unexplained().quiet().seed(seed).runs(RUNS_MAX).run(program.run)
    };
    (0..seeds).map(hunt).map(|report| report.failure().map(|_| report.runs)).collect()
}

fn alone(program: &Program, member: Member, seeds: u64) -> Runs {
    let hunt = |seed| {
        let hunt = Hunt::new(program.name).unexplained().quiet().seed(seed).strategy(member);
        hunt.runs(RUNS_MAX + CALIBRATION_RUNS).past_calibration().run(program.run)
    };
    let runs = |report: unpick::Report| report.failure().map(|_| report.runs - CALIBRATION_RUNS);
    (0..seeds).map(|seed| runs(hunt(seed))).collect()
}

/// The median, with "(n)" for how many were found if not all were, and "–" if none was.
fn cell(runs: &Runs) -> String {
    let mut sorted: Vec<u64> = runs.iter().map(|runs| runs.unwrap_or(u64::MAX)).collect();
    sorted.sort_unstable();
    let found = runs.iter().flatten().count();
    let median = sorted[(sorted.len() - 1) / 2];
    match (found, median) {
        (0, _) => String::from("–"),
        (_, u64::MAX) => format!("> {RUNS_MAX} ({found})"),
        _ if found < runs.len() => format!("{median} ({found})"),
        _ => median.to_string(),
    }
}
