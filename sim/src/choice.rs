//! One nondeterministic decision: what was asked, and what was taken.

use std::fmt;

/// What a choice is about. Each label draws from a random stream of its own, so that drawing
/// more data does not move the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Label {
    /// Which turn comes next.
    Schedule = 0,
    /// Whether the clock runs ahead, and races between a deadline and a value.
    Time = 1,
    /// Whether a fault strikes.
    Fault = 2,
    /// Data drawn by the program through [`rng`](crate::rng) and [`pick`](crate::pick).
    Data = 3,
}

impl Label {
    /// Every label, in the order of their stream numbers.
    pub const ALL: [Label; 4] = [Label::Schedule, Label::Time, Label::Fault, Label::Data];

    /// The label's name as traces and error messages print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Label::Schedule => "schedule",
            Label::Time => "time",
            Label::Fault => "fault",
            Label::Data => "data",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One decision as a tape keeps it: a label, how many alternatives there were (2 up to
/// [`Choice::ARITY_MAX`]) and which was taken. Alternative 0 is the plain one.
///
/// Eight bytes, because a hunt keeps one for every scheduling decision.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Choice {
    /// The label in the top four bits, then 30 bits of arity - 1, then 30 bits of what was taken.
    packed: u64,
}

const FIELD_BITS: u32 = 30;
const FIELD_MASK: u64 = (1 << FIELD_BITS) - 1;

impl Choice {
    /// The largest number of alternatives that one choice can have: 2^30.
    pub const ARITY_MAX: u32 = 1 << FIELD_BITS;

    /// A choice of alternative `taken` out of `arity`.
    ///
    /// # Panics
    /// If `arity` is not in 1..=[`ARITY_MAX`](Self::ARITY_MAX) or `taken` is not below it.
    #[must_use]
    #[inline]
    pub const fn new(label: Label, arity: u32, taken: u32) -> Choice {
        assert!(arity >= 1 && arity <= Choice::ARITY_MAX, "a choice has 1 to 2^30 alternatives");
        assert!(taken < arity, "the alternative taken lies below the arity");
        Choice::new_fitting(label, arity, taken)
    }

    /// The same, for the engine, which has seen to it that the fields fit.
    #[inline]
    pub(crate) const fn new_fitting(label: Label, arity: u32, taken: u32) -> Choice {
        debug_assert!(arity >= 1 && arity <= Choice::ARITY_MAX && taken < arity);
        let others = arity as u64 - 1;
        Choice { packed: (label as u64) << 60 | others << FIELD_BITS | taken as u64 }
    }

    /// What the choice was about.
    #[must_use]
    pub const fn label(self) -> Label {
        match self.packed >> 60 {
            0 => Label::Schedule,
            1 => Label::Time,
            2 => Label::Fault,
            _ => Label::Data,
        }
    }

    /// How many alternatives there were.
    #[must_use]
    pub const fn arity(self) -> u32 {
        ((self.packed >> FIELD_BITS) & FIELD_MASK) as u32 + 1
    }

    /// Which alternative was taken; 0 is the plain one.
    #[must_use]
    pub const fn taken(self) -> u32 {
        (self.packed & FIELD_MASK) as u32
    }

    /// Whether the plain alternative was taken.
    #[must_use]
    pub const fn is_plain(self) -> bool {
        self.taken() == 0
    }

    /// What a checksum covers: the question, not the answer.
    pub(crate) const fn question(self) -> u64 {
        self.packed & !FIELD_MASK
    }
}

impl fmt::Debug for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.label(), self.taken(), self.arity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_gives_back_what_was_put_in() {
        for label in Label::ALL {
            for (arity, taken) in [(1, 0), (2, 1), (1000, 999), (Choice::ARITY_MAX, 5)] {
                let choice = Choice::new(label, arity, taken);
                assert_eq!((choice.label(), choice.arity(), choice.taken()), (label, arity, taken));
            }
        }
    }

    #[test]
    fn the_question_leaves_the_answer_out() {
        let (left, right) = (Choice::new(Label::Time, 9, 0), Choice::new(Label::Time, 9, 8));
        assert_eq!(left.question(), right.question());
        assert_ne!(left.question(), Choice::new(Label::Time, 8, 0).question());
        assert_ne!(left.question(), Choice::new(Label::Fault, 9, 0).question());
    }
}
