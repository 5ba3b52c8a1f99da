//! Carrying a hunt out: calibration, and then runs on as many OS threads as there are jobs.
//!
//! Invariant: what a run is follows from its number alone, and every run below one that ends the
//! hunt is made. So the same hunt finds the same with any number of jobs.
//!
//! Jobs meet as rarely as can be: each takes its numbers in batches, counts by itself, and where
//! there are several, none waits for the threads on which runs are repeated.
//!
//! Run 0 is repeated when calibration has ended, which a finding may have brought about: until then
//! a hunt starts no thread, since that takes as long as dozens of small runs. What the repetition
//! finds is a finding of run 0, whatever was found meanwhile.

use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use super::builder::{Calibration, Hunt};
use super::course::{Assigned, Course};
use super::findings::{Caught, Findings};
use super::lock_order::Nestings;
use super::nondeterminism::{self, NoThread};
use super::progress::{Progress, Shown};
use super::repeating::{First, Repeating, Repetitions, tell_missed};
use super::tally::Tally;
use super::verdict::{Verdict, judge};
use crate::options::{Detection, Options, Switching};
use crate::probe::{self, Manner, Standing};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::Chooser;
use crate::strategy::portfolio::CALIBRATION_RUNS;
use crate::strategy::{Divergence, Kept, Swept};
use crate::tape::Tape;

/// How many runs a job takes at a time, at the most.
const BATCH_MAX: u64 = 64;

/// How many batches a job makes at the least, so that all jobs end at about the same time.
const BATCHES_MIN: u64 = 32;

/// What came of a hunt's runs.
pub(super) struct Harvest {
    pub(super) caught: Vec<Caught>,
    pub(super) nestings: Nestings,
    pub(super) tally: Tally,
    /// How many runs were made that count.
    pub(super) runs: u64,
    /// Whether the wall-clock budget ended the hunt.
    pub(super) is_out_of_time: bool,
    pub(super) wall: Duration,
    pub(super) order: Option<Kept>,
    /// How many interleavings were made where there are few.
    pub(super) swept: Vec<(Option<Switching>, Swept)>,
    /// What is to be said of it.
    pub(super) notes: Vec<String>,
}

/// Makes all runs of a hunt. Where a package goes with them, they are made on trial first, and all
/// of them again once one shows that it has to do more than that.
pub(super) fn carry_out<F, Fut>(hunt: &Hunt, program: &F) -> Harvest
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let start = now();
    if probe::companion().is_some() {
        let on_trial = Hunt { manner: Manner::OnTrial, ..hunt.clone() };
        if let Some(harvest) = make_all(&on_trial, start, program) {
            return harvest;
        }
    }
    make_all(hunt, start, program).expect("what is made for good stands; a bug in unpick")
}

