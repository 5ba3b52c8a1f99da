//! Lost updates: a task reads, awaits, and writes back, and another one wrote in between.

use std::collections::BTreeMap;
use std::panic::Location;

use super::super::{Core, TaskId};
use super::{Accessed, SharedAccess};
use crate::finding::Place;

/// A task's last read of a variable.
#[derive(Clone, Copy, Debug)]
struct Read {
    version: u64,
    /// In which of its polls: within one, nobody can come in between.
    poll: u32,
    site: &'static Location<'static>,
}

/// The last write of a variable.
#[derive(Clone, Copy, Debug)]
struct Write {
    task: TaskId,
    site: &'static Location<'static>,
}

/// What is known of one variable.
#[derive(Debug, Default)]
struct Variable {
    /// How often it was written.
    version: u64,
    last_write: Option<Write>,
    /// What each task has read and not written back yet.
    reads: BTreeMap<TaskId, Read>,
}

/// The state of the detector.
#[derive(Debug, Default)]
pub(super) struct Atomicity {
    variables: BTreeMap<u32, Variable>,
}

/// A write over another one that its task had not seen.
#[derive(Debug)]
pub(super) struct LostUpdate {
    variable: u32,
    task: TaskId,
    read_site: &'static Location<'static>,
    write_site: &'static Location<'static>,
    lost: Write,
}

impl Atomicity {
    /// Notes an access by a task in its poll of this number.
    pub(super) fn accessed(
        &mut self,
        task: TaskId,
        poll: u32,
        accessed: Accessed,
    ) -> Option<LostUpdate> {
        let Accessed { variable: index, access, site, .. } = accessed;
        let variable = self.variables.entry(index).or_default();
        if access == SharedAccess::Read {
            variable.reads.insert(task, Read { version: variable.version, poll, site });
            return None;
        }
        let read = variable.reads.remove(&task).filter(|_| access == SharedAccess::Write);
        let overwritten = variable.last_write.replace(Write { task, site });
        let is_stale = |read: &Read| read.version < variable.version && read.poll != poll;
        let lost = read.filter(is_stale).zip(overwritten);
        variable.version += 1;
        let (read, lost) = lost.filter(|(_, lost)| lost.task != task)?;
        Some(LostUpdate { variable: index, task, read_site: read.site, write_site: site, lost })
    }

    pub(super) fn forget(&mut self, variable: u32) {
        self.variables.remove(&variable);
    }
}

impl LostUpdate {
    pub(super) fn message(&self, core: &Core) -> String {
        let LostUpdate { variable, task, read_site, write_site, lost } = self;
        format!(
            "{} read {} ({}), gave way, and then wrote it ({}) over what {} had written in \
             between ({}): that update is lost",
            core.task_title(*task),
            core.object_title(*variable),
            Place::from(*read_site),
            Place::from(*write_site),
            core.task_title(lost.task),
            Place::from(lost.site),
        )
    }
}
