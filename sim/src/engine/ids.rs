//! The engine's own names for things. All are per run: nothing here outlives one.

/// A task, by the order in which tasks were spawned; the main future is task 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub(crate) u32);

impl TaskId {
    pub(crate) const MAIN: TaskId = TaskId(0);

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// An operation that is announced or blocked, by its place in the engine's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct OperationId(pub(crate) u32);

/// What a schedule choice chooses among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Polling a task that was spawned or woken.
    Resume(TaskId),
    /// Granting one announced operation, and polling its task.
    Operation(OperationId),
}

impl Turn {
    /// The turn in 32 bits: those of tasks are even, those of operations odd.
    #[inline]
    pub(crate) const fn key(self) -> u32 {
        match self {
            Turn::Resume(TaskId(index)) => index << 1,
            Turn::Operation(OperationId(index)) => index << 1 | 1,
        }
    }

    /// The turn with this key.
    #[inline]
    pub(crate) const fn of_key(key: u32) -> Turn {
        if key & 1 == 0 {
            Turn::Resume(TaskId(key >> 1))
        } else {
            Turn::Operation(OperationId(key >> 1))
        }
    }
}

/// Which run of this process: never zero inside a run, never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(pub(crate) u64);

impl Stamp {
    /// What the engine has between runs.
    pub(crate) const NONE: Stamp = Stamp(0);
}

/// How many bits of a packed handle name the thing; the rest is the run's stamp.
const INDEX_BITS: u32 = 24;

/// The most tasks (and objects) that a run can have: 2^24.
pub(crate) const INDEX_MAX: u32 = (1 << INDEX_BITS) - 1;

/// The last stamp that fits beside an index.
pub(crate) const STAMP_MAX: u64 = u64::MAX >> INDEX_BITS;

/// A thing of one run, in eight bytes: so that a handle kept beyond its run is recognised as
/// stale without touching memory that is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed(pub(crate) u64);

impl Packed {
    pub(crate) const NONE: Packed = Packed(0);

    /// No handle of any run: it has no stamp.
    pub(crate) const WOKEN: Packed = Packed(1);

    #[inline]
    pub(crate) const fn new(stamp: Stamp, index: u32) -> Packed {
        Packed(stamp.0 << INDEX_BITS | index as u64)
    }

    #[inline]
    pub(crate) const fn stamp(self) -> Stamp {
        Stamp(self.0 >> INDEX_BITS)
    }

    #[inline]
    pub(crate) const fn index(self) -> u32 {
        self.0 as u32 & INDEX_MAX
    }

    /// The index, if the handle is of run `stamp`.
    #[inline]
    pub(crate) fn of(self, stamp: Stamp) -> Option<u32> {
        (self.stamp() == stamp).then_some(self.index())
    }
}
