//! What happens before what, for a single message.

use crate::engine::{self, Core, with_run};

/// Travels with a message: what its sender did before it was sent happens before what its
/// receiver does with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamp {
    run: engine::Stamp,
    number: u64,
}

impl Stamp {
    /// What the current task has done so far.
    #[must_use]
    #[inline]
    pub fn here() -> Stamp {
        // Asked first, because mostly nobody wants to know, and asking alone takes less.
        match with_run(|core| core.orders_matter()) {
            Some(true) => Stamp::taken_here(),
            _ => Stamp::default(),
        }
    }

    #[cold]
    #[inline(never)]
    fn taken_here() -> Stamp {
        with_run(Stamp::taken_in).unwrap_or_default()
    }

    #[cold]
    #[inline(never)]
    pub(super) fn taken_in(core: &mut Core) -> Stamp {
        Stamp { number: core.stamp_message(), run: core.stamp }
    }

    /// Orders what the current task does from here on after what the stamp's task had done.
    #[inline]
    pub fn observe(self) {
        if self.run != engine::Stamp::NONE {
            with_run(|core| self.observe_in(core));
        }
    }

    #[inline]
    pub(super) fn observe_in(self, core: &mut Core) {
        if self.run == core.stamp {
            core.observe_message(self.number);
        }
    }
}