/// Makes all runs of a hunt; `None` if one of them was void.
fn make_all<F, Fut>(hunt: &Hunt, start: Instant, program: &F) -> Option<Harvest>
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future,
    Fut::Output: Verdict,
{
    let mut tally = Tally::default();
    let mut work = Work::new(hunt, start);
    let mut progress = Progress::new(start, hunt.talks());
    work.calibrate(program, &mut tally);
    work.course.freeze();
    let work = work;
    if !work.is_over() {
        thread::scope(|scope| {
            let work = &work;
            // Where there is no thread to be had for one, the others make its runs.
            let job = || work.toil(scope, program, None);
            let start = |_| thread::Builder::new().spawn_scoped(scope, job).ok();
            let others: Vec<_> = (1..hunt.jobs_made()).filter_map(start).collect();
            tally.merge(work.toil(scope, program, Some(&mut progress)));
            for other in others {
                match other.join() {
                    Ok(theirs) => tally.merge(theirs),
                    // A bug of ours or of a strategy: findings are caught inside the run.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }
    if work.is_void.load(Ordering::Relaxed) {
        return None;
    }
    work.repetitions.tell(&mut tally);
    Some(work.harvest(tally))
}

#[expect(clippy::disallowed_methods, reason = "a budget of wall-clock time, outside of any run")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// What the jobs of a hunt share.
pub(super) struct Work<'a> {
    pub(super) hunt: &'a Hunt,
    course: Course,
    start: Instant,
    /// How many runs a job takes at a time.
    batch: u64,
    /// The next place in the shard's list of runs, calibration apart.
    next: AtomicU64,
    /// How many runs were made, as of each job's last batch.
    made: AtomicU64,
    /// No run above this number has to be made.
    last: AtomicU64,
    is_out_of_time: AtomicBool,
    pub(super) repetitions: Repetitions,
    /// Whether a run on trial was void. Then so is all.
    is_void: AtomicBool,
    findings: Mutex<Findings>,
}

impl<'a> Work<'a> {
    fn new(hunt: &'a Hunt, start: Instant) -> Work<'a> {
        Work {
            hunt,
            course: Course::new(hunt),
            start,
            batch: (hunt.runs / (hunt.jobs_made() as u64 * BATCHES_MIN)).clamp(1, BATCH_MAX),
            next: AtomicU64::new(0),
            made: AtomicU64::new(0),
            last: AtomicU64::new(u64::MAX),
            is_out_of_time: AtomicBool::new(false),
            repetitions: Repetitions::default(),
            is_void: AtomicBool::new(false),
            findings: Mutex::new(Findings::new(hunt.distinct_max)),
        }
    }

    fn lock_findings(&self) -> MutexGuard<'_, Findings> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first runs, one after the other: what strategies learn is summed up in their order.
    fn calibrate<F, Fut>(&self, program: &F, tally: &mut Tally)
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let counts = self.hunt.calibration == Calibration::Counts;
        let mut first = None;
        for number in 0..CALIBRATION_RUNS.min(self.hunt.runs) {
            if number > self.last.load(Ordering::Relaxed) || self.is_over() {
                break;
            }
            if number == 0 {
                first = self.make_first(program, tally, counts);
            } else {
                self.make(number, program, tally, counts);
            }
            self.made.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(first) = first
            && !self.is_void.load(Ordering::Relaxed)
        {
            self.repeat_first(first, program, tally);
        }
    }

    /// Makes run 0; what is to be repeated of it, if it passed. Where no finding of calibration
    /// counts, nothing is.
    fn make_first<F, Fut>(&self, program: &F, tally: &mut Tally, counts: bool) -> Option<First>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let (strategy, tape) = self.make_unrepeated(0, program, tally, counts)?;
        counts.then(|| First { strategy, tape, tally: tally.clone() })
    }

    /// Repeats run 0.
    fn repeat_first<F, Fut>(&self, first: First, program: &F, tally: &mut Tally)
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let First { strategy, tape, tally: after_first } = first;
        let id = RunId::new(self.hunt.seed, 0);
        match nondeterminism::try_check(&self.hunt.options, id, &tape, program) {
            Ok(None) => {}
            Ok(Some(finding)) => {
                self.catch(Caught { id, strategy, finding, tape, after: self.elapsed() });
                if self.last.load(Ordering::Relaxed) == 0 {
                    // The hunt ends with run 0.
                    *tally = after_first;
                }
            }
            Err(NoThread) => self.repetitions.miss(),
        }
    }

    /// What one job does.
    fn toil<'scope, 'env, F, Fut>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        program: &'env F,
        mut progress: Option<&mut Progress>,
    ) -> Tally
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut tally = Tally::default();
        loop {
            if let Some(progress) = &mut progress {
                progress.show(now, &self.hunt.name, || self.shown(&tally));
            }
            let from = self.next.fetch_add(self.batch, Ordering::Relaxed);
            let mut made = 0;
            let is_over = (from..from.saturating_add(self.batch)).any(|place| {
                let Some(number) = self.hunt.shard.number(place) else { return true };
                if number >= self.hunt.runs
                    || number > self.last.load(Ordering::Relaxed)
                    || self.is_over()
                {
                    return true;
                }
                if self.repeats_aside() && nondeterminism::is_repeated(number) {
                    self.make_and_repeat(scope, number, program, &mut tally);
                } else {
                    self.make(number, program, &mut tally, true);
                }
                made += 1;
                false
            });
            self.made.fetch_add(made, Ordering::Relaxed);
            if is_over {
                return tally;
            }
        }
    }

    /// Whether runs are repeated while the job goes on. One job alone waits, so that the program
    /// never runs twice at once there.
    fn repeats_aside(&self) -> bool {
        self.hunt.jobs_made() > 1
            && self.hunt.options.detectors.nondeterminism == Detection::On
            && self.hunt.order.is_none()
    }

    /// Makes a run and begins to repeat it, if it passed.
    #[cold]
    fn make_and_repeat<'scope, 'env, F, Fut>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        number: u64,
        program: &'env F,
        tally: &mut Tally,
    ) where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let unrepeated = self.make_unrepeated(number, program, tally, true);
        let Some((strategy, tape)) = unrepeated else { return };
        let id = RunId::new(self.hunt.seed, number);
        let repeating = Repeating::begin(self, id, strategy);
        let ended = move |finding, tape| repeating.ended(finding, tape);
        nondeterminism::check_aside(scope, &self.hunt.options, id, tape, program, ended);
    }

    /// Makes a run that is to be repeated later; its strategy and its tape, if it passed.
    fn make_unrepeated<F, Fut>(
        &self,
        number: u64,
        program: &F,
        tally: &mut Tally,
        counts: bool,
    ) -> Option<(String, Tape)>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let assigned = self.course.assign(number);
        let strategy = assigned.assignment.name.clone();
        let outcome = self.hunt.make_assigned(number, assigned, program);
        let is_repeated = outcome.result.is_ok() && outcome.standing == Standing::Stands;
        let tape = is_repeated.then(|| outcome.tape.clone());
        self.take_in(number, strategy.clone(), outcome, tally, counts);
        Some((strategy, tape?))
    }

    /// How far it has come; of the classes, those that this job has seen.
    fn shown(&self, tally: &Tally) -> Shown {
        Shown {
            made: self.made.load(Ordering::Relaxed),
            runs: self.hunt.shard.runs_up_to(self.hunt.runs - 1),
            classes: tally.classes().distinct_estimated(),
            findings: self.lock_findings().distinct(),
        }
    }

    fn make<F, Fut>(&self, number: u64, program: &F, tally: &mut Tally, counts: bool)
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut assigned = self.course.assign(number);
        let strategy = std::mem::take(&mut assigned.assignment.name);
        let Checked { outcome, is_missed } = self.hunt.make_checked(number, assigned, program);
        if is_missed {
            self.repetitions.miss();
        }
        self.take_in(number, strategy, outcome, tally, counts);
    }

    /// Counts a run, and what it found if that `counts`.
    fn take_in(
        &self,
        number: u64,
        strategy: String,
        mut outcome: Outcome<()>,
        tally: &mut Tally,
        counts: bool,
    ) {
        if outcome.standing == Standing::Void {
            self.is_void.store(true, Ordering::Relaxed);
            self.last.store(0, Ordering::Relaxed);
            return;
        }
        if !outcome.nested.is_empty() && outcome.result.is_ok() {
            tally.nestings.add(std::mem::take(&mut outcome.nested));
        }
        if let Some(Divergence::LeftOrder { .. }) = outcome.divergence {
            // It was broken off, and says nothing.
            return;
        }
        tally.add(number, &strategy, &outcome);
        if let (Err(finding), true) = (outcome.result, counts) {
            let (id, tape) = (RunId::new(self.hunt.seed, number), outcome.tape);
            self.catch(Caught { id, strategy, finding, tape, after: self.elapsed() });
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        now().duration_since(self.start)
    }

    #[cold]
    pub(super) fn catch(&self, caught: Caught) {
        let telling = telling(self.hunt, &caught);
        let mut findings = self.lock_findings();
        let is_new = findings.add(caught);
        self.last.fetch_min(findings.last(), Ordering::Relaxed);
        drop(findings);
        if is_new {
            tell(telling);
        }
    }

    /// Whether there is no time left, which is looked at once a run is made.
    fn is_over(&self) -> bool {
        let Some(wall_max) = self.hunt.wall_max else { return false };
        if self.made.load(Ordering::Relaxed) == 0 {
            return false;
        }
        if !self.is_out_of_time.load(Ordering::Relaxed)
            && now().duration_since(self.start) >= wall_max
        {
            self.is_out_of_time.store(true, Ordering::Relaxed);
        }
        self.is_out_of_time.load(Ordering::Relaxed)
    }

    fn harvest(self, mut tally: Tally) -> Harvest {
        let wall = self.elapsed();
        let order = self.course.kept();
        let swept = self.course.swept();
        let findings = self.findings.into_inner().unwrap_or_else(PoisonError::into_inner);
        let last = findings.last();
        let made = self.made.into_inner();
        let runs = if last == u64::MAX { made } else { self.hunt.shard.runs_up_to(last) };
        // A hunt that came to its own end at the same moment was not cut short.
        let is_out_of_time = self.is_out_of_time.into_inner()
            && last == u64::MAX
            && made < self.hunt.shard.runs_up_to(self.hunt.runs - 1);
        let nestings = std::mem::take(&mut tally.nestings);
        let caught = findings.into_sorted();
        let notes = self.repetitions.missed().map(tell_missed).into_iter().collect();
        Harvest { caught, nestings, tally, runs, is_out_of_time, wall, order, swept, notes }
    }
}

