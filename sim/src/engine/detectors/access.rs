//! One access to a shared variable, as detectors keep and tell it.

use std::panic::Location;

use super::super::{Core, TaskId};
use super::held::Held;
use crate::shared::Flavor;
use crate::trace::EventKind;

/// What is done to a shared variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SharedAccess {
    /// It is read.
    Read,
    /// It is overwritten.
    Write,
    /// It is read and written in one go.
    Update,
}

impl SharedAccess {
    pub(super) const fn writes(self) -> bool {
        !matches!(self, SharedAccess::Read)
    }

    pub(super) const fn past(self) -> &'static str {
        match self {
            SharedAccess::Read => "read",
            SharedAccess::Write => "wrote",
            SharedAccess::Update => "updated",
        }
    }
}

/// One access to a shared variable, as the variable tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accessed {
    pub(crate) variable: u32,
    pub(crate) access: SharedAccess,
    pub(crate) flavor: Flavor,
    pub(crate) site: &'static Location<'static>,
}

/// One access, as a detector keeps it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) task: TaskId,
    pub(super) access: SharedAccess,
    pub(super) site: &'static Location<'static>,
    /// In which of its task's polls.
    pub(super) poll: u32,
    pub(super) at_ns: u64,
    /// What its task held.
    pub(super) held: Held,
    /// How often its task had given something up.
    pub(super) ends_before: u32,
    /// Its place among the events, if the run is traced: the value is found there.
    pub(super) event: Option<usize>,
}

/// Where a task gave way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    /// What it was about to do, such as `acquire`.
    pub(super) operation: &'static str,
    pub(super) object: Option<u32>,
    pub(super) site: &'static Location<'static>,
}

/// Writes places for a reader: the file once, and `:LINE` as long as it stays the same.
#[derive(Debug, Default)]
pub(crate) struct Places {
    file: Option<&'static str>,
}

impl Places {
    pub(crate) fn show(&mut self, site: &'static Location<'static>) -> String {
        if self.file == Some(site.file()) {
            return format!(":{}", site.line());
        }
        self.file = Some(site.file());
        format!("{}:{}", site.file(), site.line())
    }
}

impl Core {
    /// The value that was read or written, if the run is traced and the value can be shown.
    pub(super) fn value_of(&self, record: &Record) -> Option<&str> {
        let event = self.events.as_ref()?.numbered(record.event?)?;
        match &event.kind {
            EventKind::SharedRead { value, .. }
            | EventKind::SharedWritten { value, .. }
            | EventKind::SharedUpdated { value, .. } => value.as_deref(),
            _ => None,
        }
    }

    /// Such as `wrote 110`, or `wrote it` if the value is not known.
    pub(super) fn did(&self, record: &Record, otherwise: &str) -> String {
        let past = record.access.past();
        match (self.value_of(record), record.access) {
            (Some(value), SharedAccess::Update) => format!("{past} {otherwise} to {value}"),
            (Some(value), _) => format!("{past} {value}"),
            (None, _) => format!("{past} {otherwise}"),
        }
    }

    /// Such as `gave way at :14 (acquire lock audit)`.
    pub(super) fn gave_way(&self, pause: Option<Pause>, places: &mut Places) -> String {
        let Some(Pause { operation, object, site }) = pause else {
            return String::from("gave way");
        };
        let object = object.map(|object| format!(" {}", self.object_title(object)));
        format!(
            "gave way at {} ({operation}{})",
            places.show(site),
            object.as_deref().unwrap_or_default()
        )
    }
}
