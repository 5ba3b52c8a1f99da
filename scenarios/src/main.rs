//! The `unpick` command.

use std::process::ExitCode;

use unpick::cli::App;
use unpick_scenarios::{SCENARIOS, asyncio};

fn main() -> ExitCode {
    App::new(SCENARIOS).subcommand(asyncio::command::subcommand()).main()
}
