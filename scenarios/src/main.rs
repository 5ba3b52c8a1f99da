//! The `unpick` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    unpick_scenarios::cli::main()
}
