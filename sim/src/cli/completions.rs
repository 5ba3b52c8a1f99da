//! `unpick completions`: scripts with which shells complete the command line, scenarios included.

use std::io::Write;

use clap::Command;
use clap_complete::Shell;

use super::{Console, Usage, Verdict};

/// Prints a script that completes the command line: for bash, zsh and fish with the names of
/// scenarios and variants.
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
    clap_complete::generate(arguments.shell, &mut command, &name, &mut script);
    if arguments.shell == Shell::Fish {
        add_names(&command, &name, &mut script)?;
    }
    console.out.write_all(&script)?;
    Ok(Verdict::Expected)
}

/// Adds the values of arguments without a dash, which clap leaves out for fish.
fn add_names(command: &Command, name: &str, script: &mut Vec<u8>) -> Result<(), Usage> {
    let function = format!("__fish_{}_using_subcommand", name.replace('-', "_"));
    for subcommand in command.get_subcommands() {
        for argument in subcommand.get_positionals() {
            let values = argument.get_possible_values();
            let values: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
            if !values.is_empty() {
                let (called, values) = (subcommand.get_name(), values.join(" "));
                writeln!(
                    script,
                    "complete -c {name} -n \"{function} {called}\" -f -a \"{values}\""
                )?;
            }
        }
    }
    Ok(())
}
