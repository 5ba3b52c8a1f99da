//! The log of a run, and who is where in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;
use unpick::sim::time::Instant;

use crate::asyncio::program::Line;

/// What is kept of a run, until its main task ends or everything is stuck.
#[derive(Default)]
pub(super) struct Journal {
    pages: RefCell<Pages>,
}

#[derive(Default)]
struct Pages {
    log: Vec<Line>,
    /// Each task that has been spawned and has not ended, and the path that it is at.
    unfinished: BTreeMap<String, String>,
    /// What happens from here on is only that the run is put away.
    is_closed: bool,
}

impl Journal {
    /// Writes a line, at the current virtual time.
    pub(super) fn note(&self, task: &str, path: &str, operation: &str, result: Value) {
        let mut pages = self.pages.borrow_mut();
        if pages.is_closed {
            return;
        }
        pages.log.push(Line {
            time_us: Instant::now().as_nanos() / 1_000,
            task: task.to_owned(),
            path: path.to_owned(),
            operation: operation.to_owned(),
            result,
        });
    }

    /// A task is at this path.
    pub(super) fn place(&self, task: &str, path: &str) {
        let mut pages = self.pages.borrow_mut();
        if !pages.is_closed {
            pages.unfinished.insert(task.to_owned(), path.to_owned());
        }
    }

    /// A task has ended.
    pub(super) fn end(&self, task: &str) {
        let mut pages = self.pages.borrow_mut();
        if !pages.is_closed {
            pages.unfinished.remove(task);
        }
    }

    /// Closes the journal when it is dropped, as the first thing of the run: by the main task.
    pub(super) fn closing(self: &Rc<Journal>) -> Closing {
        Closing { journal: self.clone() }
    }

    /// The log, and the tasks that were unfinished when it was closed.
    pub(super) fn take(&self) -> (Vec<Line>, BTreeMap<String, String>) {
        let pages = self.pages.take();
        (pages.log, pages.unfinished)
    }
}

/// Closes the journal when it is dropped.
pub(super) struct Closing {
    journal: Rc<Journal>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.journal.pages.borrow_mut().is_closed = true;
    }
}
