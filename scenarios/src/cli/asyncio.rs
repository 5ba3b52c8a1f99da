//! `unpick asyncio`: the primitives held against asyncio itself.

use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdin, stdout};

use super::{Usage, Verdict};
use crate::asyncio::compare::Difference;
use crate::asyncio::{Judgement, judge, reading};

/// Carries out an oracle's programs and compares what comes of them with what asyncio did.
///
/// Prints each difference with both sides. Exits with 0 if there is none but those that are
/// documented, with 1 if there is another, and with 2 if a record cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A file of records, one to a line, as `asyncio_oracle.py generate` prints them; `-` for
    /// standard input.
    file: String,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Verdict, Usage> {
    let name = arguments.file.as_str();
    let input: Box<dyn BufRead> = match name {
        "-" => Box::new(stdin().lock()),
        _ => {
            let file = File::open(name).map_err(|error| format!("{name}: {error}"))?;
            Box::new(BufReader::new(file))
        }
    };
    let mut out = stdout().lock();
    let (mut agree, mut differ, mut documented) = (0, 0, 0);
    for (index, line) in input.lines().enumerate() {
        let number = index + 1;
        let line = line.map_err(|error| format!("{name}, line {number}: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let record =
            reading::read(&line).map_err(|error| format!("{name}, line {number}: {error}"))?;
        match judge(&record) {
            Judgement::Agrees => agree += 1,
            Judgement::DiffersAsDocumented(reason, found) => {
                documented += 1;
                writeln!(out, "{} differs as documented: {reason}", record.name)?;
                print_all(&mut out, &found)?;
            }
            Judgement::Differs(found) => {
                differ += 1;
                writeln!(out, "{} differs:", record.name)?;
                print_all(&mut out, &found)?;
            }
        }
    }
    writeln!(out, "{agree} agree, {differ} differ, {documented} differ as documented")?;
    Ok(if differ == 0 { Verdict::Expected } else { Verdict::Unexpected })
}

fn print_all(out: &mut impl Write, found: &[Difference]) -> Result<(), Usage> {
    for difference in found {
        writeln!(out, "  {difference}")?;
    }
    Ok(())
}
