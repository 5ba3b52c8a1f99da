//! The `unpick` command line: one file a subcommand.
//!
//! Exit codes: 0; 1 for a finding that was not expected, or an expected one that was not found;
//! 2 for usage.

mod asyncio;
mod hunt;
mod list;
mod replay;
mod run;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Hunts concurrency bugs, replays them from their seed, and explains them.
#[derive(Debug, Parser)]
#[command(name = "unpick", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Arguments),
    Run(run::Arguments),
    Hunt(hunt::Arguments),
    Replay(replay::Arguments),
    Asyncio(asyncio::Arguments),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Expected,
    /// A finding that was not expected, or an expected one that was not found.
    Unexpected,
}

/// The wrong use of a command: what was wrong, and what is allowed.
type Usage = Box<dyn std::error::Error>;

/// Carries out the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::List(arguments) => list::execute(arguments),
        Command::Run(arguments) => run::execute(arguments),
        Command::Hunt(arguments) => hunt::execute(arguments),
        Command::Replay(arguments) => replay::execute(arguments),
        Command::Asyncio(arguments) => asyncio::execute(arguments),
    };
    match done {
        Ok(Verdict::Expected) => ExitCode::SUCCESS,
        Ok(Verdict::Unexpected) => ExitCode::from(1),
        Err(usage) => {
            eprintln!("unpick: {usage}");
            ExitCode::from(2)
        }
    }
}
