//! `unpick asyncio`: the primitives held against asyncio itself.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdin};

use serde_json::{Value, json};
use unpick::cli::{Console, Subcommand, Usage, Verdict};

use crate::asyncio::compare::Difference;
use crate::asyncio::differences::Reason;
use crate::asyncio::outcomes::{Outcomes, enumerate};
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
    /// Prints one JSON object a record instead: see --help.
    #[arg(long)]
    json: bool,
}

/// Where to and how what is found is printed.
struct Printer<'a> {
    out: &'a mut dyn Write,
    json: bool,
}

impl Printer<'_> {
    /// Prints a line that is for people only.
    fn say(&mut self, line: fmt::Arguments<'_>) -> Result<(), Usage> {
        if !self.json {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    /// Prints the object of a record, for programs only.
    fn object(&mut self, object: &Object<'_>) -> Result<(), Usage> {
        if self.json {
            writeln!(self.out, "{}", object.to_json())?;
        }
        Ok(())
    }
}

/// What is found out about one record.
struct Object<'a> {
    record: &'a Record,
    verdict: &'static str,
    reason: Option<&'a Reason>,
    differences: &'a [Difference],
    outcomes: Option<&'a Outcomes>,
}

impl Object<'_> {
    /// The fields that the help documents.
    fn to_json(&self) -> Value {
        let differences = self.differences.iter().map(|difference| {
            let Difference { what, asyncio, unpick, from_us: _ } = difference;
            json!({ "what": what, "asyncio": asyncio, "unpick": unpick })
        });
        json!({
            "record": self.record.name,
            "verdict": self.verdict,
            "reason": self.reason.map(|reason| reason.to_string()),
            "differences": differences.collect::<Vec<_>>(),
            "runs": self.outcomes.map(|outcomes| outcomes.runs),
            "is_whole": self.outcomes.map(|outcomes| outcomes.is_whole),
            "finding": self.outcomes.and_then(|outcomes| outcomes.finding.as_deref()),
        })
    }
}

/// The subcommand.
#[must_use]
pub fn subcommand() -> Subcommand {
    Subcommand::new("asyncio", execute).documented(include_str!("json.md"))
}

fn execute(arguments: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    let printer = Printer { out: console.out, json: arguments.json };
    match arguments.enumerate {
        None => compare_all(&arguments.file, printer),
        Some(runs_max) => enumerate_all(&arguments.file, runs_max, printer),
    }
}

fn compare_all(file: &str, mut printer: Printer<'_>) -> Result<Verdict, Usage> {
    let (mut agree, mut differ, mut documented) = (0, 0, 0);
    for_each_record(file, |record| {
        let judgement = judge(record);
        let (verdict, reason, found) = match &judgement {
            Judgement::Agrees => {
                agree += 1;
                ("agrees", None, &[][..])
            }
            Judgement::DiffersAsDocumented(reason, found) => {
                documented += 1;
                printer.say(format_args!("{} differs as documented: {reason}", record.name))?;
                ("differs as documented", Some(reason), found.as_slice())
            }
            Judgement::Differs(found) => {
                differ += 1;
                printer.say(format_args!("{} differs:", record.name))?;
                ("differs", None, found.as_slice())
            }
        };
        for difference in found {
            printer.say(format_args!("  {difference}"))?;
        }
        printer.object(&Object { record, verdict, reason, differences: found, outcomes: None })
    })?;
    printer
        .say(format_args!("{agree} agree, {differ} differ, {documented} differ as documented"))?;
    Ok(if differ == 0 { Verdict::Expected } else { Verdict::Unexpected })
}

fn enumerate_all(file: &str, runs_max: usize, mut printer: Printer<'_>) -> Result<Verdict, Usage> {
    let (mut reached, mut missed, mut documented, mut undecided, mut whole) = (0, 0, 0, 0, 0);
    for_each_record(file, |record| {
        let (outcomes, name) = (enumerate(record, runs_max), &record.name);
        whole += usize::from(outcomes.is_whole);
        let mut because = None;
        let verdict = if let Some(finding) = &outcomes.finding {
            missed += 1;
            printer.say(format_args!("{name}: a schedule leads to a finding: {finding}"))?;
            "differs"
        } else if outcomes.has_asyncios {
            reached += 1;
            "agrees"
        } else if let Judgement::DiffersAsDocumented(reason, _) = judge(record) {
            documented += 1;
            printer.say(format_args!("{name} differs as documented: {reason}"))?;
            because = Some(reason);
            "differs as documented"
        } else if outcomes.is_whole {
            missed += 1;
            printer.say(format_args!("{name}: none of {} schedules leads to it", outcomes.runs))?;
            "differs"
        } else {
            undecided += 1;
            "undecided"
        };
        let (reason, outcomes) = (because.as_ref(), Some(&outcomes));
        printer.object(&Object { record, verdict, reason, differences: &[], outcomes })
    })?;
    printer.say(format_args!(
        "asyncio's outcome is among ours for {reached}, not for {missed}, \
         not but as documented for {documented}, undecided for {undecided}; \
         {whole} were enumerated wholly"
    ))?;
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
