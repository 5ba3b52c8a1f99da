//! Following a tape with a program that may ask other questions.

use std::collections::VecDeque;

use crate::choice::{Choice, Label};
use crate::strategy::{Divergence, Point, Strategy};
use crate::streams::Streams;
use crate::tape::Tape;

/// Takes what the tape took at its next choice of the same label, if there is such an
/// alternative, and the plain one otherwise.
#[derive(Debug)]
pub(super) struct Follow {
    /// By label.
    left: [VecDeque<Choice>; Label::ALL.len()],
}

impl Follow {
    pub(super) fn new(tape: &Tape) -> Follow {
        let mut left = [const { VecDeque::new() }; Label::ALL.len()];
        for choice in &tape.choices {
            left[choice.label() as usize].push_back(*choice);
        }
        Follow { left }
    }
}

impl Strategy for Follow {
    fn choose(&mut self, point: &Point<'_>, _: &mut Streams) -> Result<u32, Box<Divergence>> {
        let recorded = self.left[point.label as usize].pop_front();
        Ok(recorded.map_or(0, Choice::taken).min(point.arity - 1))
    }
}
