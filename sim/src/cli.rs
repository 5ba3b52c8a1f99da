//! The `unpick` command, for anybody's programs: behind the feature `cli`.
//!
//! A program of one's own with all of the command's parts takes three lines:
//!
//! ```no_run
//! use unpick_sim::cli::{self, Scenario};
//! # async fn transfer() {}
//!
//! fn main() -> std::process::ExitCode {
//!     cli::main(&[Scenario::new("transfer", "moves money between two accounts", transfer)])
//! }
//! ```
//!
//! Exit codes: 0; 1 for a finding that was not expected, or an expected one that a hunt did not
//! find; 2 for usage. What is expected is the [`Expectation`] of the scenario's variant. `trace`,
//! `diff` and `bench` do not judge what they run.
//!
#![doc = include_str!("cli/json.md")]

mod again;
mod bench;
mod chosen;
mod completions;
mod diff;
mod explain;
mod fields;
mod hunt;
mod invocation;
mod list;
mod outcome;
mod progress;
mod replay;
mod run;
mod scenario;
mod strategy_name;
mod trace;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command};

pub use scenario::{
    Complaint, Expectation, Program, ProgramFuture, Scenario, UnknownVariant, Variant, program,
};

/// The base seed of hunts, unless another is asked for.
const SEED: u64 = 0x5eed;

/// What a subcommand's help says of how it ends.
const EXIT_CODES: &str = "Exit codes:
  0  as it should be
  1  a finding that was not expected, or an expected one that a hunt did not find
  2  usage";

/// Carries out the command line of this process over these scenarios.
#[must_use]
pub fn main(scenarios: &[Scenario]) -> ExitCode {
    App::new(scenarios).main()
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be: exit code 0.
    Expected,
    /// A finding that was not expected, or an expected one that was not found: exit code 1.
    Unexpected,
}

/// The wrong use of a command: what was wrong, and what is allowed. Exit code 2.
pub type Usage = Box<dyn std::error::Error>;

/// A command line: scenarios, and the subcommands that work on them.
pub struct App {
    /// What it is called; `None` if as its program is.
    name: Option<&'static str>,
    scenarios: Vec<Scenario>,
    subcommands: Vec<Subcommand>,
}

/// What a subcommand works with.
pub struct Console<'a> {
    /// The scenarios of the command line.
    pub scenarios: &'a [Scenario],
    /// The command line as a whole.
    pub command: Command,
    /// How it was called, up to the subcommand, in a shell: `cargo run --release --`.
    pub invocation: String,
    /// Where its output goes.
    pub out: &'a mut dyn Write,
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scenarios = self.scenarios.len();
        f.debug_struct("Console").field("scenarios", &scenarios).finish_non_exhaustive()
    }
}

/// One subcommand: how it is called, and what it does.
pub struct Subcommand {
    command: Command,
    execute: Execute,
}

type Execute = Box<dyn Fn(&ArgMatches, &mut Console<'_>) -> Result<Verdict, Usage>>;

impl Subcommand {
    /// A subcommand with these arguments.
    pub fn new<A: Args + 'static>(
        name: &'static str,
        execute: fn(&A, &mut Console<'_>) -> Result<Verdict, Usage>,
    ) -> Subcommand {
        let execute = move |matches: &ArgMatches, console: &mut Console<'_>| {
            execute(&A::from_arg_matches(matches)?, console)
        };
        let mut command = A::augment_args(Command::new(name)).after_long_help(EXIT_CODES);
        if let Some(fields) = fields::of(name) {
            command = command.after_long_help(format!("{fields}\n\n{EXIT_CODES}"));
        }
        Subcommand { command, execute: Box::new(execute) }
    }

    /// Says in its help what it prints with `--json`: the lines of a table in Markdown, with the
    /// columns field, type and meaning.
    #[must_use]
    pub fn documented(mut self, fields: &str) -> Subcommand {
        let help = format!("{}\n\n{EXIT_CODES}", fields::as_help(fields));
        self.command = self.command.after_long_help(help);
        self
    }
}

impl fmt::Debug for Subcommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subcommand").field(&self.command.get_name()).finish()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let App { name, scenarios, subcommands } = self;
        let mut debug = f.debug_struct("App");
        debug.field("name", name).field("scenarios", &scenarios.len());
        debug.field("subcommands", subcommands).finish()
    }
}