/// What is told of a failure as soon as it is there, if anything is.
pub(super) fn telling(hunt: &Hunt, caught: &Caught) -> Option<String> {
    if hunt.expected == Some(caught.finding.kind) || !hunt.talks() {
        return None;
    }
    let (name, id) = (&hunt.name, caught.id);
    let (headline, token) = (caught.finding.headline(), caught.tape.token());
    Some(format!("unpick: {name}: {headline}\nunpick: {name}: run {id}, tape {token}"))
}

/// Tells it, past the test harness's capture, so that a test that is killed has still told.
pub(super) fn tell(telling: Option<String>) {
    if let Some(text) = telling {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// A run that was repeated, if it is one of those that are.
pub(super) struct Checked {
    pub(super) outcome: Outcome<()>,
    /// Whether it was to be repeated, and there was no OS thread to be had for that.
    pub(super) is_missed: bool,
}

impl Hunt {
    /// Makes one run, and repeats it if it is one of those that are.
    pub(super) fn make_checked<F, Fut>(
        &self,
        number: u64,
        assigned: Assigned,
        program: &F,
    ) -> Checked
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut outcome = self.make_assigned(number, assigned, program);
        let id = RunId::new(self.seed, number);
        let mut is_missed = false;
        if outcome.result.is_ok()
            && outcome.standing == Standing::Stands
            && nondeterminism::is_repeated(number)
        {
            match nondeterminism::try_check(&self.options, id, &outcome.tape, program) {
                Ok(None) => {}
                Ok(Some(finding)) => outcome.result = Err(finding),
                Err(NoThread) => is_missed = true,
            }
        }
        Checked { outcome, is_missed }
    }

    /// Makes one run, under the hunt's own options.
    pub(super) fn make<F, Fut>(
        &self,
        id: RunId,
        chooser: Chooser,
        switching: Option<Switching>,
        program: &F,
    ) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let options = Options { classes: Detection::On, ..self.options.clone() };
        let mut run = Run::with(options).id(id).strategy(chooser).manner(self.manner);
        if let Some(switching) = switching {
            run = run.switching(switching);
        }
        judge(run.execute(program))
    }
}
