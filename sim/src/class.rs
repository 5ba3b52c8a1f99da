//! What a run came to, whatever the order of steps that do not touch one another.

use std::fmt;

/// The hash of a run's happens-before class.
///
/// Two runs are of the same class (a Mazurkiewicz trace) if one becomes the other by swapping
/// neighbouring steps of different tasks that have nothing to do with each other: their tasks
/// went through the same, and only the order of what is independent differs. Operations on
/// different objects are independent, and so are two that only read. A step that ends or begins
/// in an await that no probe knows, a `yield_now` or [`step`](crate::step) may touch anything: it
/// is ordered with everything. The same goes for a move of the clock.
///
/// So runs of the same class have the same outcome, on the premise that tasks share state only
/// through what is instrumented, or across such awaits. An object that was made outside of the
/// run is known by the task that used it first: runs in which that is another task are of
/// different classes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(pub u128);

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many polls of a run returned `Pending`, and in how many of them no probe knew why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Awaits {
    /// Polls of tasks that returned `Pending`.
    pub pending: u64,
    /// Those of them that waited for nothing instrumented: no operation, no timer, no task, and
    /// did not wake themselves either.
    pub unknown: u64,
}