impl App {
    /// A command line over these scenarios.
    #[must_use]
    pub fn new(scenarios: &[Scenario]) -> App {
        let subcommands = vec![
            Subcommand::new("list", list::execute),
            Subcommand::new("run", run::execute),
            Subcommand::new("hunt", hunt::execute),
            Subcommand::new("replay", replay::execute),
            Subcommand::new("explain", explain::execute),
            Subcommand::new("trace", trace::execute),
            Subcommand::new("diff", diff::execute),
            Subcommand::new("bench", bench::execute),
            Subcommand::new("completions", completions::execute),
        ];
        App { name: None, scenarios: scenarios.to_vec(), subcommands }
    }

    /// What the command is called in its help, errors and completions; by default what its program
    /// is called.
    #[must_use]
    pub fn named(self, name: &'static str) -> App {
        App { name: Some(name), ..self }
    }

    /// Adds a subcommand.
    #[must_use]
    pub fn subcommand(mut self, subcommand: Subcommand) -> App {
        self.subcommands.push(subcommand);
        self
    }

    /// The whole of the command line, with the names of scenarios and variants among its allowed
    /// values, so that misspelt ones are corrected and shells complete them.
    fn command(&self, name: &str) -> Command {
        let command = Command::new(name.to_owned())
            .about("Hunts concurrency bugs, replays them from their seed, and explains them")
            .version(env!("CARGO_PKG_VERSION"))
            .subcommand_required(true)
            .arg_required_else_help(true);
        let scenarios: Vec<&str> = self.scenarios.iter().map(|scenario| scenario.name).collect();
        let variants = self.scenarios.iter().flat_map(|scenario| scenario.variants);
        let variants: BTreeSet<&str> = variants.map(|variant| variant.name).collect();
        let variants: Vec<&str> = variants.into_iter().collect();
        self.subcommands.iter().fold(command, |command, subcommand| {
            let mut part = subcommand.command.clone();
            for (argument, names) in [("scenario", &scenarios), ("variant", &variants)] {
                if part.get_arguments().any(|known| known.get_id() == argument) {
                    let names = PossibleValuesParser::new(names.clone());
                    part = part.mut_arg(argument, |argument| {
                        argument.value_parser(names).hide_possible_values(true)
                    });
                }
            }
            command.subcommand(part)
        })
    }

    /// Carries out the command line of this process.
    #[must_use]
    pub fn main(self) -> ExitCode {
        self.carry_out(std::env::args_os())
    }

    /// Carries out a command line, the first word of which is the command's own name.
    pub fn carry_out(self, words: impl IntoIterator<Item = OsString>) -> ExitCode {
        let words: Vec<OsString> = words.into_iter().collect();
        let typed = words.first().map_or(OsStr::new("unpick"), |word| word);
        let stem = Path::new(typed).file_stem().and_then(OsStr::to_str);
        let name = self.name.or(stem).unwrap_or("unpick").to_owned();
        let invocation = invocation::of_process(typed);
        let matches = match self.command(&name).try_get_matches_from(words) {
            Ok(matches) => matches,
            Err(error) => {
                // Nothing can be done about a terminal that is gone.
                let _ = error.print();
                let is_asked_for =
                    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
                return if is_asked_for { ExitCode::SUCCESS } else { ExitCode::from(2) };
            }
        };
        let Some((called, matches)) = matches.subcommand() else { return ExitCode::from(2) };
        let known = self.subcommands.iter().find(|it| it.command.get_name() == called);
        let known = known.expect("clap lets through subcommands that it was given");
        let mut out = io::stdout().lock();
        let command = self.command(&name);
        let scenarios = &self.scenarios;
        let mut console = Console { scenarios, command, invocation, out: &mut out };
        let done = (known.execute)(matches, &mut console);
        let flushed = console.out.flush().map_err(Usage::from);
        match done.and_then(|verdict| flushed.map(|()| verdict)) {
            Ok(Verdict::Expected) => ExitCode::SUCCESS,
            Ok(Verdict::Unexpected) => ExitCode::from(1),
            // Whoever read the output has seen enough of it.
            Err(usage) if is_broken_pipe(&usage) => ExitCode::SUCCESS,
            Err(usage) => {
                eprintln!("{name}: {usage}");
                ExitCode::from(2)
            }
        }
    }
}

impl<'a> Console<'a> {
    /// The scenario of this name, which clap has let through.
    fn find(&self, name: &str) -> Result<&'a Scenario, Usage> {
        let found = self.scenarios.iter().find(|scenario| scenario.name == name);
        found.ok_or_else(|| format!("there is no scenario `{name}`").into())
    }
}

fn is_broken_pipe(usage: &Usage) -> bool {
    let error = usage.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
