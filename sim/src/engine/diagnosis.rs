//! What the engine itself can say of a run that went wrong.

use std::collections::BTreeMap;

use super::beacon::Foreign;
use super::detectors::Extent;
use super::ids::TaskId;
use super::tasks::State;
use super::{Core, HoldRecord};
use crate::finding::{Blocked, Finding, Holder, Kind, Place, Wait};
use crate::options::Detection;
use crate::panics;
use crate::probe::Mode;
use crate::strategy::Divergence;
use crate::time::Instant;
use crate::trace::EventKind;

/// What tokio panics with where a run has nothing for it, and what to do instead.
const ADVICE: [(&str, &str); 2] = [
    (
        "must be called from the context of a Tokio",
        " (inside a run there is none: use `unpick::sim::spawn` instead of `tokio::spawn`, and \
         `unpick::sim::time` instead of `tokio::time`; or have the package `unpick-tokio` as \
         `tokio`, which gives crates that use tokio a runtime once `tokio::sim::enter` was called)",
    ),
    (
        "context was found, but IO is disabled",
        " (not inside of a run, which has no sockets, processes and signals of the system's: \
         connect a client and a server through `tokio::io::duplex`, and put what is left behind a \
         trait that the test implements)",
    ),
];

impl Core {
    /// The path of a task from the main one, such as `main.2.1`.
    pub(crate) fn task_path(&self, task: TaskId) -> String {
        self.origins.path(task)
    }

    /// Path and name of a task, such as `main.2 reaper`.
    pub(crate) fn task_title(&self, task: TaskId) -> String {
        self.names().title(task, self.task_path(task))
    }

    /// Where a task was spawned.
    pub(crate) fn task_place(&self, task: TaskId) -> Option<Place> {
        self.origins.site(task).map(Place::from)
    }

    /// Nothing is ready, no timer is pending, and the main future has not ended.
    #[cold]
    pub(super) fn fail_stuck(&mut self) {
        // Somebody was woken after all, in a way that no replay can repeat: that comes first.
        if self.beacon().was_woken() {
            self.fail_woken_from_elsewhere();
        }
        if self.finding.is_some() {
            return;
        }
        if self.by_hand.is_some() {
            self.go_on_by_hand();
            return;
        }
        let waiting: Vec<TaskId> = self.unfinished().collect();
        self.fail_deadlocked(&waiting, Extent::Everybody);
    }

