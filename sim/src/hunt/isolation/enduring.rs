//! Explaining a run that ends its process: cutting its tape down takes many that do the same, each
//! in a process of its own.
//!
//! The trials are made by workers: see `explain::perils`. Each gets a file with the failure and all
//! that is known by then, and tells of each trial before it begins. When it dies, the trial that it
//! was in is known as well, and the next worker goes on.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use super::earlier::{EarlierFile, TemporaryFile};
use super::failures::{read_failed, write_failed};
use super::orders::{Job, Orders};
use super::process::Worker;
use super::recording::Recording;
use super::records::{Record, read_lost, read_shrunk, write_lost, write_shrunk};
use super::wire::{Input, Output};
use super::worker::send;
use crate::environment;
use crate::finding::Finding;
use crate::hunt::explain::{
    Budget, Callers, Decisions, Explanation, Laboratory, Limit, Lost, Minimal, Perils, Plan,
    Replayed, Sentry, Shrunk, decide_in, look_at_callers, shrink_in,
};
use crate::hunt::jobs::now;
use crate::hunt::regressions::Onlooker;
use crate::hunt::{Hunt, Verdict};
use crate::options::Options;
use crate::run::Run;
use crate::seed::RunId;
use crate::strategy::{Chooser, Replay, Strictness};
use crate::tape::{Tape, Token};
use crate::time::Instant;
use crate::trace::{Event, EventKind, StepKind, TaskInfo, TaskRef, Trace};

/// How long the one and the other may take.
const WALL_MAX: Duration = Duration::from_secs(10);

/// From when on a poll counts as one that never returns, while trials are made.
const TRIAL_POLL_MAX: Duration = Duration::from_millis(100);

/// The same, when what came of it is confirmed.
const CONFIRMED_POLL_MAX: Duration = Duration::from_secs(2);

/// In how many runs each chance is measured: each may cost a process.
const SAMPLES: u64 = 32;

/// What is known of a failure, and what is still to be found out.
#[derive(Debug)]
struct Known {
    tape: Tape,
    finding: Finding,
    /// What the tape was cut down to, once it was.
    shrunk: Option<Shrunk>,
    lost: Vec<(u64, Lost)>,
    survived: Vec<u64>,
    /// If no more trials are to be made.
    limit: Option<Limit>,
    /// How much time is left.
    wall_left: Duration,
}

impl Known {
    fn write(&self) -> Vec<u8> {
        let mut out = Output::default();
        write_failed(&mut out, &self.finding, &self.tape);
        out.option(self.shrunk.as_ref(), write_shrunk);
        out.list(self.lost.iter(), |out, (key, lost)| {
            out.number(*key);
            write_lost(out, lost);
        });
        out.list(self.survived.iter(), |out, &key| out.number(key));
        out.flag(self.limit.is_some());
        out.flag(self.limit == Some(Limit::Wall));
        out.number(self.wall_left.as_millis() as u64);
        out.into_bytes()
    }

    fn read(bytes: &[u8]) -> Option<Known> {
        let mut input = Input::new(bytes);
        let input = &mut input;
        let (finding, tape) = read_failed(input)?;
        Some(Known {
            tape,
            finding,
            shrunk: input.option(read_shrunk)?,
            lost: input.list(|input| Some((input.number()?, read_lost(input)?)))?,
            survived: input.list(Input::number)?,
            limit: match (input.flag()?, input.flag()?) {
                (false, _) => None,
                (true, true) => Some(Limit::Wall),
                (true, false) => Some(Limit::Lost),
            },
            wall_left: Duration::from_millis(input.number()?),
        })
    }
}

/// Tells whoever started this worker of its trials.
struct Teller;

impl Sentry for Teller {
    fn begins(&self, key: u64, chooser: Chooser, id: RunId) -> Chooser {
        send(&Record::Tried(key));
        Recording::new(chooser, id).into()
    }

    fn survives(&self, key: u64) {
        send(&Record::Survived(key));
    }
}

