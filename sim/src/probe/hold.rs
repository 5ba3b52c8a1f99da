//! Who holds what.

use crate::engine::{Core, Packed, let_go_elsewhere, with_run};
use crate::trace::Side;

/// In which way an object is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Alone.
    Exclusive,
    /// Beside others, as a reader: whoever wants it alone needs all of them to let go.
    Shared,
    /// One of several permits: any of them will do for whoever waits.
    Permit,
    /// Without a guard: whoever gives units back ends it.
    Unguarded,
    /// For good: nobody is expected to give it back.
    Forgotten,
    /// Not at all: a wait at the object ends when the task has ended. See
    /// [`Object::expects`](super::Object::expects).
    Awaited,
}

impl Mode {
    /// Whether a guard stands for such a hold.
    pub(crate) const fn has_guard(self) -> bool {
        !matches!(self, Mode::Unguarded | Mode::Forgotten)
    }
}

/// What readers do is ordered before what writers do later, but not before other readers.
impl From<Mode> for Side {
    fn from(mode: Mode) -> Side {
        match mode {
            Mode::Shared => Side::Reader,
            _ => Side::Writer,
        }
    }
}

/// A task's hold on an object, kept in the guard. Dropping it ends the hold.
#[derive(Debug)]
#[must_use = "the hold ends when this is dropped"]
pub struct Hold {
    record: Packed,
}

impl Hold {
    pub(super) const fn new(record: Packed) -> Hold {
        Hold { record }
    }

    /// A hold on nothing, as it is outside of a run.
    pub const fn none() -> Hold {
        Hold { record: Packed::NONE }
    }

    /// Leaves the hold in place for good: for permits that are forgotten.
    pub fn forget(self) {
        self.into_record();
    }

    /// The number of the engine's record of it, if it is of this run.
    #[inline(always)]
    pub(super) fn index(&self, core: &Core) -> Option<u32> {
        self.record.of(core.stamp)
    }

    /// The engine's record of it, which whoever gets it ends.
    #[inline]
    pub(super) fn into_record(mut self) -> Packed {
        std::mem::replace(&mut self.record, Packed::NONE)
    }
}

impl Drop for Hold {
    #[inline]
    fn drop(&mut self) {
        if self.record != Packed::NONE {
            end(self.record);
        }
    }
}

#[inline(never)]
fn end(record: Packed) {
    let ended = with_run(|core| {
        let index = record.of(core.stamp)?;
        core.unhold::<true>(index);
        Some(())
    });
    if ended.flatten().is_none() {
        let_go_elsewhere(record);
    }
}
