//! The measurements, one subcommand each: `unpick-benches --help` lists them.

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use unpick_benches::workloads::{self, WORKLOADS, Workload};
use unpick_benches::{
    count, finding, jobs, limit, peers, profile, reports, scale, shrinking, systematic,
};

/// Measures Unpick.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Nanoseconds a unit of each workload; of one workload, those that so many runs take.
    Time { workload: Option<String>, runs: Option<u64> },
    /// Instructions a unit of each workload, counted by valgrind.
    Count {
        /// Fails where one takes more than the baseline, by 3 %.
        #[arg(long, conflicts_with = "renew")]
        check: bool,
        /// Makes them the baseline.
        #[arg(long)]
        renew: bool,
    },
    /// Where the instructions of a workload go, by function and by file.
    Profile { workload: String },
    /// How costs grow with tasks, timers, waiters and events.
    Scale {
        #[arg(default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
        repetitions: u64,
    },
    /// Nanoseconds and memory of one size of it.
    #[command(name = scale::ALONE, hide = true)]
    ScaleAlone { dimension: String, size: u64 },
    /// How many KiB the process had at the most that made so many runs of a workload.
    #[command(hide = true)]
    Memory { workload: String, runs: u64 },
    /// How many runs it takes to exhaust a program's schedules, and nanoseconds.
    #[command(hide = true)]
    Exhaust { program: String, runs_max: u64 },
    /// What detectors cost: instructions a run of some programs without and with them.
    Detectors,
    /// How few instructions the workloads can take: a minimal engine, beside Unpick.
    Limit,
    /// Makes runs of one workload over the minimal engine; `-bare` behind its name for one that is
    /// not told who holds and who waits.
    #[command(name = limit::RUN, hide = true)]
    RunLimit { workload: String, runs: u64 },
    /// Makes runs of one workload, for a profiler to look at.
    Run { workload: String, runs: u64 },
    /// The median number of runs to the first bug over so many base seeds, for each strategy.
    Finding {
        #[arg(default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
    },
    /// In which run each interleaving of the program `among_20` is made, over so many base seeds.
    Among {
        #[arg(default_value_t = 21, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
    },
    /// How long each form of a long run takes; fails if one takes a second.
    Reports {
        #[arg(default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1000..))]
        events: u64,
    },
    /// What is left of failing tapes, and whether all holds that shrinking promises.
    Shrinking {
        #[arg(default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
    },
    /// Runs a second of hunts by one and by two jobs, the best of so many repetitions.
    Jobs {
        #[arg(default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
        repetitions: u64,
    },
    /// Nanoseconds of one such hunt.
    #[command(name = jobs::ALONE, hide = true)]
    HuntByJobs { program: String, runs: u64, jobs: u64 },
    /// Unpick beside its peers, as Markdown tables. Builds the peers first.
    Peers {
        #[arg(default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..))]
        repetitions: u64,
        #[arg(default_value_t = 21, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
        /// Only these parts, in the order of the whole.
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<peers::Part>,
    },
}

fn main() -> ExitCode {
    match execute(&Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("unpick-benches: {error}");
            ExitCode::from(2)
        }
    }
}

fn execute(command: &Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Time { workload: Some(name), runs } => {
            println!("{}", time_runs(named(name)?, runs.unwrap_or(1)));
        }
        Command::Time { workload: None, .. } => time_all(),
        Command::Count { renew: true, .. } => count::renew()?,
        Command::Count { check: true, .. } => {
            if !count::check()? {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Count { .. } => count::count_all()?,
        Command::Profile { workload } => profile::print(named(workload)?)?,
        Command::Scale { repetitions } => scale::print_tables(*repetitions)?,
        Command::ScaleAlone { dimension, size } => scale::measure(dimension, *size)?,
        Command::Memory { workload, runs } => {
            (0..*runs).for_each(named(workload)?.run);
            println!("{}", scale::peak_kib());
        }
        Command::Exhaust { program, runs_max } => {
            println!("{}", systematic::exhaust(program, *runs_max)?);
        }
        Command::Detectors => count::count_detectors()?,
        Command::Run { workload, runs } => (0..*runs).for_each(named(workload)?.run),
        Command::Limit => limit::print_table()?,
        Command::RunLimit { workload, runs } => limit::run(workload, *runs)?,
        Command::Finding { seeds } => finding::print_table(*seeds),
        Command::Among { seeds } => finding::print_means(*seeds),
        Command::Reports { events } => {
            if !reports::print_table(*events) {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Shrinking { seeds } => {
            if !shrinking::print_table(*seeds) {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Jobs { repetitions } => jobs::print_table(*repetitions)?,
        Command::HuntByJobs { program, runs, jobs } => {
            println!("{}", jobs::hunt(program, *runs, *jobs)?);
        }
        Command::Peers { repetitions, seeds, only } => peers::compare(*repetitions, *seeds, only)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn named(name: &str) -> Result<&'static Workload, String> {
    workloads::find(name).ok_or_else(|| {
        let names: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
        format!("there is no workload `{name}`; allowed: {}", names.join(", "))
    })
}

/// How many nanoseconds so many runs take.
#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
fn time_runs(workload: &Workload, runs: u64) -> u128 {
    let begin = Instant::now();
    (0..runs).for_each(workload.run);
    begin.elapsed().as_nanos()
}

fn time_all() {
    for workload in WORKLOADS {
        let runs = (2_000_000 / workload.units).clamp(3, 200_000);
        (0..runs.min(10)).for_each(workload.run);
        let mut samples: Vec<u128> = (0..7)
            .map(|_| time_runs(workload, runs) * 10 / u128::from(runs * workload.units))
            .collect();
        samples.sort_unstable();
        let text = |tenths: u128| format!("{}.{}", tenths / 10, tenths % 10);
        println!(
            "{:<30} {:>9} ns a {:<6} (min {}, max {})",
            workload.name,
            text(samples[3]),
            workload.unit,
            text(samples[0]),
            text(samples[6])
        );
    }
}
