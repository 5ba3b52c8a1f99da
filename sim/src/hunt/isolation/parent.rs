//! The hunt that starts workers: it counts what they tell, and goes on when one has died.

use std::mem;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::earlier::EarlierFile;
use super::ending::Ending;
use super::orders::{Job, Part};
use super::process::{Worker, orders, tell_lost_way};
use super::records::{Made, Record};
use crate::choice::Choice;
use crate::hunt::Hunt;
use crate::hunt::builder::Calibration;
use crate::hunt::findings::{Caught, Findings};
use crate::hunt::jobs::{Harvest, now, tell, telling};
use crate::hunt::lock_order::{Nestings, STEERED};
use crate::hunt::progress::{Progress, Shown};
use crate::hunt::repeating::tell_missed;
use crate::hunt::surroundings::Only;
use crate::hunt::tally::{Ran, Tally};
use crate::options::Switching;
use crate::seed::RunId;
use crate::strategy::portfolio::CALIBRATION_RUNS;
use crate::strategy::{Kept, Swept};
use crate::tape::{Tape, Token};

/// After how many lost runs a hunt gives up.
const LOST_MAX: usize = 32;

/// Lets workers make the hunt's runs, or the one that the environment asks for.
pub(in crate::hunt) fn carry_out(hunt: &Hunt, only: Option<&Only>, ordinal: u64) -> Harvest {
    let parent = Shared(Mutex::new(Parent::new(hunt, ordinal)));
    match only {
        None if hunt.jobs_made() > 1 => parent.make_all_by_several(hunt.jobs_made() as u64),
        None => parent.make_all(Work::Runs(None), 0),
        Some(Only::Run(id)) => parent.make_one(&Job::One(id.number)),
        Some(Only::Tape(token)) => {
            parent.lock().replayed = Some((**token).clone());
            parent.make_one(&Job::Tape);
        }
    }
    parent.0.into_inner().unwrap_or_else(PoisonError::into_inner).harvest()
}

/// A hunt, as far as its workers have come.
struct Parent<'a> {
    hunt: &'a Hunt,
    ordinal: u64,
    start: Instant,
    progress: Progress,
    tally: Tally,
    findings: Findings,
    made: u64,
    is_out_of_time: bool,
    order: Option<Kept>,
    /// How many interleavings were made, where there are few.
    swept: Vec<(Option<Switching>, Swept)>,
    /// Runs that ended their process, or are made again for nothing but to be learnt from and
    /// did so.
    lost: Vec<u64>,
    /// The tape that is replayed in place of all runs.
    replayed: Option<Token>,
    /// What earlier hunts came to, for the workers.
    earlier: Option<EarlierFile>,
    /// Runs in which something was taken while something else was held.
    nested: Vec<u64>,
    /// How many runs were to be repeated, and were not, because a worker had no thread for it.
    missed: u64,
    notes: Vec<String>,
}

/// What those share who follow the workers of a hunt, each on a thread of its own.
struct Shared<'a>(Mutex<Parent<'a>>);

/// What a worker goes on with when another one has died.
#[derive(Clone, Debug)]
enum Work {
    /// Runs, all or one part of them.
    Runs(Option<Part>),
    /// What comes after them.
    Steering(Vec<u64>),
}

/// How it went with one worker.
enum End {
    /// It has done what it was to do.
    Done,
    /// It was not to do more.
    Stopped,
    /// It died.
    Died(Box<Died>),
}

/// A worker that died.
struct Died {
    ending: Ending,
    /// The run that it was in, or had made last.
    run: Begun,
    /// Whether that run had come to its end.
    was_over: bool,
    choices: Vec<Choice>,
}

#[derive(Clone, Debug)]
struct Begun {
    number: u64,
    strategy: String,
    counts: bool,
}

