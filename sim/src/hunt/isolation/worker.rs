//! What a worker does: the runs that it is to make, each announced before it begins.

use std::fs::File;
use std::future::Future;
use std::io::{self, Write};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::enduring::{confirm, endure, rehearse_kept};
use super::orders::{Job, Orders, Part};
use super::recording::Recording;
use super::records::{Made, Polled, Record};
use crate::choice::Label;
use crate::engine::Beacon;
use crate::hunt::Hunt;
use crate::hunt::course::{Assigned, Course};
use crate::hunt::explain::{Budget, explain};
use crate::hunt::jobs::Checked;
use crate::hunt::lock_order::{Nestings, STEERED};
use crate::hunt::surroundings::Only;
use crate::hunt::verdict::{Verdict, judge};
use crate::properties;
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::portfolio::CALIBRATION_RUNS;
use crate::strategy::{Chooser, Divergence, Replay, Strictness};
use crate::tape::Token;

/// The way to the hunt that started this process. There is none in a process that is no worker.
static PIPE: Mutex<Option<File>> = Mutex::new(None);

fn pipe() -> MutexGuard<'static, Option<File>> {
    PIPE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The worker's end of the pipe is what others have as standard input: whatever prints, prints
/// elsewhere.
fn connect() -> io::Result<File> {
    #[cfg(unix)]
    let pipe = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let pipe = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(File::from(pipe))
}

/// Tells it, if this is a worker. It is out of this process when this returns, whatever happens
/// next.
pub(super) fn send(record: &Record) {
    let Some(pipe) = &mut *pipe() else { return };
    if pipe.write_all(&record.to_frame()).is_err() {
        // Nobody listens any more.
        process::exit(1);
    }
}

/// Tells of a poll that has not returned, before the watchdog ends the process.
pub(crate) fn tell_hang(beacon: &Beacon, limit_ms: u64) {
    let (task, site) = beacon.polled();
    send(&Record::Hung { limit_ms, polled: Polled { task, spawned: site.map(Into::into) } });
}

/// Does what a worker of this hunt is to do, and ends the process.
pub(in crate::hunt) fn work<F, Fut>(
    hunt: &Hunt,
    only: Option<&Only>,
    orders: &Orders,
    program: &F,
) -> !
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    match connect() {
        Ok(file) => *pipe() = Some(file),
        Err(error) => panic!("a worker's way back to its hunt: {error}"),
    }
    send(&Record::Ready);
    let hunt = &Hunt { seed: orders.seed, ..hunt.clone() };
    match (&orders.job, only) {
        (&Job::Runs(from, part), _) => make_all(hunt, from, part, &orders.lost, program),
        (Job::Steer(numbers), _) => steer(hunt, numbers, &orders.lost, program),
        (&Job::One(number), _) => make_one(hunt, number, &orders.lost, program),
        (Job::Tape, Some(Only::Tape(token))) => replay(hunt, token, program),
        (Job::Tape, _) => unreachable!("the environment has a tape; this is a bug in unpick"),
        (Job::Kept, _) => rehearse_kept(hunt, program),
        (Job::Explain(token), _) => try_explaining(hunt, token, program),
        (Job::Endure, _) => endure(hunt, program),
        (Job::Confirm(token), _) => confirm(hunt, token, program),
    }
    send(&Record::Done);
    process::exit(0)
}

/// Begins the hunt's course: makes so many runs, to learn from them.
fn learn<F, Fut>(hunt: &Hunt, learns_from: u64, lost: &[u64], program: &F) -> Course
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let course = Course::new(hunt);
    for number in (0..learns_from).filter(|number| !lost.contains(number)) {
        let assigned = course.assign(number);
        begin(number, &assigned, false);
        let _learns = hunt.make_assigned(number, assigned, program);
    }
    course
}

fn make_all<F, Fut>(hunt: &Hunt, from: u64, part: Option<Part>, lost: &[u64], program: &F)
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    // The runs from there on learn from all before, in calibration too.
    let learns_from = if hunt.order.is_some() { from } else { from.min(CALIBRATION_RUNS) };
    let mut course = learn(hunt, learns_from, lost, program);
    let mut nestings = Nestings::default();
    let mut make = |number, course: &Course| {
        let assigned = course.assign(number);
        let strategy = begin(number, &assigned, true);
        let Checked { mut outcome, is_missed } = hunt.make_checked(number, assigned, program);
        let mut has_nested = false;
        if outcome.result.is_ok() {
            has_nested = nestings.add(std::mem::take(&mut outcome.nested));
        } else if let Some(kept) = course.kept() {
            // The hunt may end with it.
            send(&Record::Order(kept));
        }
        let made = Made { has_nested, is_missed, ..made(number, strategy, outcome) };
        send(&Record::Ended(Box::new(made)));
    };
    for number in from..CALIBRATION_RUNS.min(hunt.runs) {
        make(number, &course);
    }
    course.freeze();
    if part == Some(Part::CALIBRATION) {
        return;
    }
    let own = (0..).filter(|&place| part.is_none_or(|part| part.has(place)));
    let later = own.map_while(|place| hunt.shard.number(place));
    for number in later.take_while(|&number| number < hunt.runs) {
        if number >= from {
            make(number, &course);
        }
    }
    if let Some(kept) = course.kept() {
        send(&Record::Order(kept));
    }
    send(&Record::Swept(course.swept()));
    if part.is_none() {
        confirm_orders(hunt, &nestings, program);
    }
}

