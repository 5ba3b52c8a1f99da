//! A tape: a run's choices in order, the whole of its nondeterminism.

mod token;

pub use token::{Token, TokenError};

use crate::choice::Choice;
use crate::engine;
use crate::options::{Switching, TimeModel};

/// What one run decided, and under which switching and time model.
///
/// The allocation of a tape that is dropped is used again by the next run on its thread. So its
/// choices cannot be moved out of it, but [taken](std::mem::take).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    /// Where other tasks could come in between.
    pub switching: Switching,
    /// How virtual time passed.
    pub time: TimeModel,
    /// The decisions, in order. A choice with one alternative only is never on a tape.
    pub choices: Vec<Choice>,
}

/// The next run of this thread writes its choices where these were.
impl Drop for Tape {
    #[inline]
    fn drop(&mut self) {
        if self.choices.capacity() > 0 {
            engine::give_back(std::mem::take(&mut self.choices));
        }
    }
}

impl Tape {
    /// How many choices were made.
    #[must_use]
    pub fn len(&self) -> usize {
        self.choices.len()
    }

    /// Whether no choice was made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// How many choices are not plain.
    #[must_use]
    pub fn deviations(&self) -> usize {
        self.choices.iter().filter(|choice| !choice.is_plain()).count()
    }

    /// The tape in its sparse form, which prints as `1pe:9@2=1,4=1~77ab03`.
    #[must_use]
    pub fn token(&self) -> Token {
        Token::of(self)
    }

    /// A 24-bit FNV-1a checksum over every choice's label and arity: it tells whether a program
    /// asks the same questions again, whatever the answers are.
    #[must_use]
    pub fn checksum(&self) -> u32 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for choice in &self.choices {
            for byte in choice.question().to_be_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        ((hash ^ hash >> 24 ^ hash >> 48) & 0x00ff_ffff) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Run, spawn, yield_now};

    fn tape_of_a_run() -> Tape {
        Run::new().execute(|| async { spawn(yield_now()).await }).tape
    }

    #[test]
    fn a_run_writes_where_the_last_tape_was_that_its_thread_dropped() {
        drop(Tape { choices: Vec::with_capacity(1234), ..Tape::default() });
        let (first, second) = (tape_of_a_run(), tape_of_a_run());
        assert_eq!(first.choices.capacity(), 1234);
        assert!(second.choices.capacity() < 1234, "that is in use");
        assert_eq!(first, second);
        // One that nobody will have much use for.
        drop(Tape { choices: Vec::with_capacity(1 << 20), ..Tape::default() });
        assert!(tape_of_a_run().choices.capacity() < 1 << 20);
    }
}
