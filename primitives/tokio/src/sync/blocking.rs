//! Calls that block their thread.

use unpick_sim::probe::Object;

/// What is said of a call that would have to wait inside of a run.
#[cold]
#[track_caller]
pub(super) fn would_block(call: &str, object: &Object) -> ! {
    panic!(
        "{call} on a {object:?} would block the thread of the run, on which every other task is \
         to go on; allowed inside of a run: what need not wait, and awaiting it instead"
    )
}
