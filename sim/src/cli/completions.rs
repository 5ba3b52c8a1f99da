//! `unpick completions`: scripts with which shells complete the command line, scenarios included.

use clap_complete::Shell;

use super::{Console, Usage, Verdict};

/// Prints a script that completes the command line, the names of scenarios included.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the script for this command line.
pub(super) fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let mut command = console.command.clone();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    console.out.write_all(&script)?;
    Ok(Verdict::Expected)
}
