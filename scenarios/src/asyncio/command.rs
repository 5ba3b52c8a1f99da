//! `unpick asyncio`: the primitives held against asyncio itself.

use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdin};

use unpick::cli::{Console, Usage, Verdict};

use crate::asyncio::compare::Difference;
use crate::asyncio::outcomes::enumerate;
use crate::asyncio::program::Record;
use crate::asyncio::{Judgement, judge, reading};

/// Carries out an oracle's programs and compares what comes of them with what asyncio did.
///
/// Prints each difference with both sides. Exits with 0 if there is none but those that are
/// documented, with 1 if there is another, and with 2 if a record cannot be read.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A file of records, one to a line, as `asyncio_oracle.py generate` prints them; `-` for
    /// standard input.
    file: String,
    /// Goes through the schedules of each program instead, this many at the most, and says
    /// whether what asyncio did is among what they lead to.
    #[arg(long, value_name = "RUNS")]
    enumerate: Option<usize>,
}

/// Carries out the subcommand.
///
/// # Errors
/// If a record cannot be read.
pub fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    match arguments.enumerate {
        None => compare_all(&arguments.file, console.out),
        Some(runs_max) => enumerate_all(&arguments.file, runs_max, console.out),
    }
}

fn compare_all(file: &str, out: &mut dyn Write) -> Result<Verdict, Usage> {
    let (mut agree, mut differ, mut documented) = (0, 0, 0);
    for_each_record(file, |record| {
        match judge(record) {
            Judgement::Agrees => agree += 1,
            Judgement::DiffersAsDocumented(reason, found) => {
                documented += 1;
                writeln!(out, "{} differs as documented: {reason}", record.name)?;
                print_all(out, &found)?;
            }
            Judgement::Differs(found) => {
                differ += 1;
                writeln!(out, "{} differs:", record.name)?;
                print_all(out, &found)?;
            }
        }
        Ok(())
    })?;
    writeln!(out, "{agree} agree, {differ} differ, {documented} differ as documented")?;
    Ok(if differ == 0 { Verdict::Expected } else { Verdict::Unexpected })
}

fn enumerate_all(file: &str, runs_max: usize, out: &mut dyn Write) -> Result<Verdict, Usage> {
    let (mut reached, mut missed, mut documented, mut undecided, mut whole) = (0, 0, 0, 0, 0);
    for_each_record(file, |record| {
        let outcomes = enumerate(record, runs_max);
        whole += usize::from(outcomes.is_whole);
        if let Some(finding) = outcomes.finding {
            missed += 1;
            writeln!(out, "{}: a schedule leads to a finding: {finding}", record.name)?;
        } else if outcomes.has_asyncios {
            reached += 1;
        } else if let Judgement::DiffersAsDocumented(reason, _) = judge(record) {
            documented += 1;
            writeln!(out, "{} differs as documented: {reason}", record.name)?;
        } else if outcomes.is_whole {
            missed += 1;
            writeln!(out, "{}: none of {} schedules leads to it", record.name, outcomes.runs)?;
        } else {
            undecided += 1;
        }
        Ok(())
    })?;
    writeln!(
        out,
        "asyncio's outcome is among ours for {reached}, not for {missed}, \
         not but as documented for {documented}, undecided for {undecided}; \
         {whole} were enumerated wholly"
    )?;
    Ok(if missed == 0 { Verdict::Expected } else { Verdict::Unexpected })
}

/// Reads records and hands on each, until one cannot be read.
fn for_each_record(
    name: &str,
    mut act: impl FnMut(&Record) -> Result<(), Usage>,
) -> Result<(), Usage> {
    let input: Box<dyn BufRead> = match name {
        "-" => Box::new(stdin().lock()),
        _ => {
            let file = File::open(name).map_err(|error| format!("{name}: {error}"))?;
            Box::new(BufReader::new(file))
        }
    };
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| format!("{name}, line {number}: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let record =
            reading::read(&line).map_err(|error| format!("{name}, line {number}: {error}"))?;
        act(&record)?;
    }
    Ok(())
}

fn print_all(out: &mut dyn Write, found: &[Difference]) -> Result<(), Usage> {
    for difference in found {
        writeln!(out, "  {difference}")?;
    }
    Ok(())
}
