//! What came of all that is over `unpick-tokio`, as that package's documentation has it.

use super::table::names;
use super::{Outcome, PAIRS, PROGRAMS, Pair, Program, ProgramRow, Row, Tokio, Traces};

/// The file, from the repository's folder.
pub const FILE: &str = "primitives/tokio/RUN.md";

const PROGRAMS_HEAD: &str = "\
Programs over published crates, in which nothing is to be found. *Moved* crates are built against
this package; the others have tokio's own, driven by the run, or none. *Equal traces* are runs whose
traces are the same to the byte, on two threads of each of two processes.

| crates | program | clean runs | equal traces |
|---|---|---|---|
";

const PAIRS_HEAD: &str = "
Versions of crates with a published concurrency bug, and those that fixed it. Runs count from 0, the
plain one; those of the fixed version are clean.

| crate | bug in | found in run | as | clean runs of | equal traces |
|---|---|---|---|---|---|
";

/// The file's text, with a line for each program and pair in the order of their lists: what came of
/// those that were hunted, and for the others what the file said before.
#[must_use]
pub fn markdown(before: &str, programs: &[ProgramRow], pairs: &[Row]) -> String {
    let kept = |key: String| before.lines().find(|line| line.starts_with(&key)).map(str::to_owned);
    let mut lines = String::from(PROGRAMS_HEAD);
    for program in PROGRAMS {
        let hunted = programs.iter().find(|row| row.program.name == program.name);
        let line = hunted.map(of_program).or_else(|| kept(program_key(program)));
        lines.extend(line.into_iter().map(|line| line + "\n"));
    }
    lines.push_str(PAIRS_HEAD);
    for pair in PAIRS.iter().filter(|pair| pair.tokio != Tokio::None) {
        let hunted = pairs.iter().find(|row| row.pair.name == pair.name);
        let line = hunted.map(of_pair).or_else(|| kept(pair_key(pair)));
        lines.extend(line.into_iter().map(|line| line + "\n"));
    }
    lines
}

/// What a program's line begins with.
fn program_key(Program { driven, moved, what, .. }: &Program) -> String {
    let moved = names(moved).replace(", ", ", moved; ");
    let moved = if moved.is_empty() { moved } else { moved + ", moved" };
    let crates = [moved, names(driven)].into_iter().filter(|it| !it.is_empty());
    format!("| {} | {what} |", crates.collect::<Vec<_>>().join("; "))
}

/// What a pair's line begins with.
fn pair_key(Pair { krate, buggy, upstream, tokio, .. }: &Pair) -> String {
    let moved = if matches!(tokio, Tokio::Moved(_)) { ", moved" } else { "" };
    format!("| {krate}{moved} | [{buggy}]({upstream}) |")
}

fn of_program(row: &ProgramRow) -> String {
    let key = program_key(row.program);
    match row.program.differs {
        None => format!("{key} {} | {} |", clean(&row.outcome), equal(&row.traces)),
        // Which run tells is not the same each time.
        Some(why) => format!("{key} | none, which is found: {why} |"),
    }
}

fn of_pair(row: &Row) -> String {
    let (run, headline) = match &row.buggy {
        Outcome::Clean { .. } => (String::from("none"), String::new()),
        Outcome::Found { runs, headline, .. } => ((runs - 1).to_string(), headline.clone()),
    };
    // It may have backticks of its own.
    let headline = format!("`` {} ``", headline.replace('|', "\\|"));
    let (key, fixed, clean, equal) =
        (pair_key(row.pair), row.pair.fixed, clean(&row.fixed), equal(&row.traces));
    format!("{key} {run} | {headline} | {fixed}: {clean} | {equal} |")
}

fn clean(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Clean { runs } => runs.to_string(),
        Outcome::Found { runs, kind, .. } => format!("none: {kind} in run {}", runs - 1),
    }
}

fn equal(traces: &Traces) -> String {
    match traces {
        Traces::Same { runs, .. } => runs.to_string(),
        Traces::Differ { seed } => format!("not of seed {seed}"),
    }
}
