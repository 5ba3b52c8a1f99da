//! The command: every pair and every program, built and hunted, and tables.

use std::process::ExitCode;

use unpick::sim::seed::RunId;

use super::package::workspace;
use super::{
    FILE, Failed, Lock, Outcome, PAIRS, PROGRAMS, Package, Pair, Program, ProgramRow, Row, Traces,
    markdown, program_table, table,
};

/// What the command says of itself.
const USAGE: &str = "\
Hunts real crates: at a version with a published concurrency bug and at the one that fixed it, and
programs over crates in which nothing is to be found. Of what is clean, traces of the same seeds are
compared between threads and processes.

  real [--reports] [--skip-unreachable] [--seed SEED] [--renew] [NAME]...

With names, those pairs and programs alone. --reports prints what each hunt printed. The base seed
is 0x5eed. The crates are downloaded by cargo if its cache lacks them. Where the registry cannot be
reached, that is a failure, or with --skip-unreachable a warning.
With that seed, what comes of them must be what `primitives/tokio/RUN.md` says, if they are over
`unpick-tokio`; --renew writes it there.
Exit codes: 0, 1 (not as expected, or not possible), 2 (usage).";

/// The base seed, unless another is asked for.
const SEED: u64 = 0x5eed;

/// How many runs are traced, each twice in each of two processes.
const TRACED_RUNS: u64 = 20;

/// Whether what the hunts print is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reports {
    Shown,
    Hidden,
}

/// What comes of a registry that cannot be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unreachable {
    Fails,
    Skips,
}

/// What becomes of the file that says what came of all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Compared,
    Renewed,
}

/// What is hunted.
#[derive(Clone, Copy)]
enum Subject {
    Pair(&'static Pair),
    Program(&'static Program),
}

impl Subject {
    fn all() -> impl Iterator<Item = Subject> {
        let pairs = PAIRS.iter().map(Subject::Pair);
        PROGRAMS.iter().map(Subject::Program).chain(pairs)
    }

    fn name(self) -> &'static str {
        match self {
            Subject::Pair(pair) => pair.name,
            Subject::Program(program) => program.name,
        }
    }
}

/// What is to be hunted, and how.
struct Request {
    unreachable: Unreachable,
    subjects: Vec<Subject>,
    seed: u64,
    reports: Reports,
    written: Written,
}

/// What the arguments ask for; `None` if for help.
fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Request>, String> {
    let mut request = Request {
        unreachable: Unreachable::Fails,
        subjects: Vec::new(),
        seed: SEED,
        reports: Reports::Hidden,
        written: Written::Compared,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--reports" => request.reports = Reports::Shown,
            "--skip-unreachable" => request.unreachable = Unreachable::Skips,
            "--renew" => request.written = Written::Renewed,
            "--seed" => {
                let seed = arguments.next().ok_or("--seed wants a number")?;
                request.seed = seed.parse::<RunId>().map_err(|error| error.to_string())?.seed;
            }
            name => match Subject::all().find(|subject| subject.name() == name) {
                Some(subject) => request.subjects.push(subject),
                None => {
                    let names: Vec<_> = Subject::all().map(Subject::name).collect();
                    let names = names.join(", ");
                    return Err(format!("there is no pair or program `{name}`; allowed: {names}"));
                }
            },
        }
    }
    if request.subjects.is_empty() {
        request.subjects = Subject::all().collect();
    }
    if request.written == Written::Renewed && request.seed != SEED {
        return Err(String::from("--renew wants no other seed"));
    }
    Ok(Some(request))
}

