//! Vector clocks: what happens before what (Mattern 1989).

use std::collections::BTreeMap;

use super::super::TaskId;

/// How far a task knows each task to be, by the task's number; missing entries are zero.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    entries: Vec<u32>,
}

impl Clock {
    /// How far it knows this task to be.
    pub(crate) fn get(&self, task: TaskId) -> u32 {
        self.entries.get(task.index()).copied().unwrap_or(0)
    }

    fn join(&mut self, other: &Clock) {
        if self.entries.len() < other.entries.len() {
            self.entries.resize(other.entries.len(), 0);
        }
        for (mine, &theirs) in self.entries.iter_mut().zip(&other.entries) {
            *mine = (*mine).max(theirs);
        }
    }

    fn tick(&mut self, task: TaskId) {
        if self.entries.len() <= task.index() {
            self.entries.resize(task.index() + 1, 0);
        }
        self.entries[task.index()] += 1;
    }
}

/// The clocks of tasks, objects and messages.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    tasks: Vec<Clock>,
    objects: BTreeMap<u32, Clock>,
    messages: BTreeMap<u64, Clock>,
}

impl Clocks {
    /// A task's clock. It begins at 1 in its own entry, so that nobody knows of its first accesses
    /// without having been told.
    pub(super) fn of(&mut self, task: TaskId) -> &Clock {
        self.of_mut(task)
    }

    fn of_mut(&mut self, task: TaskId) -> &mut Clock {
        if self.tasks.len() <= task.index() {
            self.tasks.resize_with(task.index() + 1, Clock::default);
        }
        let clock = &mut self.tasks[task.index()];
        if clock.get(task) == 0 {
            clock.tick(task);
        }
        clock
    }

    pub(super) fn publish(&mut self, task: TaskId, object: u32) {
        let clock = self.of_mut(task).clone();
        self.objects.entry(object).or_default().join(&clock);
        self.of_mut(task).tick(task);
    }

    pub(super) fn observe(&mut self, task: TaskId, object: u32) {
        if let Some(published) = self.objects.get(&object).cloned() {
            self.of_mut(task).join(&published);
        }
    }

    pub(super) fn stamp(&mut self, task: TaskId, message: u64) {
        let clock = self.of_mut(task).clone();
        self.messages.insert(message, clock);
        self.of_mut(task).tick(task);
    }

    pub(super) fn observe_stamp(&mut self, task: TaskId, message: u64) {
        if let Some(stamped) = self.messages.get(&message).cloned() {
            self.of_mut(task).join(&stamped);
        }
    }

    pub(super) fn spawn(&mut self, parent: TaskId, child: TaskId) {
        let clock = self.of_mut(parent).clone();
        self.of_mut(child).join(&clock);
        self.of_mut(parent).tick(parent);
    }

    pub(super) fn wake(&mut self, waker: TaskId, woken: TaskId) {
        let clock = self.of_mut(waker).clone();
        self.of_mut(woken).join(&clock);
        self.of_mut(waker).tick(waker);
    }

    pub(super) fn join(&mut self, task: TaskId, joined: TaskId) {
        let clock = self.of_mut(joined).clone();
        self.of_mut(task).join(&clock);
    }

    pub(super) fn forget(&mut self, object: u32) {
        self.objects.remove(&object);
    }
}
