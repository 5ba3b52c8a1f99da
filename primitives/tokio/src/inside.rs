//! The one question that everything here asks: is a run going on on this thread?

use unpick_sim::probe;

use crate::driven;

/// Whether a run is going on on this thread. Then what a run has of tokio's own is there as well.
#[inline]
pub(crate) fn is_inside() -> bool {
    match probe::run_number() {
        None => false,
        Some(run) => {
            driven::enter(run);
            true
        }
    }
}