/// What a worker does: everything that is not known yet.
pub(super) fn endure<F, Fut>(hunt: &Hunt, program: &F)
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let known = environment::trials().and_then(|path| std::fs::read(path).ok());
    let known = known.as_deref().and_then(Known::read);
    let known = known.expect("whoever started this worker wrote the file; this is a bug in unpick");
    let perils = Perils {
        lost: known.lost.into_iter().collect::<BTreeMap<_, _>>(),
        survived: known.survived.into_iter().collect::<BTreeSet<_>>(),
        limit: Cell::new(known.limit),
        refused: Cell::new(None),
        sentry: &Teller,
    };
    let options = Options { poll_max: at_most(hunt, TRIAL_POLL_MAX), ..hunt.options.clone() };
    let laboratory = |tape: &Tape| Laboratory::new(program, &options, tape).beset_by(&perils);
    let shrunk = known.shrunk.or_else(|| {
        let budget = Budget { wall_max: known.wall_left, ..Budget::default() };
        let shrunk = shrink_in(laboratory(&known.tape), &known.tape, &known.finding, budget)?;
        send(&Record::Shrunk(Box::new(shrunk.clone())));
        perils.limit.set(None);
        Some(shrunk)
    });
    let Some(shrunk) = shrunk else { return };
    perils.refused.set(None);
    let there = laboratory(&shrunk.tape);
    let plan = Plan::masked(&shrunk.tape.choices, |_| true);
    let steps = there.steps_before(&plan, shrunk.steps);
    let decisions = decide_in(&there, &shrunk.tape, &shrunk.finding, SAMPLES);
    send(&Record::Decided(decisions, steps));
}

/// Tells whoever started this worker of each run, and of what it is for.
struct KeptTeller;

impl Sentry for KeptTeller {
    fn begins(&self, key: u64, chooser: Chooser, id: RunId) -> Chooser {
        Teller.begins(key, chooser, id)
    }

    /// The next one says as much.
    fn survives(&self, _key: u64) {}
}

impl Onlooker for KeptTeller {
    fn turns_to(&self, entry: usize) {
        send(&Record::Replays(entry as u64));
    }

    fn goes_around(&self, matched: usize) {
        send(&Record::GoesAround(matched as u64));
    }
}

/// Replays what is kept, telling each run.
pub(super) fn rehearse_kept<F, Fut>(hunt: &Hunt, program: &F)
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let options = Options { poll_max: at_most(hunt, CONFIRMED_POLL_MAX), ..hunt.options.clone() };
    let hunt = Hunt { options, ..hunt.clone() };
    let _known_by_now = hunt.replay_kept(program, None, Some(&KeptTeller));
}

/// Replays a tape, telling each choice.
pub(super) fn confirm<F, Fut>(hunt: &Hunt, token: &Token, program: &F)
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let options = Options { poll_max: at_most(hunt, CONFIRMED_POLL_MAX), ..hunt.options.clone() };
    let replay = Replay::token(token.clone(), Strictness::Strict);
    let recording = Recording::new(replay.into(), RunId::default());
    let _outcome = Run::with(options).replay_token(token).strategy(recording).execute(program);
}

fn at_most(hunt: &Hunt, limit: Duration) -> Option<Duration> {
    Some(hunt.options.poll_max.map_or(limit, |own| own.min(limit)))
}

