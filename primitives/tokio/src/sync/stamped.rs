//! What is really sent.

use unpick_sim::probe::Stamp;

/// A message, and what its sender had done.
#[derive(Clone)]
pub(super) struct Stamped<T> {
    pub(super) message: T,
    stamp: Stamp,
}

impl<T> Stamped<T> {
    #[inline]
    pub(super) fn new(message: T) -> Stamped<T> {
        Stamped { message, stamp: Stamp::here() }
    }

    /// The message, for whoever receives it.
    #[inline]
    pub(super) fn received(self) -> T {
        self.stamp.observe();
        self.message
    }
}
