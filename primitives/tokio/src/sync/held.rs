//! What a guard that borrows keeps for the engine.

use unpick_sim::probe::{Hold, Object};

/// The hold of a guard. Dropping it tells that the guard is given up, so that in each guard it
/// stands before what really releases.
#[derive(Debug)]
pub(super) struct Held<'a> {
    pub(super) object: &'a Object,
    pub(super) hold: Hold,
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.object.release(std::mem::replace(&mut self.hold, Hold::none()));
    }
}
