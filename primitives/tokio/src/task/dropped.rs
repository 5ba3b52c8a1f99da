//! Panics of what an aborted task drops: as in tokio, they come to whoever awaits the task.

use std::cell::RefCell;

use super::Id;
use super::error::Panicked;

thread_local! {
    /// Those of the current run that nobody has taken.
    static PANICKED: RefCell<Vec<(Id, Panicked)>> = const { RefCell::new(Vec::new()) };
}

/// The current task has panicked while it was dropped.
#[cold]
pub(super) fn keep(panicked: Panicked) {
    let Some(task) = super::try_id() else { return };
    PANICKED.with_borrow_mut(|kept| kept.push((task, panicked)));
}

/// With what this task has panicked while it was dropped, if it has.
pub(super) fn take(task: Id) -> Option<Panicked> {
    PANICKED.with_borrow_mut(|kept| {
        let place = kept.iter().position(|(of, _)| *of == task)?;
        Some(kept.remove(place).1)
    })
}

/// The run is over: what nobody has taken is a finding of it.
pub(crate) fn give_up() {
    drop(PANICKED.take());
}