/// Hunts the pairs and programs that the arguments name, or all of them.
#[must_use]
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    match read(arguments) {
        Ok(Some(request)) => hunt_all(&request),
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn hunt_all(request: &Request) -> ExitCode {
    let (mut pairs, mut programs, mut failed) = (Vec::new(), Vec::new(), 0_usize);
    for &subject in &request.subjects {
        let hunted = match subject {
            Subject::Pair(pair) => hunt_pair(pair, request).map(|row| pairs.push(row)),
            Subject::Program(program) => {
                hunt_program(program, request).map(|row| programs.push(row))
            }
        };
        let Err((package, error)) = hunted else { continue };
        eprintln!("{}: {error}", package.folder().display());
        let is_unreachable = matches!(error, Failed::Unreachable(_));
        if is_unreachable || matches!(error, Failed::NoCargo(_)) {
            let skips = is_unreachable && request.unreachable == Unreachable::Skips;
            let (hunted, all) = (pairs.len() + programs.len(), request.subjects.len());
            let lead = if skips { "SKIPPED the rest: " } else { "" };
            eprintln!("{lead}{hunted} of {all} were hunted");
            failed += usize::from(!skips);
            break;
        }
        failed += 1;
    }
    let unexpected = pairs.iter().filter(|row| !row.is_expected()).count()
        + programs.iter().filter(|row| !row.is_expected()).count();
    if !programs.is_empty() {
        print!("\n{}", program_table(&programs));
    }
    if !pairs.is_empty() {
        print!("\n{}", table(&pairs));
    }
    let (of_pairs, of_programs) = (pairs.len(), programs.len());
    println!(
        "{of_pairs} pairs, {of_programs} programs, {unexpected} not as expected, {failed} without \
         an outcome"
    );
    let is_written = request.seed != SEED || is_as_written(&programs, &pairs, request.written);
    if unexpected + failed == 0 && is_written { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes the file, or says whether it is as it should be.
fn is_as_written(programs: &[ProgramRow], pairs: &[Row], written: Written) -> bool {
    let path = workspace().join(FILE);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let text = markdown(&before, programs, pairs);
    match written {
        Written::Renewed => match std::fs::write(&path, text) {
            Ok(()) => true,
            Err(error) => {
                eprintln!("{FILE} cannot be written: {error}");
                false
            }
        },
        Written::Compared if text == before => true,
        Written::Compared => {
            eprintln!("{FILE} says something else; --renew writes it. It should say:\n\n{text}");
            false
        }
    }
}

/// What went wrong with which package.
type Trouble = (Package, Failed);

fn hunt_program(program: &'static Program, request: &Request) -> Result<ProgramRow, Trouble> {
    println!("{}", program.name);
    let package = Package::of_program(program.name).moving(program.moved.iter().copied());
    let outcome = hunt(&package, program.runs, request).and_then(|outcome| {
        let traces = traces(&package, request)?;
        Ok(ProgramRow { program, outcome, traces })
    });
    outcome.map_err(|error| (package, error))
}

fn hunt_pair(pair: &'static Pair, request: &Request) -> Result<Row, Trouble> {
    println!("{}: {} {} and {}", pair.name, pair.krate, pair.buggy, pair.fixed);
    let package =
        |variant: &str, version| Package::new(pair.name, variant).moving(pair.moved(version));
    let (buggy, fixed) = (package("buggy", pair.buggy), package("fixed", pair.fixed));
    let found = hunt(&buggy, pair.runs, request).map_err(|error| (buggy, error))?;
    let outcome = hunt(&fixed, 10 * pair.runs, request).and_then(|outcome| {
        let traces = traces(&fixed, request)?;
        Ok(Row { pair, buggy: found, fixed: outcome, traces })
    });
    outcome.map_err(|error| (fixed, error))
}

fn hunt(package: &Package, runs: u64, request: &Request) -> Result<Outcome, Failed> {
    if package.build()? == Lock::Changed {
        println!("  cargo brought the lock file of `{}` up to date: commit it", package.name());
    }
    let (outcome, printed) = package.hunt(request.seed, runs)?;
    if request.reports == Reports::Shown {
        println!("{printed}");
    }
    Ok(outcome)
}

/// Traces of the same runs, in two processes.
fn traces(package: &Package, request: &Request) -> Result<Traces, Failed> {
    let (one, printed) = package.traces(request.seed, TRACED_RUNS)?;
    let (other, _) = package.traces(request.seed, TRACED_RUNS)?;
    if request.reports == Reports::Shown || matches!(one, Traces::Differ { .. }) {
        println!("{printed}");
    }
    // Of a run that differs within a process the other process may not say so.
    let is_same = one == other || matches!(one, Traces::Differ { .. });
    Ok(if is_same { one } else { Traces::Differ { seed: String::from("between processes") } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Option<Request>, String> {
        read(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn without_names_all_of_them_are_hunted() {
        let request = asked(&["--seed", "0x7"]).expect("it is understood").expect("not for help");
        assert_eq!((request.subjects.len(), request.seed), (PAIRS.len() + PROGRAMS.len(), 7));
    }

    #[test]
    fn what_there_is_not_is_refused_with_what_there_is() {
        let error = asked(&["tokio"]).err().expect("it is a crate and no pair");
        assert!(error.starts_with("there is no pair or program `tokio`; allowed: "), "{error}");
        assert!(error.contains(", tokio-8260, "), "{error}");
        assert!(asked(&["--seed"]).is_err());
        assert!(asked(&["--seed", "many"]).is_err());
    }

    #[test]
    fn the_file_is_renewed_from_its_own_seed_only() {
        assert!(asked(&["--renew"]).is_ok());
        assert!(asked(&["--renew", "--seed", "7"]).is_err());
        assert!(asked(&["--renew", PAIRS[0].name]).is_ok());
    }
}
