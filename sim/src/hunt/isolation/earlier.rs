//! What earlier isolated hunts came to, for the worker of a later one: a test may look at what it
//! has found before it hunts on, and its worker comes by there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs, io, process};

use super::failures::{read_failed, write_failed};
use super::records::{read_kept, read_properties, read_switching};
use super::records::{write_kept, write_properties, write_switching};
use super::wire::{Input, Output};
use crate::class::Awaits;
use crate::environment;
use crate::hunt::regressions::Alignment;
use crate::hunt::{ClassCounts, Failure, Hunt, Interleaved, Origin, Report, StrategyCounts};
use crate::seed::RunId;

thread_local! {
    /// The reports of this thread's isolated hunts, as a worker reads them.
    static EARLIER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a report for the workers of later hunts.
pub(in crate::hunt) fn remember(report: &Report, ordinal: u64) {
    let mut out = Output::default();
    out.text(&report.name);
    out.number(ordinal);
    write_report(&mut out, report);
    EARLIER.with(|earlier| earlier.borrow_mut().extend(out.into_frame()));
}

/// What a hunt came to in the process that started this worker. `None` if it had not been run.
pub(in crate::hunt) fn recall(hunt: &Hunt, ordinal: u64) -> Option<Report> {
    let bytes = fs::read(environment::earlier()?).ok()?;
    let mut rest = bytes.as_slice();
    while let Ok(Some(frame)) = super::wire::read_frame(&mut rest) {
        let mut input = Input::new(&frame);
        let input = &mut input;
        if input.text()? == hunt.name && input.number()? == ordinal {
            return read_report(input, hunt);
        }
    }
    None
}

/// A file with the reports so far, as long as there is a worker that may read it.
#[derive(Debug)]
pub(super) struct EarlierFile(TemporaryFile);

impl EarlierFile {
    /// Writes one; `None` if there are no reports.
    pub(super) fn write() -> io::Result<Option<EarlierFile>> {
        let bytes = EARLIER.with(|earlier| earlier.borrow().clone());
        if bytes.is_empty() {
            return Ok(None);
        }
        TemporaryFile::write(&bytes).map(|file| Some(EarlierFile(file)))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A file that is there for as long as this is.
#[derive(Debug)]
pub(super) struct TemporaryFile(PathBuf);

impl TemporaryFile {
    pub(super) fn write(bytes: &[u8]) -> io::Result<TemporaryFile> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("unpick-{}-{count}", process::id()));
            match fs::File::create_new(&path) {
                Ok(mut file) => {
                    let written = TemporaryFile(path);
                    return file.write_all(bytes).map(|()| written);
                }
                // Of another process of the same number, which is long gone.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Left behind, it harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}

fn write_report(out: &mut Output, report: &Report) {
    out.number(report.seed);
    out.number(report.runs);
    out.list(report.notes.iter(), |out, note| out.text(note));
    out.list(report.failures.iter(), write_failure);
    out.list(report.strategies.iter(), |out, (name, counts)| {
        out.text(name);
        out.number(counts.runs);
        out.number(counts.failed);
        write_classes(out, &counts.classes);
    });
    write_classes(out, &report.classes);
    out.list(report.interleaved.iter(), write_interleaved);
    out.number(report.awaits.pending);
    out.number(report.awaits.unknown);
    out.number(report.left.runs);
    out.option(report.left.first, Output::number);
    out.option(report.vacuous.as_ref(), |out, vacuous| {
        vacuous.tasks.iter().for_each(|task| out.text(task));
    });
    write_properties(out, &report.properties);
    out.flag(report.judges_properties);
    out.option(report.order.as_ref(), write_kept);
    out.flag(report.is_out_of_time);
    write_duration(out, report.wall);
}

fn read_report(input: &mut Input<'_>, hunt: &Hunt) -> Option<Report> {
    let (seed, runs) = (input.number()?, input.number()?);
    let notes = input.list(Input::text)?;
    let failures = input.list(|input| read_failure(input, hunt))?;
    let strategies: BTreeMap<String, StrategyCounts> = input
        .list(|input| {
            let name = input.text()?;
            let (runs, failed) = (input.number()?, input.number()?);
            Some((name, StrategyCounts { runs, failed, classes: read_classes(input)? }))
        })?
        .into_iter()
        .collect();
    Some(Report {
        seed,
        runs,
        notes,
        failures,
        strategies,
        classes: read_classes(input)?,
        interleaved: input.list(read_interleaved)?,
        awaits: Awaits { pending: input.number()?, unknown: input.number()? },
        left: crate::hunt::Left { runs: input.number()?, first: input.option(Input::number)? },
        vacuous: input
            .option(|input| Some(crate::hunt::Vacuous { tasks: [input.text()?, input.text()?] }))?,
        properties: read_properties(input)?,
        judges_properties: input.flag()?,
        order: input.option(read_kept)?,
        is_out_of_time: input.flag()?,
        wall: read_duration(input)?,
        ..Report::none(hunt)
    })
}

/// Without what was found out about it, which may be much, and has traces in it.
fn write_failure(out: &mut Output, failure: &Failure) {
    out.number(match failure.origin {
        Origin::Steered => 1,
        Origin::Given => 2,
        Origin::Kept { .. } => 3,
        Origin::Hunt => 0,
    });
    if let Origin::Kept { from, alignment } = &failure.origin {
        out.text(from);
        let edited = match *alignment {
            Alignment::Exact => None,
            Alignment::Edited { matched, of } => Some((matched as u64, of as u64)),
        };
        out.option(edited, |out, (matched, of)| {
            out.number(matched);
            out.number(of);
        });
    }
    out.number(failure.id.seed);
    out.number(failure.id.number);
    out.number(failure.runs_max);
    write_duration(out, failure.after);
    out.text(&failure.strategy);
    write_failed(out, &failure.finding, &failure.tape);
    out.list(failure.rerun.iter(), |out, line| out.text(line));
    out.option(failure.kept.as_deref(), Output::text);
    out.option(failure.report.as_deref(), Output::text);
}

fn read_failure(input: &mut Input<'_>, hunt: &Hunt) -> Option<Failure> {
    let origin = match input.number()? {
        1 => Origin::Steered,
        2 => Origin::Given,
        3 => {
            let from = input.text()?;
            let number = |input: &mut Input<'_>| input.number()?.try_into().ok();
            let edited = input.option(|input| {
                Some(Alignment::Edited { matched: number(input)?, of: number(input)? })
            })?;
            Origin::Kept { from, alignment: edited.unwrap_or(Alignment::Exact) }
        }
        _ => Origin::Hunt,
    };
    let id = RunId::new(input.number()?, input.number()?);
    let runs_max = input.number()?;
    let (after, strategy) = (read_duration(input)?, input.text()?);
    let (finding, tape) = read_failed(input)?;
    Some(Failure {
        hunt: hunt.name.clone(),
        origin,
        id,
        runs_max,
        after,
        strategy,
        finding,
        tape,
        explanation: None,
        rerun: input.list(Input::text)?,
        kept: input.option(Input::text)?,
        report: input.option(Input::text)?,
    })
}

fn write_classes(out: &mut Output, classes: &ClassCounts) {
    let ClassCounts { distinct, once, runs, scale } = *classes;
    [distinct, once, runs, scale].into_iter().for_each(|number| out.number(number));
}

fn read_classes(input: &mut Input<'_>) -> Option<ClassCounts> {
    Some(ClassCounts {
        distinct: input.number()?,
        once: input.number()?,
        runs: input.number()?,
        scale: input.number()?,
    })
}

fn write_interleaved(out: &mut Output, interleaved: &Interleaved) {
    let Interleaved { switching, tasks, interleavings, made, asks_more } = *interleaved;
    write_switching(out, switching);
    [tasks, interleavings, made].into_iter().for_each(|number| out.number(number));
    out.flag(asks_more);
}

fn read_interleaved(input: &mut Input<'_>) -> Option<Interleaved> {
    Some(Interleaved {
        switching: read_switching(input)?,
        tasks: input.number()?,
        interleavings: input.number()?,
        made: input.number()?,
        asks_more: input.flag()?,
    })
}

fn write_duration(out: &mut Output, duration: Duration) {
    out.number(duration.as_nanos().min(u128::from(u64::MAX)) as u64);
}

fn read_duration(input: &mut Input<'_>) -> Option<Duration> {
    input.number().map(Duration::from_nanos)
}
