//! What tells tasks apart.

use std::cell::Cell;
use std::fmt;

use unpick_sim::probe;

/// The number of a task. Inside of a run tasks count from 1, in the order of spawning.
#[derive(Clone, Copy, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(Kind);

#[derive(Clone, Copy, Hash, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Tokio(tokio::task::Id),
    Run(u32),
}

impl Id {
    pub(super) fn of_run(number: u32) -> Id {
        Id(Kind::Run(number))
    }
}

impl From<tokio::task::Id> for Id {
    fn from(id: tokio::task::Id) -> Id {
        Id(Kind::Tokio(id))
    }
}

thread_local! {
    /// Of which task of a run an output is being dropped.
    static OUTPUT_OF: Cell<Option<Id>> = const { Cell::new(None) };
}

/// Two of these before and behind a field have code that drops it see the id of the task, as
/// tokio has it for what a task leaves: fields are dropped in the order in which they are declared.
pub(super) struct DropsAs(Option<Id>);

impl DropsAs {
    /// Before the field, and behind it.
    pub(super) const fn around(id: Id) -> (DropsAs, DropsAs) {
        (DropsAs(Some(id)), DropsAs(None))
    }
}

impl Drop for DropsAs {
    fn drop(&mut self) {
        // The thread may be ending: then nobody asks.
        let _ = OUTPUT_OF.try_with(|output_of| output_of.set(self.0));
    }
}

/// The current task's id.
///
/// # Panics
/// Outside of a task; the future that a run or a runtime executes is none.
#[track_caller]
#[must_use]
pub fn id() -> Id {
    try_id().expect("Can't get a task id when not inside a task")
}

/// The current task's id, if there is a task.
#[track_caller]
#[must_use]
pub fn try_id() -> Option<Id> {
    // One of tokio's own first: the run's task that polls it is not what it is asked for.
    if let Some(id) = tokio::task::try_id() {
        return Some(id.into());
    }
    if let Some(id) = OUTPUT_OF.get() {
        return Some(id);
    }
    probe::current_task().filter(|&number| number > 0).map(Id::of_run)
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Tokio(id) => id.fmt(f),
            Kind::Run(number) => f.debug_tuple("Id").field(&number).finish(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Tokio(id) => id.fmt(f),
            Kind::Run(number) => number.fmt(f),
        }
    }
}