    /// Every task that has not ended, in the order of spawning.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = TaskId> {
        let unfinished = |id: &TaskId| self.tasks[id.index()].state != State::Ended;
        (0..self.tasks.len() as u32).map(TaskId).filter(unfinished)
    }

    /// The program is not the one that the tape was recorded from. The first divergence stands,
    /// beside whatever else was found.
    #[cold]
    pub(super) fn fail_diverged(&mut self, divergence: Box<Divergence>) {
        if self.divergence.is_some() {
            return;
        }
        let mut finding = Finding::new(Kind::Divergence, divergence.to_string(), self.now());
        finding.task = self.current.map(|task| self.task_title(task));
        self.divergence = Some(*divergence);
        self.fail(finding);
    }

    #[cold]
    pub(crate) fn fail_panicked(&mut self, task: TaskId, mut message: String) {
        for (text, advice) in ADVICE {
            if message.contains(text) {
                message.push_str(advice);
            }
        }
        let mut finding = Finding::new(Kind::Panic, message, self.now());
        finding.task = Some(self.task_title(task));
        finding.place = panics::take_place();
        self.record_panic(finding.message.clone(), finding.place.clone());
        self.fail(finding);
    }

    /// A task has panicked, and whoever joins it deals with that.
    #[cold]
    pub(super) fn note_handled_panic(&mut self, message: &str) {
        let place = panics::take_place();
        self.record_panic(message.to_owned(), place);
    }

    fn record_panic(&mut self, message: String, place: Option<Place>) {
        self.record(move |_| EventKind::Panicked { message, place });
    }

    /// Every waker of this run that was called from another thread is a finding, and so is a guard
    /// that was dropped there for which somebody waits.
    #[cold]
    pub(super) fn fail_woken_from_elsewhere(&mut self) {
        for foreign in self.beacon().take_foreign(self.stamp) {
            let woken = match foreign {
                Foreign::Woken(task) => Some(TaskId(task.index())),
                Foreign::LetGo(hold) => self.let_go_from_elsewhere(hold.index()),
            };
            let Some(task) = woken else { continue };
            let message =
                "a waker of this task was called from another OS thread, which no tape controls";
            let mut finding = Finding::new(Kind::Nondeterminism, message, self.now());
            finding.task = Some(self.task_title(task));
            finding.place = self.task_place(task);
            self.fail(finding);
        }
    }

    #[cold]
    pub(super) fn fail_out_of_steps(&mut self) {
        let message = format!(
            "the program went on beyond its budget of {} steps; going round: {}",
            self.options.steps_max,
            self.going_round()
        );
        let mut finding = Finding::new(Kind::Livelock, message, self.now());
        if self.options.detectors.livelocks == Detection::On {
            finding.story = self.rounds();
        }
        self.fail(finding);
    }

    /// Which tasks had the last turns, and how many each.
    pub(super) fn going_round(&self) -> String {
        let turns = self.recent.len();
        let mut counts: Vec<(TaskId, usize)> = Vec::new();
        for &task in &self.recent {
            match counts.iter_mut().find(|(other, _)| *other == task) {
                Some((_, count)) => *count += 1,
                None => counts.push((task, 1)),
            }
        }
        counts.sort_by_key(|&(task, count)| (std::cmp::Reverse(count), task));
        let listed = counts.iter().map(|&(task, count)| {
            let title = self.task_title(task);
            match self.operations_of(task).first() {
                Some(wait) => format!("{title}, in {wait} ({count} of the last {turns} turns)"),
                None => format!("{title} ({count} of the last {turns} turns)"),
            }
        });
        listed.collect::<Vec<_>>().join("; ")
    }

    /// Every task that has not ended, and what it waits for.
    pub(crate) fn blocked(&self) -> Vec<Blocked> {
        let unfinished: Vec<TaskId> = self.unfinished().collect();
        self.blocked_among(&unfinished)
    }

    /// What each of these tasks waits for.
    pub(super) fn blocked_among(&self, tasks: &[TaskId]) -> Vec<Blocked> {
        let mut sleeps: BTreeMap<TaskId, Vec<Wait>> = BTreeMap::new();
        for timer in self.timers.iter() {
            sleeps.entry(timer.task).or_default().push(Wait {
                operation: "sleep",
                object: None,
                place: timer.site.into(),
                since: Instant::from_nanos(timer.since_ns),
                holders: Vec::new(),
                holders_more: 0,
            });
        }
        let mut tasks = tasks.to_vec();
        tasks.sort_unstable();
        let blocked = tasks.into_iter().map(|id| {
            let mut waits = self.operations_of(id);
            waits.extend(self.joins_of(id));
            waits.extend(sleeps.remove(&id).unwrap_or_default());
            Blocked { task: self.task_title(id), spawned: self.task_place(id), waits }
        });
        blocked.collect()
    }

    /// The joins that were pending in a task's last poll.
    fn joins_of(&self, id: TaskId) -> impl Iterator<Item = Wait> {
        self.joined_by(id).into_iter().filter_map(|joined| {
            let join = self.join_for(joined)?;
            Some(Wait {
                operation: "join",
                object: Some(format!("task {}", self.task_title(joined))),
                place: join.site.into(),
                since: Instant::from_nanos(join.since_ns),
                holders: Vec::new(),
                holders_more: 0,
            })
        })
    }

    /// The operations that were pending in a task's last poll, oldest first.
    fn operations_of(&self, id: TaskId) -> Vec<Wait> {
        let mut waits: Vec<Wait> = self
            .pending(id)
            .map(|(_, operation)| {
                let (holders, holders_more) = self.holders_of(operation.description.object);
                Wait {
                    operation: operation.description.name,
                    object: operation.description.object.map(|object| self.object_title(object)),
                    place: operation.description.site.into(),
                    since: Instant::from_nanos(operation.since_ns),
                    holders,
                    holders_more,
                }
            })
            .collect();
        waits.reverse();
        waits
    }

    /// Who holds an object or was handed it, oldest first, and how many more there are.
    fn holders_of(&self, object: Option<u32>) -> (Vec<Holder>, usize) {
        let Some(object) = object else { return (Vec::new(), 0) };
        let title = |task: TaskId| match self.tasks[task.index()].state {
            State::Ended => format!("{} (ended)", self.task_title(task)),
            _ => self.task_title(task),
        };
        let holds = self.objects.holds_of(object).map(|(_, hold)| hold);
        let mut holds: Vec<&HoldRecord> =
            holds.filter(|hold| hold.mode != Mode::Awaited || !self.has_ended(hold.task)).collect();
        holds.reverse();
        let heirs: Vec<_> = self.heirs(object).collect();
        let more = (holds.len() + heirs.len()).saturating_sub(HOLDERS_SHOWN);
        let held = holds.into_iter().map(|hold| Holder {
            task: title(hold.task),
            place: hold.site.into(),
            since: Instant::from_nanos(hold.since_ns),
        });
        let handed = heirs.into_iter().map(|heir| Holder {
            task: format!("{} (handed to it, not taken yet)", title(heir.task)),
            place: heir.description.site.into(),
            since: Instant::from_nanos(heir.handed_ns),
        });
        (held.chain(handed).take(HOLDERS_SHOWN).collect(), more)
    }
}

/// How many holders of one object a report names.
const HOLDERS_SHOWN: usize = 6;
