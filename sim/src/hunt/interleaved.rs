//! How many of a program's interleavings were made, where there are few.

use std::fmt;

use crate::options::Switching;
use crate::strategy::Swept;

/// How many interleavings of a program's tasks a hunt has made.
///
/// They are those of the tasks that spawned no other, event by event: a turn, or an operation that
/// went on in place. They are told where there are no more than 1024 of them, and all calibration
/// runs agree: these tasks had the same number of events in each, and came in any order that was
/// asked for. One counts as made when a run had just these events in just this order. Once all are
/// made, these tasks have no other order: in each, every task ended where it was to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interleaved {
    /// The switching, of a hunt under both.
    pub switching: Option<Switching>,
    /// How many tasks are interleaved.
    pub tasks: u64,
    /// How many interleavings there are.
    pub interleavings: u64,
    /// How many of them were made.
    pub made: u64,
    /// Whether there was something else to choose: when a task that spawned others goes on, the
    /// time, a fault, data. That was drawn, once for each interleaving.
    pub asks_more: bool,
}

impl Interleaved {
    pub(super) fn new((switching, swept): &(Option<Switching>, Swept)) -> Interleaved {
        let &Swept { tasks, interleavings, asks_more, .. } = swept;
        Interleaved { switching: *switching, tasks, interleavings, made: swept.count(), asks_more }
    }
}

impl fmt::Display for Interleaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interleaved { switching, tasks, interleavings, made, asks_more } = self;
        match made == interleavings {
            true => write!(f, "all {interleavings}")?,
            false => write!(f, "{made} of the {interleavings}")?,
        }
        f.write_str(" interleavings of ")?;
        match tasks {
            1 => f.write_str("the one task that spawned no other")?,
            tasks => write!(f, "the {tasks} tasks that spawned no other")?,
        }
        match switching {
            Some(Switching::Preemptive) => f.write_str(", switching preemptively,")?,
            Some(Switching::Cooperative) => f.write_str(", switching cooperatively,")?,
            None => {}
        }
        f.write_str(" were made")?;
        if *asks_more {
            f.write_str("; what else there is to choose was drawn")?;
        }
        Ok(())
    }
}
