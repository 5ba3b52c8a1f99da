//! What the loop and the probes have to heed beyond what they always do: mostly nothing.

/// Reasons to look closer, in one byte: so that a turn asks once whether there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heed(u8);

impl Heed {
    /// There is none.
    pub(crate) const NOTHING: Heed = Heed(0);
    /// Something is to be attended to before a turn is chosen: a finding, wakers to call, a ring to
    /// look for. Left when that is done.
    pub(crate) const ATTENTION: Heed = Heed(1);
    /// A preemption choice has decided on the next turn. Left when that is taken.
    pub(crate) const PRESELECTED: Heed = Heed(1 << 1);
    /// Somebody is told of every turn: a trace or a strategy.
    pub(crate) const HEARD: Heed = Heed(1 << 2);
    /// Somebody looks at what is executed: a trace, a strategy, or the run's class.
    pub(crate) const WATCHED: Heed = Heed(1 << 3);
    /// Somebody follows who does what: a trace, a strategy, or a detector of shared variables. Stays
    /// when they leave.
    pub(crate) const FOLLOWED: Heed = Heed(1 << 4);

    /// Either of both.
    #[inline(always)]
    pub(crate) const fn or(self, other: Heed) -> Heed {
        Heed(self.0 | other.0)
    }

    /// Whether there is any of these reasons.
    #[inline(always)]
    pub(crate) const fn has(self, any: Heed) -> bool {
        self.0 & any.0 != 0
    }

    /// Adds these.
    #[inline(always)]
    pub(crate) const fn add(&mut self, reasons: Heed) {
        self.0 |= reasons.0;
    }

    /// Takes these away.
    #[inline(always)]
    pub(crate) const fn remove(&mut self, reasons: Heed) {
        self.0 &= !reasons.0;
    }

    /// Adds these or takes them away.
    #[inline]
    pub(crate) const fn set(&mut self, reasons: Heed, are_there: bool) {
        if are_there {
            self.add(reasons);
        } else {
            self.remove(reasons);
        }
    }
}
