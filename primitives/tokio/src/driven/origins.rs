//! Where tasks on the driven runtime come from. Tokio tells only if it is built with
//! `--cfg tokio_unstable`.

use tokio::runtime::Builder;

/// Has the runtime tell.
#[cfg(not(tokio_unstable))]
pub(super) fn tell(_: &mut Builder) {}

/// Where the task was spawned that was polled last, as part of a sentence.
#[cfg(not(tokio_unstable))]
pub(super) fn of_polled() -> String {
    String::new()
}

#[cfg(tokio_unstable)]
pub(super) use self::told::{of_polled, tell};

#[cfg(tokio_unstable)]
mod told {
    use std::cell::Cell;
    use std::panic::Location;

    use unpick_sim::finding::Place;

    use super::Builder;
    use crate::driven::hooks;

    thread_local! {
        /// Where the task was spawned that was polled last.
        static POLLED: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
    }

    pub(in crate::driven) fn tell(builder: &mut Builder) {
        builder.on_task_spawn(|task| {
            if !hooks::is_own(task.spawned_at()) {
                let place = Place::from(task.spawned_at());
                unpick_sim::event!("spawns a task on tokio's own runtime at {place}");
            }
        });
        builder.on_before_task_poll(|task| {
            if !hooks::is_own(task.spawned_at()) {
                POLLED.set(Some(task.spawned_at()));
                let place = Place::from(task.spawned_at());
                unpick_sim::event!("polls the task that was spawned at {place}");
            }
        });
    }

    pub(in crate::driven) fn of_polled() -> String {
        POLLED.get().map_or_else(String::new, |spawned_at| {
            format!(", spawned at {},", Place::from(spawned_at))
        })
    }
}