impl<'a> Parent<'a> {
    fn new(hunt: &'a Hunt, ordinal: u64) -> Parent<'a> {
        let start = now();
        Parent {
            hunt,
            ordinal,
            start,
            progress: Progress::new(start, hunt.talks()),
            tally: Tally::default(),
            findings: Findings::new(hunt.distinct_max),
            made: 0,
            is_out_of_time: false,
            order: None,
            swept: Vec::new(),
            lost: Vec::new(),
            replayed: None,
            earlier: EarlierFile::write().unwrap_or_else(|error| {
                panic!("hunt `{}`: a file for its workers: {error}", hunt.name)
            }),
            nested: Vec::new(),
            missed: 0,
            notes: Vec::new(),
        }
    }

    /// Counts a run that came to its end.
    fn count(&mut self, made: Made) -> ControlFlow<()> {
        let Made { number, strategy, failed, .. } = &made;
        let number_made = *number;
        self.missed += u64::from(made.is_missed);
        if made.has_nested {
            self.nested.push(number_made);
        }
        if strategy != STEERED {
            self.made += 1;
            if !made.left_order {
                let ran = Ran {
                    failed: failed.is_some(),
                    has_chosen: made.has_chosen,
                    class: made.class,
                    awaits: made.awaits,
                    holds_left: made.holds_left,
                };
                self.tally.count(*number, strategy, &ran);
                self.tally.properties.merge(&made.properties);
            }
        }
        let id = RunId::new(self.hunt.seed, *number);
        if let (false, Some((finding, tape))) = (made.left_order, made.failed) {
            let (strategy, after) = (made.strategy, now().duration_since(self.start));
            self.catch(Caught { id, strategy, finding, tape, after });
        }
        if number_made >= self.findings.last() || self.is_over() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn catch(&mut self, caught: Caught) {
        let is_calibrating = caught.id.number < CALIBRATION_RUNS && self.replayed.is_none();
        if is_calibrating && self.hunt.calibration == Calibration::Passed {
            return;
        }
        let telling = telling(self.hunt, &caught);
        if self.findings.add(caught) {
            tell(telling);
        }
    }

    fn tape(&self, number: u64, choices: Vec<Choice>) -> Tape {
        let options = &self.hunt.options;
        let (switching, time) = match &self.replayed {
            Some(token) => (token.switching(), token.time()),
            None if number >= self.hunt.runs => (Default::default(), options.time),
            None => (self.hunt.switchings.of(number).unwrap_or(options.switching), options.time),
        };
        Tape { switching, time, choices }
    }

    /// Takes in which interleavings a worker has made.
    fn sweep(&mut self, theirs: Vec<(Option<Switching>, Swept)>) {
        for (switching, theirs) in theirs {
            match self.swept.iter_mut().find(|(known, _)| *known == switching) {
                Some((_, mine)) => mine.merge(&theirs),
                None => self.swept.push((switching, theirs)),
            }
        }
    }

    fn show(&mut self) {
        let (hunt, tally, made) = (self.hunt, &self.tally, self.made);
        let findings = self.findings.distinct();
        self.progress.show(now, &hunt.name, || Shown {
            made,
            runs: hunt.shard.runs_up_to(hunt.runs - 1),
            classes: tally.classes().distinct_estimated(),
            findings,
        });
    }

    /// Whether the hunt is to end, whatever runs there are.
    fn has_given_up(&mut self) -> bool {
        self.lost.len() >= LOST_MAX || self.is_over()
    }

    /// Whether there is no time left, which is looked at once a run is made.
    fn is_over(&mut self) -> bool {
        let is_over = self
            .hunt
            .wall_max
            .is_some_and(|wall_max| self.made > 0 && now().duration_since(self.start) >= wall_max);
        self.is_out_of_time = self.is_out_of_time || is_over;
        self.is_out_of_time
    }

    fn harvest(mut self) -> Harvest {
        self.notes.extend(Some(self.missed).filter(|&missed| missed > 0).map(tell_missed));
        let last = self.findings.last();
        let made = self.made;
        let runs = match last {
            _ if self.replayed.is_some() => made,
            u64::MAX => made,
            last => self.hunt.shard.runs_up_to(last.min(self.hunt.runs - 1)).min(made),
        };
        let all = self.hunt.shard.runs_up_to(self.hunt.runs - 1);
        let is_out_of_time = self.is_out_of_time && last == u64::MAX && made < all;
        Harvest {
            caught: self.findings.into_sorted(),
            nestings: Nestings::default(),
            tally: self.tally,
            runs,
            is_out_of_time,
            wall: now().duration_since(self.start),
            order: self.order,
            swept: self.swept,
            notes: self.notes,
        }
    }
}

impl<'a> Shared<'a> {
    fn lock(&self) -> MutexGuard<'_, Parent<'a>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calibration by one worker, the other runs by several, and what comes after them by one.
    fn make_all_by_several(&self, jobs: u64) {
        self.make_all(Work::Runs(Some(Part::CALIBRATION)), 0);
        let mut parent = self.lock();
        if parent.findings.last() < CALIBRATION_RUNS || parent.has_given_up() {
            return;
        }
        drop(parent);
        // By its name a worker is asked for the test that this is.
        let name = thread::current().name().map(str::to_owned);
        thread::scope(|scope| {
            for index in 0..jobs {
                let part = Part { index, count: jobs };
                let follow = move || self.make_all(Work::Runs(Some(part)), CALIBRATION_RUNS);
                let follower = thread::Builder::new();
                let follower = match &name {
                    Some(name) => follower.name(name.clone()),
                    None => follower,
                };
                let followed = follower.spawn_scoped(scope, follow);
                followed.expect("a thread that follows a worker can be started");
            }
        });
        let mut parent = self.lock();
        let mut nested = mem::take(&mut parent.nested);
        nested.sort_unstable();
        if !nested.is_empty() && parent.findings.distinct() == 0 && !parent.has_given_up() {
            drop(parent);
            self.make_all(Work::Steering(nested), 0);
        }
    }

    /// Lets a worker make runs, and another one go on when it dies.
    fn make_all(&self, work: Work, mut from: u64) {
        loop {
            let job = match &work {
                Work::Runs(part) => Job::Runs(from, *part),
                Work::Steering(numbers) => Job::Steer(numbers.clone()),
            };
            let end = self.watch(&job, &mut |parent, made| parent.count(made));
            let End::Died(died) = end else { return };
            let run = died.run.clone();
            self.lock().lost.push(run.number);
            if run.counts {
                from = run.number + 1;
                self.lose(*died);
            }
            let mut parent = self.lock();
            let is_over = from > parent.findings.last() || parent.is_over();
            if is_over || run.strategy == STEERED {
                return;
            }
            if parent.lost.len() >= LOST_MAX {
                parent.notes.push(format!(
                    "given up after {LOST_MAX} runs that ended their process, the last of them \
                     run {}",
                    run.number
                ));
                return;
            }
        }
    }

    /// Lets one run be made, and no other that counts.
    fn make_one(&self, job: &Job) {
        loop {
            let mut count = |parent: &mut Parent<'_>, made| {
                let _ = parent.count(made);
                ControlFlow::Continue(())
            };
            let End::Died(died) = self.watch(job, &mut count) else { return };
            if died.run.counts {
                return self.lose(*died);
            }
            let mut parent = self.lock();
            parent.lost.push(died.run.number);
            if parent.lost.len() >= LOST_MAX {
                parent.notes.push(format!(
                    "not made: {LOST_MAX} of the runs that it learns from ended their process"
                ));
                return;
            }
        }
    }

    /// Counts a run that ended its process. It is made once more, telling each choice.
    #[cold]
    fn lose(&self, died: Died) {
        let Died { mut ending, run, was_over, mut choices } = died;
        let Begun { number, strategy, .. } = run;
        let mut parent = self.lock();
        if !was_over && strategy != STEERED {
            parent.made += 1;
            let ran = Ran { failed: true, ..Ran::default() };
            parent.tally.count(number, &strategy, &ran);
        }
        let mut note = was_over.then(|| {
            String::from("the run itself had come to its end: something that it left behind did it")
        });
        let is_told = strategy == STEERED || parent.replayed.is_some();
        drop(parent);
        if !is_told && !was_over {
            let mut over = None;
            let again = self.watch(&Job::One(number), &mut |_, made| {
                over = Some(made);
                ControlFlow::Continue(())
            });
            match again {
                End::Died(again) if again.run.number == number && again.run.counts => {
                    (ending, choices) = (again.ending, again.choices);
                }
                _ => {
                    note = Some(String::from(
                        "made again, the run did not end its process: something outside of the \
                         tape takes part",
                    ));
                }
            }
            if let Some((_, mut tape)) = over.and_then(|made| made.failed) {
                choices = mem::take(&mut tape.choices);
            }
        }
        let mut finding = ending.finding(choices.len());
        finding.evidence.extend(note);
        let mut parent = self.lock();
        let tape = parent.tape(number, choices);
        let id = RunId::new(parent.hunt.seed, number);
        let after = now().duration_since(parent.start);
        parent.catch(Caught { id, strategy, finding, tape, after });
    }

    /// Starts a worker, and follows what it tells.
    fn watch(
        &self,
        job: &Job,
        ended: &mut dyn FnMut(&mut Parent<'a>, Made) -> ControlFlow<()>,
    ) -> End {
        let parent = self.lock();
        let hunt = parent.hunt;
        let name = &hunt.name;
        let orders = orders(hunt, parent.ordinal, &parent.lost, job.clone());
        let earlier = parent.earlier.as_ref().map(|file| file.path().to_owned());
        drop(parent);
        let mut worker =
            Worker::start(hunt, &orders, earlier.as_deref(), None).unwrap_or_else(|error| {
                panic!("hunt `{name}`: a process for its runs could not be started: {error}")
            });
        let (mut run, mut was_over, mut choices): (Option<Begun>, _, _) = (None, false, Vec::new());
        let mut is_done = false;
        while let Some(record) = worker.next() {
            match record {
                Record::Ready => {}
                Record::Begun { number, strategy, counts } => {
                    run = Some(Begun { number, strategy, counts });
                    (was_over, worker.polled) = (false, None);
                    choices.clear();
                    let mut parent = self.lock();
                    parent.show();
                    if counts && number <= hunt.runs && number > parent.findings.last() {
                        // Another worker has found what ends the hunt.
                        drop(parent);
                        worker.stop();
                        return End::Stopped;
                    }
                }
                Record::Ended(made) => {
                    was_over = true;
                    if ended(&mut self.lock(), *made).is_break() {
                        worker.stop();
                        return End::Stopped;
                    }
                }
                Record::Choice(choice) => choices.push(choice),
                Record::Step(polled) => worker.polled = Some(polled),
                Record::Hung { limit_ms, polled } => {
                    (worker.hung_ms, worker.polled) = (Some(limit_ms), Some(polled));
                }
                Record::Order(kept) => self.lock().order = Some(kept),
                Record::Swept(swept) => self.lock().sweep(swept),
                Record::Done => is_done = true,
                // Of another job.
                Record::Tried(_)
                | Record::Survived(_)
                | Record::Shrunk(_)
                | Record::Decided(..)
                | Record::Replays(_)
                | Record::GoesAround(_) => {}
            }
        }
        let ending = worker.ended();
        if is_done {
            return End::Done;
        }
        let Some(run) = run else {
            tell_lost_way(hunt, &ending);
        };
        End::Died(Box::new(Died { ending, run, was_over, choices }))
    }
}
