//! What strategies learn of a program: in the first runs of a hunt, and then no more.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sweep::{Few, Sweep, Swept, Walked};
use super::{Chooser, Divergence, Notice, Point, Strategy};
use crate::choice::{Choice, Label};
use crate::streams::Streams;

/// Measurements of a program, summed over its calibration runs.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    runs: u64,
    /// Schedule choices.
    points: u64,
    /// By a task's path.
    tasks: BTreeMap<u64, TaskCounts>,
    /// The await sites of announced operations, in the order in which they were first seen.
    sites: Vec<&'static Location<'static>>,
    /// The walk through its interleavings, if there seem to be few.
    walked: Walked,
    /// What came of that. There once nothing more is learnt.
    few: Option<Few>,
}

#[derive(Clone, Debug, Default)]
struct TaskCounts {
    parent: u64,
    /// In how many runs the task was there.
    runs: u64,
    /// Its turns, and its operations that went on in place.
    events: u64,
    /// How many of them it had in the run in which it had most.
    events_most: u64,
    /// Its operations by site, as places in the list of sites.
    sites: BTreeMap<usize, u64>,
}

impl Learnt {
    /// The mean number of schedule choices in a run, at least 1.
    #[must_use]
    pub fn points(&self) -> u32 {
        mean(self.points, self.runs).clamp(1, u64::from(u32::MAX)) as u32
    }

    /// How many await sites there are.
    #[must_use]
    pub fn sites(&self) -> &[&'static Location<'static>] {
        &self.sites
    }

    /// The mean number of interesting events of each task, and of its descendants, by path: all
    /// its events if no site is named, or its operations at these sites (places in
    /// [`sites`](Self::sites)).
    #[must_use]
    pub fn weights(&self, sites: &[usize]) -> BTreeMap<u64, u64> {
        let own = |task: &TaskCounts| {
            let count = if sites.is_empty() {
                task.events
            } else {
                sites.iter().filter_map(|site| task.sites.get(site)).sum()
            };
            mean(count, task.runs)
        };
        let mut weights: BTreeMap<u64, u64> =
            self.tasks.iter().map(|(&path, task)| (path, own(task))).collect();
        for (&path, task) in &self.tasks {
            let own = own(task);
            let mut ancestor = (path, task.parent);
            // A task's parent is another task, but for the main one, which is its own.
            while ancestor.0 != ancestor.1 {
                *weights.entry(ancestor.1).or_default() += own;
                let next = self.tasks.get(&ancestor.1).map_or(ancestor.1, |task| task.parent);
                ancestor = (ancestor.1, next);
            }
        }
        weights
    }

    /// The mean number of own events of each task, by path.
    pub(super) fn own_events(&self) -> BTreeMap<u64, u64> {
        self.tasks.iter().map(|(&path, task)| (path, mean(task.events, task.runs))).collect()
    }

    /// The number of events of those tasks that spawned no other. `None` if one of them was not
    /// there in every run, or had not the same number in all: then they wait for one another.
    pub(super) fn leaves(&self) -> Option<BTreeMap<u64, u64>> {
        let mut leaves = self.own_events();
        for task in self.tasks.values() {
            leaves.remove(&task.parent);
        }
        let is_steady = |path: &u64| {
            let task = &self.tasks[path];
            task.runs == self.runs && task.events == task.events_most * self.runs
        };
        leaves.keys().all(is_steady).then_some(leaves)
    }

    /// Its interleavings, if they are not very many.
    pub(super) fn few(&self) -> Option<&Few> {
        self.few.as_ref()
    }

    /// How many of its interleavings were made, if there are few, and they can be made.
    pub(crate) fn swept(&self) -> Option<Swept> {
        self.few.as_ref().and_then(Few::swept)
    }

    fn add(&mut self, run: &RunCounts) {
        self.runs += 1;
        self.points += run.points;
        for task in &run.tasks {
            let counts = self.tasks.entry(task.path).or_default();
            counts.parent = task.parent;
            counts.runs += 1;
            counts.events += task.events;
            counts.events_most = counts.events_most.max(task.events);
            for &site in &task.sites {
                let known = self.sites.iter().position(|known| *known == site);
                let place = known.unwrap_or_else(|| {
                    self.sites.push(site);
                    self.sites.len() - 1
                });
                *counts.sites.entry(place).or_default() += 1;
            }
        }
    }
}

fn mean(sum: u64, count: u64) -> u64 {
    (sum + count / 2) / count.max(1)
}

/// Collects what is learnt, run after run.
#[derive(Clone, Debug, Default)]
pub struct Lessons {
    learnt: Arc<Mutex<Learnt>>,
}

impl Lessons {
    /// A strategy that chooses as `chooser` does, and measures the run.
    #[must_use]
    pub fn attend(&self, chooser: Chooser) -> Chooser {
        let lessons = self.clone();
        Learner { chooser, run: RunCounts::default(), lessons }.into()
    }

