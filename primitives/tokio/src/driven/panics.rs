//! Panics of tasks on the driven runtime, which tokio catches.

use std::cell::Cell;

use tokio::runtime::RuntimeMetrics;
use unpick_sim::probe::CaughtPanic;

use super::{hooks, origins};

thread_local! {
    /// Whether whoever awaits such a task is said to handle its panic.
    static ARE_HANDLED: Cell<bool> = const { Cell::new(false) };
}

/// Has panics of tasks on the driven runtime be nothing but events, until the run is over.
pub(crate) fn handle_panics() {
    ARE_HANDLED.set(true);
}

/// The run is over.
pub(super) fn forget() {
    ARE_HANDLED.set(false);
}

/// Polls tasks of the runtime. If one panics, and ends by that, the run has failed: tokio tells
/// nobody whether somebody awaits it.
pub(super) fn watching<T>(metrics: &RuntimeMetrics, poll: impl FnOnce() -> T) -> T {
    drop(CaughtPanic::last());
    let alive = || metrics.num_alive_tasks() - hooks::own_tasks();
    let before = alive();
    let polled = poll();
    if let Some(panic) = CaughtPanic::last() {
        tell(panic, alive() < before);
    }
    polled
}

#[cold]
fn tell(panic: CaughtPanic, has_ended: bool) {
    let origin = origins::of_polled();
    unpick_sim::event!("a task on tokio's own runtime{origin} panicked: {}", panic.message());
    if has_ended && !ARE_HANDLED.get() {
        let remark = format!(
            " (in a task on tokio's own runtime{origin}; if whoever awaits it handles that, call \
             `tokio::sim::handle_panics` first)"
        );
        panic.with_remark(&remark).fail();
    }
}
