//! Letting a worker do first what may end the hunt's own process.

use std::io;

use super::earlier::EarlierFile;
use super::orders::Job;
use super::process::{Worker, orders, tell_lost_way};
use super::records::Record;
use crate::choice::Choice;
use crate::hunt::Hunt;
use crate::hunt::keeping::{FatalReplay, Stage};
use crate::tape::Tape;

/// What came of a worker that replayed what is kept.
pub(in crate::hunt) enum Rehearsal {
    /// It came through.
    Harmless,
    /// It ended in a replay.
    Fatal(Box<FatalReplay>),
    /// It could not be started, or ended elsewhere: how.
    Failed(String),
}

/// Lets a worker replay what is kept.
///
/// # Panics
/// If it does not come to the hunt.
#[track_caller]
pub(in crate::hunt) fn rehearse_kept(hunt: &Hunt, ordinal: u64) -> Rehearsal {
    let (mut worker, _earlier) = match start(hunt, ordinal, Job::Kept) {
        Ok(started) => started,
        Err(how) => return Rehearsal::Failed(how),
    };
    let (mut is_there, mut is_done) = (false, false);
    // Which entry it is at, how many runs it has begun of it, and the choices of the last one.
    let (mut entry, mut begun, mut choices): (_, u32, Vec<Choice>) = (None, 0, Vec::new());
    let mut around = None;
    while let Some(record) = worker.next() {
        match record {
            Record::Ready => is_there = true,
            Record::Replays(next) => (entry, begun, around) = (Some(next as usize), 0, None),
            Record::GoesAround(matched) => around = Some(matched as usize),
            Record::Tried(_) => {
                begun += 1;
                choices.clear();
                worker.polled = None;
            }
            Record::Choice(choice) => choices.push(choice),
            Record::Step(polled) => worker.polled = Some(polled),
            Record::Hung { limit_ms, polled } => {
                (worker.hung_ms, worker.polled) = (Some(limit_ms), Some(polled));
            }
            Record::Done => is_done = true,
            _ => {}
        }
    }
    let ending = worker.ended();
    if !is_there {
        tell_lost_way(hunt, &ending);
    }
    match entry {
        _ if is_done => Rehearsal::Harmless,
        Some(entry) if begun > 0 => {
            let stage = match around {
                Some(matched) => Stage::Around(matched),
                None if begun == 1 => Stage::Tape,
                None => Stage::Search,
            };
            let finding = ending.finding(choices.len());
            Rehearsal::Fatal(Box::new(FatalReplay { entry, finding, choices, stage }))
        }
        _ => Rehearsal::Failed(ending.how()),
    }
}

/// Whether a worker comes through explaining a failure; if not, how it ended.
pub(in crate::hunt) fn rehearse_explaining(
    hunt: &Hunt,
    ordinal: u64,
    tape: &Tape,
) -> Result<(), String> {
    rehearse(hunt, ordinal, Job::Explain(Box::new(tape.token())))
}

fn rehearse(hunt: &Hunt, ordinal: u64, job: Job) -> Result<(), String> {
    let (mut worker, _earlier) = start(hunt, ordinal, job)?;
    let mut is_done = false;
    while let Some(record) = worker.next() {
        match record {
            Record::Done => is_done = true,
            Record::Hung { limit_ms, .. } => worker.hung_ms = Some(limit_ms),
            _ => {}
        }
    }
    let ending = worker.ended();
    if is_done { Ok(()) } else { Err(ending.how()) }
}

/// Starts a worker for something else than runs of the hunt. The file is to be there as long as it.
fn start(hunt: &Hunt, ordinal: u64, job: Job) -> Result<(Worker, Option<EarlierFile>), String> {
    let orders = orders(hunt, ordinal, &[], job);
    let tell = |error: io::Error| format!("was not started: {error}");
    let earlier = EarlierFile::write().map_err(tell)?;
    let path = earlier.as_ref().map(EarlierFile::path);
    let worker = Worker::start(hunt, &orders, path, None).map_err(tell)?;
    Ok((worker, earlier))
}
