//! Systematic search: every tape of a program, one after the other, without reduction.

use super::{Replay, Strictness};
use crate::choice::{Choice, Label};
use crate::options::{Switching, TimeModel};
use crate::tape::Tape;

/// Walks the tree of tapes like an odometer: from a run's tape it makes the next one by taking
/// the next alternative at the right-most choice that has one left, and plain choices from there.
///
/// Choices of a label that is not walked (data, unless asked for) stay as they are on the tape.
#[derive(Clone, Debug)]
pub struct Systematic {
    prefix: Vec<Choice>,
    deviations_max: usize,
}

impl Default for Systematic {
    fn default() -> Self {
        Systematic::new()
    }
}

impl Systematic {
    /// A search of all tapes. The first run is the plain one.
    #[must_use]
    pub fn new() -> Systematic {
        Systematic::bounded(usize::MAX)
    }

    /// A search of the tapes with at most `deviations_max` deviations (delay-bounded: Emmi,
    /// Qadeer, Rakamarić, POPL 2011).
    #[must_use]
    pub fn bounded(deviations_max: usize) -> Systematic {
        Systematic { prefix: Vec::new(), deviations_max }
    }

    /// The strategy of the next run.
    #[must_use]
    pub fn strategy(&self) -> Replay {
        let prefix = Tape {
            switching: Switching::default(),
            time: TimeModel::default(),
            choices: self.prefix.clone(),
        };
        Replay::tape(&prefix, Strictness::Lenient)
    }

    /// Moves on from the tape of the run that was made last. `false` when every tape was made.
    pub fn advance(&mut self, tape: &Tape) -> bool {
        let choices = &tape.choices;
        let mut deviations = tape.deviations();
        for number in (0..choices.len()).rev() {
            let choice = choices[number];
            let before = deviations - usize::from(!choice.is_plain());
            let next = choice.taken() + 1;
            let is_walked = choice.label() != Label::Data || choice.arity() <= DATA_ARITY_MAX;
            if is_walked && next < choice.arity() && before < self.deviations_max {
                self.prefix.clear();
                self.prefix.extend_from_slice(&choices[..number]);
                self.prefix.push(Choice::new(choice.label(), choice.arity(), next));
                return true;
            }
            deviations = before;
        }
        false
    }
}

/// Data of more alternatives than this is not walked: it would be all that is ever changed.
const DATA_ARITY_MAX: u32 = 16;
