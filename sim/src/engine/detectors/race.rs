//! Data races: two accesses of which one writes, and nothing orders them (after FastTrack:
//! Flanagan, Freund, PLDI 2009).

use std::collections::BTreeMap;
use std::panic::Location;

use super::super::{Core, TaskId};
use super::clocks::Clock;
use super::{Accessed, SharedAccess};
use crate::finding::Place;
use crate::shared::Flavor;

/// One earlier access, and how far its task was.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    task: TaskId,
    at: u32,
    access: SharedAccess,
    site: &'static Location<'static>,
}

impl Epoch {
    fn happens_before(&self, clock: &Clock) -> bool {
        self.at <= clock.get(self.task)
    }
}

/// What is known of one variable.
#[derive(Debug, Default)]
struct Variable {
    last_write: Option<Epoch>,
    /// The last read of each task since that write.
    reads: Vec<Epoch>,
}

/// The state of the detector.
#[derive(Debug, Default)]
pub(super) struct Race {
    variables: BTreeMap<u32, Variable>,
}

/// Two accesses that nothing orders.
#[derive(Debug)]
pub(super) struct Unordered {
    variable: u32,
    earlier: Epoch,
    later: Epoch,
}

impl Race {
    /// Notes an access by a task with this clock.
    pub(super) fn accessed(
        &mut self,
        task: TaskId,
        clock: &Clock,
        accessed: Accessed,
    ) -> Option<Unordered> {
        let Accessed { variable: index, access, flavor, site } = accessed;
        if flavor == Flavor::Synchronized {
            return None;
        }
        let variable = self.variables.entry(index).or_default();
        let later = Epoch { task, at: clock.get(task), access, site };
        let unordered = |earlier: &&Epoch| earlier.task != task && !earlier.happens_before(clock);
        let write = variable.last_write.as_ref().filter(unordered);
        let read = variable.reads.iter().find(unordered).filter(|_| access.writes());
        let race = write.or(read).map(|&earlier| Unordered { variable: index, earlier, later });
        if access.writes() {
            variable.last_write = Some(later);
            variable.reads.clear();
        } else {
            variable.reads.retain(|read| read.task != task);
            variable.reads.push(later);
        }
        race
    }

    pub(super) fn forget(&mut self, variable: u32) {
        self.variables.remove(&variable);
    }
}

impl Unordered {
    pub(super) fn message(&self, core: &Core) -> String {
        let did = |epoch: &Epoch| match epoch.access {
            SharedAccess::Read => "read",
            SharedAccess::Write => "wrote",
            SharedAccess::Update => "updated",
        };
        let Unordered { variable, earlier, later } = self;
        format!(
            "{} {} {} ({}) and {} {} it ({}), and nothing orders the two",
            core.task_title(earlier.task),
            did(earlier),
            core.object_title(*variable),
            Place::from(earlier.site),
            core.task_title(later.task),
            did(later),
            Place::from(later.site),
        )
    }
}