/// Finds out about a run that ended its process: cuts its tape down, and says what decided, as far
/// as time and processes are enough.
///
/// # Errors
/// If that comes to nothing: why.
pub(in crate::hunt) fn explain_lost<F, Fut>(
    hunt: &Hunt,
    ordinal: u64,
    tape: &Tape,
    finding: &Finding,
    program: &F,
) -> Result<Explanation, String>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    if hunt.processes_max == 0 {
        return Err(String::from("no process is to be lost in it"));
    }
    let earlier = EarlierFile::write().map_err(|error| format!("a file for workers: {error}"))?;
    let workers = Workers { hunt, ordinal, earlier: earlier.as_ref() };
    let mut quest = Quest::new(workers, tape, finding);
    while quest.decided.is_none() {
        quest.go_on()?;
    }
    let (Some((decisions, steps)), Some(mut shrunk)) = (quest.decided, quest.known.shrunk) else {
        unreachable!("what decided is found out of a tape that was cut down; a bug in unpick")
    };
    shrunk.finding = workers.confirmed(&shrunk.tape, finding)?;
    // It has come through this in a worker.
    let laboratory = Laboratory::new(program, &hunt.options, &shrunk.tape);
    let plan = Plan::masked(&shrunk.tape.choices, |_| true);
    let up_to = |steps| laboratory.trace_up_to(&plan, steps);
    let (mut trace, callers) = match steps {
        Some(steps) => {
            let trace = up_to(steps).ok_or("what happens before its last turn left no trace")?;
            let again = || drop(up_to(steps));
            let options = laboratory.options();
            let callers = look_at_callers(options, &shrunk.finding, &trace, &decisions, again);
            (trace, callers)
        }
        // It ends its process in its first turn.
        None if shrunk.steps <= 1 => (nothing_yet(), Callers::default()),
        None => return Err(String::from("it was not found out what happens before its last turn")),
    };
    tell_last_turn(&mut trace, &shrunk);
    let (plainer, passing) = (Vec::new(), None);
    let minimal = Minimal { shrunk, trace, callers, decisions, plainer, passing };
    let replayed = Replayed::Identically;
    Ok(Explanation { replayed, minimal: Some(minimal), trace: None })
}

/// The trace of a run in which nothing has happened yet.
fn nothing_yet() -> Trace {
    let main = TaskInfo { path: String::from("main"), name: None, spawned: None };
    Trace { run: RunId::default(), events: Vec::new(), tasks: vec![main], objects: Vec::new() }
}

/// Adds the turn that ended the process, as far as it was told of it: whose it was, and what was
/// chosen in it.
fn tell_last_turn(trace: &mut Trace, shrunk: &Shrunk) {
    let is_it = |info: &TaskInfo| shrunk.finding.task.as_ref() == Some(&info.title());
    let task = trace.tasks.iter().position(is_it).map(|place| TaskRef(place as u32));
    let at = trace.events.last().map_or(Instant::START, |event| event.at);
    let known = trace.events.iter().filter(|event| matches!(event.kind, EventKind::Choice { .. }));
    let known = known.count();
    let mut tell = |kind| trace.events.push(Event { at, task, kind });
    tell(EventKind::Step { kind: StepKind::Resumed });
    for (number, &choice) in shrunk.tape.choices.iter().enumerate().skip(known) {
        tell(EventKind::Choice { number, choice, site: None });
    }
}

/// The search, as far as it has come.
struct Quest<'a> {
    workers: Workers<'a>,
    known: Known,
    /// What decided, and with how many steps at the most the run stops before its end.
    decided: Option<(Decisions, Option<u64>)>,
    /// When what is being found out was begun.
    since: std::time::Instant,
    /// How many processes that has cost.
    lost: usize,
}

