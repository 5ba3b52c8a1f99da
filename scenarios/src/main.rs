//! The `unpick` command.

use std::process::ExitCode;

use unpick::cli::{App, Subcommand};
use unpick_scenarios::{SCENARIOS, asyncio};

fn main() -> ExitCode {
    App::new(SCENARIOS).subcommand(Subcommand::new("asyncio", asyncio::command::execute)).main()
}