/// Makes some runs again, and then steers runs into the orders of locks that they had.
fn steer<F, Fut>(hunt: &Hunt, numbers: &[u64], lost: &[u64], program: &F)
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let is_late = |number: &u64| *number >= CALIBRATION_RUNS;
    let learns_from = if numbers.iter().any(is_late) { CALIBRATION_RUNS } else { 0 };
    let mut course = learn(hunt, learns_from, lost, program);
    course.freeze();
    // Runs of the calibration are made as they were, and learnt from no more.
    let early = Course::new(hunt);
    let mut nestings = Nestings::default();
    for &number in numbers.iter().filter(|number| !lost.contains(number)) {
        let course = if is_late(&number) { &course } else { &early };
        let assigned = course.assign(number);
        begin(number, &assigned, false);
        nestings.add(hunt.make_assigned(number, assigned, program).nested);
    }
    confirm_orders(hunt, &nestings, program);
}

fn confirm_orders<F, Fut>(hunt: &Hunt, nestings: &Nestings, program: &F)
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let mut prepare = |id: RunId, chooser| -> Chooser {
        send(&Record::Begun { number: id.number, strategy: String::from(STEERED), counts: true });
        Recording::new(chooser, id).into()
    };
    if let Some(caught) = hunt.confirm(nestings, &mut prepare, program) {
        let (number, strategy) = (caught.id.number, caught.strategy);
        let failed = Some((caught.finding, caught.tape));
        send(&Record::Ended(Box::new(Made { number, strategy, failed, ..Made::default() })));
    }
}

/// Makes one run again, telling each of its choices.
fn make_one<F, Fut>(hunt: &Hunt, number: u64, lost: &[u64], program: &F)
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let mut course = learn(hunt, hunt.learns_from(number), lost, program);
    if number >= CALIBRATION_RUNS {
        course.freeze();
    }
    let mut assigned = course.assign(number);
    let strategy = begin(number, &assigned, true);
    let id = RunId::new(hunt.seed, number);
    assigned.assignment.chooser = Recording::new(assigned.assignment.chooser, id).into();
    let Checked { outcome, is_missed } = hunt.make_checked(number, assigned, program);
    let made = Made { is_missed, ..made(number, strategy, outcome) };
    send(&Record::Ended(Box::new(made)));
}

fn replay<F, Fut>(hunt: &Hunt, token: &Token, program: &F)
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let strategy = String::from("replay");
    send(&Record::Begun { number: 0, strategy: strategy.clone(), counts: true });
    let replay = Replay::token(token.clone(), Strictness::Strict);
    let recording = Recording::new(replay.into(), RunId::default());
    let run = Run::with(hunt.options.clone()).replay_token(token).strategy(recording);
    let outcome = judge(run.execute(program));
    send(&Record::Ended(Box::new(made(0, strategy, outcome))));
}

fn try_explaining<F, Fut>(hunt: &Hunt, token: &Token, program: &F)
where
    F: Fn() -> Fut + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let outcome = judge(Run::with(hunt.options.clone()).replay_token(token).execute(program));
    if let Err(finding) = outcome.result {
        let _explanation =
            explain(program, &hunt.options, &outcome.tape, &finding, Budget::default());
    }
}

/// Tells that a run begins; the name of its strategy.
fn begin(number: u64, assigned: &Assigned, counts: bool) -> String {
    let strategy = assigned.assignment.name.clone();
    send(&Record::Begun { number, strategy: strategy.clone(), counts });
    strategy
}

fn made(number: u64, strategy: String, outcome: Outcome<()>) -> Made {
    let mut properties = properties::Tally::default();
    properties.add(&outcome.properties);
    let choices = &outcome.tape.choices;
    Made {
        number,
        strategy,
        left_order: matches!(outcome.divergence, Some(Divergence::LeftOrder { .. })),
        has_chosen: choices.iter().any(|choice| choice.label() == Label::Schedule),
        class: outcome.class,
        awaits: outcome.awaits,
        holds_left: outcome.result.is_ok() && outcome.held > 0,
        properties,
        failed: outcome.result.err().map(|finding| (finding, outcome.tape)),
        has_nested: false,
        is_missed: false,
    }
}