    /// What was learnt so far.
    #[must_use]
    pub fn learnt(&self) -> Learnt {
        let mut learnt = self.lock().clone();
        learnt.few = learnt.walked.freeze(&learnt);
        learnt
    }

    /// The interleaving that the calibration run of this number is to take, and what else is
    /// known by now; `None` if it is to be made in another way.
    pub(super) fn next_interleaving(&self, number: u64) -> Option<(Arc<Sweep>, u64, Learnt)> {
        let mut learnt = self.lock();
        let mut walked = std::mem::take(&mut learnt.walked);
        let next = walked.next(number, &learnt);
        learnt.walked = walked;
        next.map(|(sweep, index)| (sweep, index, learnt.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Learnt> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct RunCounts {
    points: u64,
    /// By the task's number in the run.
    tasks: Vec<RunTask>,
}

#[derive(Debug, Default)]
struct RunTask {
    path: u64,
    parent: u64,
    events: u64,
    sites: Vec<&'static Location<'static>>,
}

/// Measures a run that another strategy makes.
#[derive(Debug)]
struct Learner {
    chooser: Chooser,
    run: RunCounts,
    lessons: Lessons,
}

impl Strategy for Learner {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        self.run.points += u64::from(point.label == Label::Schedule);
        match &mut self.chooser {
            Chooser::RandomWalk => Ok(point.draw(streams)),
            Chooser::Strategy(strategy) => strategy.choose(point, streams),
        }
    }

    fn hear(&mut self, notice: &Notice, streams: &mut Streams) {
        let tasks = &mut self.run.tasks;
        match *notice {
            Notice::Spawned { parent, path, .. } => {
                let parent = tasks.get(parent as usize).map_or(path, |parent| parent.path);
                tasks.push(RunTask { path, parent, events: 0, sites: Vec::new() });
            }
            Notice::Step { task, operation } => {
                let task = &mut tasks[task as usize];
                task.events += 1;
                task.sites.extend(operation.map(|operation| operation.site));
            }
            Notice::WentOn { task, operation } => {
                let task = &mut tasks[task as usize];
                task.events += 1;
                task.sites.push(operation.site);
            }
            _ => {}
        }
        if let Chooser::Strategy(strategy) = &mut self.chooser {
            strategy.hear(notice, streams);
        }
    }

    fn finish(&mut self, tape: &[Choice]) -> Result<(), Box<Divergence>> {
        self.lessons.lock().add(&self.run);
        match &mut self.chooser {
            Chooser::RandomWalk => Ok(()),
            Chooser::Strategy(strategy) => strategy.finish(tape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Run, pick, spawn, yield_now};

    /// A task by its path and its parent's, with so many events in each of two runs.
    fn task(path: u64, parent: u64, events: [u64; 2]) -> (u64, TaskCounts) {
        let (most, sum) = (events[0].max(events[1]), events[0] + events[1]);
        let sites = BTreeMap::new();
        (path, TaskCounts { parent, runs: 2, events: sum, events_most: most, sites })
    }

    #[test]
    fn a_tasks_weight_is_its_own_events_and_those_of_all_below_it() {
        let tasks = [task(1, 1, [2, 2]), task(2, 1, [3, 3]), task(3, 2, [5, 7])];
        let learnt = Learnt { runs: 2, tasks: tasks.into(), ..Learnt::default() };
        assert_eq!(learnt.weights(&[]), BTreeMap::from([(1, 11), (2, 9), (3, 6)]));
        assert_eq!(learnt.own_events(), BTreeMap::from([(1, 2), (2, 3), (3, 6)]));
    }

    #[test]
    fn leaves_are_known_only_where_each_had_the_same_number_of_events_in_every_run() {
        let learnt = |events| Learnt {
            runs: 2,
            tasks: [task(1, 1, [2, 2]), task(2, 1, [3, 3]), task(3, 1, events)].into(),
            ..Learnt::default()
        };
        assert_eq!(learnt([4, 4]).leaves(), Some(BTreeMap::from([(2, 3), (3, 4)])));
        assert_eq!(learnt([3, 5]).leaves(), None, "the same sum, unevenly");
        let missing = Learnt { runs: 3, ..learnt([4, 4]) };
        assert_eq!(missing.leaves(), None, "they were not there in every run");
    }

    #[test]
    fn points_are_schedule_choices_alone() {
        let lessons = Lessons::default();
        let outcome = Run::new().strategy(lessons.attend(Chooser::RandomWalk)).execute(|| async {
            let other = spawn(yield_now());
            for _ in 0..9 {
                let _ = pick(5);
            }
            yield_now().await;
            other.await.expect("nobody aborts it");
        });
        let choices = outcome.tape.choices.iter();
        let schedule = choices.filter(|choice| choice.label() == Label::Schedule).count();
        assert!(schedule > 0 && outcome.tape.len() >= schedule + 9);
        assert_eq!(lessons.learnt().points() as usize, schedule);
    }
}