impl<'a> Quest<'a> {
    fn new(workers: Workers<'a>, tape: &Tape, finding: &Finding) -> Quest<'a> {
        let known = Known {
            tape: tape.clone(),
            finding: finding.clone(),
            shrunk: None,
            lost: Vec::new(),
            survived: Vec::new(),
            limit: None,
            wall_left: WALL_MAX,
        };
        Quest { workers, known, decided: None, since: now(), lost: 0 }
    }

    fn lost_max(&self) -> usize {
        let processes_max = self.workers.hunt.processes_max;
        if self.known.shrunk.is_none() { processes_max } else { processes_max.saturating_mul(2) }
    }

    /// Starts a worker, and takes in what it tells.
    ///
    /// # Errors
    /// If it comes to nothing: why.
    fn go_on(&mut self) -> Result<(), String> {
        self.known.wall_left = WALL_MAX.saturating_sub(now().duration_since(self.since));
        if self.known.wall_left.is_zero() {
            self.known.limit = Some(Limit::Wall);
        } else if self.lost >= self.lost_max() {
            self.known.limit = Some(Limit::Lost);
        }
        let file = TemporaryFile::write(&self.known.write());
        let file = file.map_err(|error| format!("a file for a worker: {error}"))?;
        let (mut tried, mut lost, mut is_done) = (None, None, false);
        let mut worker = self.workers.start(Job::Endure, Some(&file))?;
        while let Some(record) = worker.next() {
            match record {
                Record::Tried(key) => {
                    tried = Some(key);
                    worker.polled = None;
                    lost = Some((Vec::new(), 0, 0));
                }
                Record::Choice(choice) => {
                    if let Some((choices, ..)) = &mut lost {
                        choices.push(choice);
                    }
                }
                Record::Step(polled) => {
                    if let Some((_, switches, turns)) = &mut lost {
                        let last = worker.polled.as_ref().map_or("main", |last| last.task.as_str());
                        *switches += u64::from(last != polled.task);
                        *turns += 1;
                    }
                    worker.polled = Some(polled);
                }
                Record::Hung { limit_ms, polled } => {
                    (worker.hung_ms, worker.polled) = (Some(limit_ms), Some(polled));
                }
                Record::Survived(key) => {
                    self.known.survived.push(key);
                    (tried, lost) = (None, None);
                }
                Record::Shrunk(shrunk) => {
                    self.known.shrunk = Some(*shrunk);
                    (self.known.limit, self.since, self.lost) = (None, now(), 0);
                }
                Record::Decided(decisions, steps) => self.decided = Some((decisions, steps)),
                Record::Done => is_done = true,
                _ => {}
            }
        }
        let ending = worker.ended();
        if self.decided.is_some() {
            return Ok(());
        }
        if is_done {
            return Err(String::from("replayed in a process of its own, it did not end that"));
        }
        let (Some(key), Some((choices, switches, turns))) = (tried, lost) else {
            return Err(format!("a process for it {} before it tried anything", ending.how()));
        };
        let finding = ending.finding(choices.len());
        self.known.lost.push((key, Lost { finding, choices, switches, turns }));
        self.lost += 1;
        Ok(())
    }
}

/// How workers for a failure are started.
#[derive(Clone, Copy)]
struct Workers<'a> {
    hunt: &'a Hunt,
    ordinal: u64,
    earlier: Option<&'a EarlierFile>,
}

impl Workers<'_> {
    fn start(self, job: Job, trials: Option<&TemporaryFile>) -> Result<Worker, String> {
        let Workers { hunt, ordinal, earlier } = self;
        let name = hunt.name.clone();
        let orders = Orders { name, ordinal, seed: hunt.seed, lost: Vec::new(), job };
        let (earlier, trials) = (earlier.map(EarlierFile::path), trials.map(TemporaryFile::path));
        Worker::start(hunt, &orders, earlier, trials)
            .map_err(|error| format!("a process for it was not started: {error}"))
    }

    /// What a run with this tape comes to in a process of its own.
    ///
    /// # Errors
    /// If it is not the same.
    fn confirmed(self, tape: &Tape, finding: &Finding) -> Result<Finding, String> {
        let mut worker = self.start(Job::Confirm(Box::new(tape.token())), None)?;
        let mut choices = 0;
        let mut is_done = false;
        while let Some(record) = worker.next() {
            match record {
                Record::Choice(_) => choices += 1,
                Record::Step(polled) => worker.polled = Some(polled),
                Record::Hung { limit_ms, polled } => {
                    (worker.hung_ms, worker.polled) = (Some(limit_ms), Some(polled));
                }
                Record::Done => is_done = true,
                _ => {}
            }
        }
        let found = worker.ended().finding(choices);
        if is_done {
            return Err(String::from("cut down and made once more, it did not end its process"));
        }
        if found.signature() != finding.signature() {
            return Err(format!("cut down and made once more, it came to {}", found.headline()));
        }
        // Its limit was another one.
        let message = finding.message.clone();
        Ok(Finding { message, ..found })
    }
}
