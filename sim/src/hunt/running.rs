//! Carrying a hunt out, from what the environment makes of it to its report.

use std::future::Future;
use std::io::Write;
use std::time::Duration;

use super::builder::{Hunt, Vacuity, Voice};
use super::course::{Assigned, Course};
use super::findings::Caught;
use super::isolation::{self, Rehearsal, Role};
use super::jobs::{self, Harvest};
use super::keeping::{Again, REPLAY};
use super::shard::Shard;
use super::surroundings::{Adjusted, Only};
use super::vacuous::{self, Vacuous};
use super::{Interleaved, Isolation, Origin, Report, Verdict, judge, lock_order, repeat};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::portfolio::CALIBRATION_RUNS;
use crate::{engine, environment, properties};

/// From how many runs on a property that none of them met fails the hunt.
const PROPERTIES_RUNS: u64 = 100;

impl Hunt {
    /// Runs the program until there is a finding, or all runs are made. An output that is an
    /// error is a finding.
    ///
    /// # Panics
    /// If there are no runs to make, the options or the [environment](crate::environment) are
    /// refused, a file with regressions cannot be read, or inside of a run. Never on a finding:
    /// ask the report.
    #[track_caller]
    pub fn run<F, Fut>(&self, program: F) -> Report
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Adjusted { mut hunt, only, notes } = self.adjusted();
        hunt.check();
        // Without isolation, replays are isolated that may end their process.
        let has_workers =
            hunt.isolation == Isolation::Process || (only.is_none() && hunt.has_kept_fatal());
        match isolation::role(&hunt) {
            Role::Worker(orders) => isolation::work(&hunt, only.as_ref(), &orders, &program),
            Role::Parent(ordinal) if has_workers => hunt.ordinal = Some(ordinal),
            Role::Bystander(ordinal) if has_workers => {
                return isolation::recall(&hunt, ordinal).unwrap_or_else(|| Report::none(&hunt));
            }
            Role::Parent(_) | Role::Bystander(_) => {}
        }
        let report = hunt.carry_out(only.as_ref(), notes, &program);
        if let Some(ordinal) = hunt.ordinal {
            isolation::remember(&report, ordinal);
        }
        report
    }

    /// Replays what is kept, and if nothing of it fails any more, makes the runs.
    #[track_caller]
    fn carry_out<F, Fut>(&self, only: Option<&Only>, mut notes: Vec<String>, program: &F) -> Report
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let hunt = self;
        if only.is_none()
            && let Some(Again { tape, finding, origin, found }) = hunt.replay(&mut notes, program)
        {
            let unknown = || (RunId::new(hunt.seed, 0), String::from(REPLAY));
            let (id, strategy) = found.unwrap_or_else(unknown);
            let caught = Caught { id, strategy, finding, tape, after: Duration::ZERO };
            let failures = vec![hunt.fail(caught, origin, program)];
            return Report { failures, notes, ..Report::none(hunt) };
        }
        let isolated = hunt.ordinal.filter(|_| hunt.isolation == Isolation::Process);
        let mut harvest = match (only, isolated) {
            (only, Some(ordinal)) => isolation::carry_out(hunt, only, ordinal),
            (None, None) => jobs::carry_out(hunt, program),
            (Some(only), None) => repeat::carry_out(hunt, only, program),
        };
        notes.append(&mut harvest.notes);
        if let (Some(Only::Tape(token)), true) = (only, harvest.caught.is_empty()) {
            let passes = format!(
                "the tape {token} fits this program, and the run passes: the bug is mended, or the \
                 tape is of another program that asks the same questions"
            );
            hunt.tell(std::slice::from_ref(&passes));
            notes.push(passes);
        }
        let is_whole = only.is_none() && !harvest.is_out_of_time;
        if is_whole && harvest.caught.is_empty() {
            // What an isolated hunt took is known to its worker, which has done this already.
            let mut as_it_is = |_, chooser| chooser;
            let caught = hunt.confirm(&harvest.nestings, &mut as_it_is, program);
            harvest.caught.extend(caught.map(|it| Caught { after: harvest.wall, ..it }));
        }
        hunt.report(harvest, notes, only.is_none(), program)
    }

    /// Replays what is kept, and says what is to be said of it. What may end its process is tried
    /// by another one first.
    #[track_caller]
    fn replay<F, Fut>(&self, notes: &mut Vec<String>, program: &F) -> Option<Again>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut fatal = None;
        if let Some(ordinal) = self.ordinal.filter(|_| self.has_kept()) {
            match isolation::rehearse_kept(self, ordinal) {
                Rehearsal::Harmless => {}
                Rehearsal::Fatal(replay) => fatal = Some(*replay),
                Rehearsal::Failed(how) => {
                    let failed =
                        format!("kept failures were not replayed: a process that tried it {how}");
                    self.tell(std::slice::from_ref(&failed));
                    notes.push(failed);
                    return None;
                }
            }
        }
        let (again, warnings) = self.replay_kept(program, fatal, None);
        self.tell(&warnings);
        notes.extend(warnings);
        again
    }

    fn report<F, Fut>(
        &self,
        harvest: Harvest,
        notes: Vec<String>,
        is_hunt: bool,
        program: &F,
    ) -> Report
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let vacuous = if is_hunt { self.vacuous(&harvest, program) } else { None };
        let tally = harvest.tally;
        let (strategies, classes) = (tally.strategies(), tally.classes());
        let (awaits, left) = (tally.awaits, tally.left);
        let properties = self.properties(tally.properties);
        let is_whole = self.shard == Shard::WHOLE && !harvest.is_out_of_time;
        let judges_properties = is_whole && harvest.runs >= PROPERTIES_RUNS;
        let interleaved = harvest.swept.iter().map(Interleaved::new).collect();
        let failures = harvest.caught.into_iter();
        let failures = failures.map(|caught| {
            let is_steered = caught.strategy == lock_order::STEERED;
            let origin = if is_steered { Origin::Steered } else { Origin::Hunt };
            self.fail(caught, origin, program)
        });
        Report {
            name: self.name.clone(),
            seed: self.seed,
            runs: harvest.runs,
            notes,
            failures: failures.collect(),
            expected: self.expected,
            strategies,
            classes,
            interleaved,
            awaits,
            left,
            vacuous,
            properties,
            judges_properties,
            order: harvest.order,
            is_out_of_time: harvest.is_out_of_time,
            wall: harvest.wall,
        }
    }

    /// Makes one run of the hunt again, with the hunt's own options: the same strategy, the same
    /// tape. A run after the calibration is preceded by that, whose findings do not count.
    ///
    /// # Panics
    /// If the options are refused, or inside of a run.
    #[track_caller]
    pub fn run_one<F, Fut>(&self, number: u64, program: F) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        self.check();
        self.remake(number, &program).1
    }

    /// The name of the strategy of a run, and that run.
    pub(super) fn remake<F, Fut>(&self, number: u64, program: &F) -> (String, Outcome<()>)
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let mut course = Course::new(self);
        for number in 0..self.learns_from(number) {
            let _learns = self.make_assigned(number, course.assign(number), program);
        }
        if number >= CALIBRATION_RUNS {
            course.freeze();
        }
        let assigned = course.assign(number);
        let strategy = assigned.assignment.name.clone();
        (strategy, self.make_assigned(number, assigned, program))
    }

    pub(super) fn make_assigned<F, Fut>(
        &self,
        number: u64,
        assigned: Assigned,
        program: &F,
    ) -> Outcome<()>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Assigned { assignment, switching } = assigned;
        self.make(RunId::new(self.seed, number), assignment.chooser, switching, program)
    }

    /// Looks for tasks that overlap, if no schedule was ever chosen.
    fn vacuous<F, Fut>(&self, harvest: &Harvest, program: &F) -> Option<Vacuous>
    where
        F: Fn() -> Fut,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let is_green = harvest.caught.is_empty() && self.vacuity == Vacuity::Fails;
        if !is_green || harvest.tally.has_chosen || self.order.is_some() {
            return None;
        }
        let run = Run::with(self.options.clone()).id(RunId::new(self.seed, 0)).plain().traced();
        vacuous::overlapping(&judge(run.execute(program)).trace?)
    }

    fn properties(&self, mut tally: properties::Tally) -> properties::Tally {
        self.demanded.iter().for_each(|label| tally.demand(label));
        tally
    }

    /// Refuses what cannot be carried out, before anything is.
    #[track_caller]
    fn check(&self) {
        let name = &self.name;
        assert!(self.runs > 0, "hunt `{name}` has no runs to make; allowed: at least 1");
        if let Err(error) = self.options.check() {
            panic!("hunt `{name}`: {error}");
        }
        assert!(
            !engine::is_inside(),
            "hunt `{name}` was started inside of a run; allowed: outside of any run"
        );
    }
    /// Tells something past the test harness's capture, so that a green test tells it, too.
    pub(super) fn tell(&self, lines: &[String]) {
        if self.talks() && environment::worker().is_none() {
            for line in lines {
                let _ = writeln!(std::io::stderr(), "unpick: {}: {line}", self.name);
            }
        }
    }

    pub(super) fn talks(&self) -> bool {
        self.voice == Voice::Telling
    }
    /// From how many runs before it the run of this number learns.
    pub(super) fn learns_from(&self, number: u64) -> u64 {
        match (&self.order, number) {
            (Some(_), _) => number,
            (None, ..CALIBRATION_RUNS) => 0,
            (None, _) => CALIBRATION_RUNS,
        }
    }

    /// How many jobs there really are: with an order, each run learns from those before.
    pub(super) fn jobs_made(&self) -> usize {
        if self.order.is_some() { 1 } else { self.jobs }
    }
}
