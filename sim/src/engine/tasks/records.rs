//! The tasks of a run by number, in records that later runs use again.

use std::ops::{Index, IndexMut};

use super::{SPARE_MAX, Task};

/// The tasks of a run, and behind them the records of tasks of earlier runs, which keep what
/// those have left: a new task is made in the first of them.
#[derive(Default)]
pub(crate) struct Tasks {
    /// Invariant: of those behind the run's tasks nothing is left but bodies that have given up
    /// their outputs.
    records: Vec<Task>,
    /// How many tasks the run has.
    len: usize,
}

/// For how many records there is room in the usual way, which is doubled up to here.
const SOME: usize = 1024;

impl Tasks {
    pub(crate) const fn new() -> Tasks {
        Tasks { records: Vec::new(), len: 0 }
    }

    /// How many tasks there are.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The task of this number.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&Task> {
        self.records.get(index)
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Task> {
        self.records.get_mut(index)
    }

    /// All tasks in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Task> {
        self.records[..self.len].iter()
    }

    /// Begins a run with its main task.
    #[inline]
    pub(crate) fn begin(&mut self) {
        *self.next_mut() = Task::MAIN;
        self.add();
    }

    /// The record of the next task, as another one has left it.
    #[inline]
    pub(super) fn next_mut(&mut self) -> &mut Task {
        if self.len < self.records.len() {
            return &mut self.records[self.len];
        }
        self.add_record()
    }

    /// Beyond some, there is room for as many as are kept: records are a line of the cache each, for
    /// which an allocator finds another place whenever there is to be more room, and memory that is
    /// not written to is none yet.
    #[cold]
    #[inline(never)]
    fn add_record(&mut self) -> &mut Task {
        if self.records.len() == self.records.capacity() && self.records.len() == SOME {
            self.records.reserve_exact(SPARE_MAX - SOME);
        }
        self.records.push(Task::MAIN);
        &mut self.records[self.len]
    }

    /// The same, once it was there.
    #[inline]
    pub(super) fn filled_mut(&mut self) -> &mut Task {
        &mut self.records[self.len]
    }

    /// The next record has become that of a task.
    #[inline]
    pub(super) fn add(&mut self) {
        self.len += 1;
    }

    /// Forgets the tasks, of which nothing is left but bodies for tasks of later runs.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        if self.records.len() > SPARE_MAX {
            self.records.truncate(SPARE_MAX);
        }
    }
}

impl Index<usize> for Tasks {
    type Output = Task;

    #[inline]
    fn index(&self, index: usize) -> &Task {
        debug_assert!(index < self.len, "a task of this run; a bug in unpick");
        &self.records[index]
    }
}

impl IndexMut<usize> for Tasks {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut Task {
        debug_assert!(index < self.len, "a task of this run; a bug in unpick");
        &mut self.records[index]
    }
}
