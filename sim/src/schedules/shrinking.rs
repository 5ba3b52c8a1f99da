//! Simplifying a tape, one candidate after the other.

use crate::choice::Choice;
use crate::tape::Tape;

/// Makes deviations of a tape plain: all, halves, quarters, …, single ones and neighbours in pairs
/// until none can be made plain; then lowers what is left.
///
/// Every candidate has fewer deviations than the tape, or the same and lower ones: so it ends.
#[derive(Debug)]
pub(super) struct Shrinking {
    tape: Tape,
    stage: Stage,
    /// Whether a candidate of the current pass was accepted.
    has_changed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Makes this many deviations plain at a time, the next ones from here on. Left for half as
    /// many at the end of the tape; from single ones when no candidate of a pass was accepted.
    Plain { size: usize, from: usize },
    /// Makes two neighbouring deviations plain, the next ones from here on. Left for single ones when
    /// a pair was, and for lowering at the end of the tape.
    Pairs { from: usize },
    /// Lowers the deviation of this number, by half or by one. Left at the end of the tape.
    Lower { at: usize, by: By },
    /// Nothing is left to try.
    Done,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Half,
    One,
}

impl Shrinking {
    pub(super) fn new(tape: Tape) -> Shrinking {
        let size = tape.deviations().max(1);
        Shrinking { tape, stage: Stage::Plain { size, from: 0 }, has_changed: false }
    }

    /// The places of the choices that are not plain.
    fn deviations(&self) -> Vec<usize> {
        let choices = self.tape.choices.iter().enumerate();
        choices.filter(|(_, choice)| !choice.is_plain()).map(|(place, _)| place).collect()
    }

    /// The next tape to try.
    pub(super) fn next(&mut self) -> Option<Tape> {
        let deviations = self.deviations();
        loop {
            match self.stage {
                Stage::Plain { size, from } if from < deviations.len() => {
                    self.stage = Stage::Plain { size, from: from + size };
                    let mut tape = self.tape.clone();
                    for &place in &deviations[from..(from + size).min(deviations.len())] {
                        take(&mut tape, place, 0);
                    }
                    return Some(tape);
                }
                Stage::Plain { size: 1, .. } => {
                    self.stage = if std::mem::take(&mut self.has_changed) {
                        Stage::Plain { size: 1, from: 0 }
                    } else {
                        Stage::Pairs { from: 0 }
                    };
                }
                Stage::Pairs { from } if from + 1 < deviations.len() => {
                    self.stage = Stage::Pairs { from: from + 1 };
                    let mut tape = self.tape.clone();
                    take(&mut tape, deviations[from], 0);
                    take(&mut tape, deviations[from + 1], 0);
                    return Some(tape);
                }
                Stage::Pairs { .. } => self.stage = Stage::Lower { at: 0, by: By::Half },
                Stage::Plain { size, .. } => {
                    self.has_changed = false;
                    self.stage = Stage::Plain { size: size / 2, from: 0 };
                }
                Stage::Lower { at, by } if at < deviations.len() => {
                    let place = deviations[at];
                    let taken = self.tape.choices[place].taken();
                    let (lower, stage) = match by {
                        By::Half => (taken / 2, Stage::Lower { at, by: By::One }),
                        By::One => (taken - 1, Stage::Lower { at: at + 1, by: By::Half }),
                    };
                    self.stage = stage;
                    if lower > 0 {
                        let mut tape = self.tape.clone();
                        take(&mut tape, place, lower);
                        return Some(tape);
                    }
                }
                Stage::Lower { .. } => self.stage = Stage::Done,
                Stage::Done => return None,
            }
        }
    }

    /// The last candidate failed as well: here is what it decided.
    pub(super) fn accept(&mut self, tape: Tape) {
        self.tape = tape;
        self.has_changed = true;
        self.stage = match self.stage {
            // What was made plain is no deviation any more: the next ones have moved there.
            Stage::Plain { size, from } => Stage::Plain { size, from: from - size },
            Stage::Pairs { .. } => Stage::Plain { size: 1, from: 0 },
            // The same one again, by the step that was accepted.
            Stage::Lower { at, by: By::One } => Stage::Lower { at, by: By::Half },
            Stage::Lower { at, by: By::Half } => Stage::Lower { at: at - 1, by: By::One },
            Stage::Done => Stage::Done,
        };
    }
}

fn take(tape: &mut Tape, place: usize, taken: u32) {
    let choice = tape.choices[place];
    tape.choices[place] = Choice::new(choice.label(), choice.arity(), taken);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Label;

    fn tape(taken: &[u32]) -> Tape {
        let choices = taken.iter().map(|&taken| Choice::new(Label::Schedule, 100, taken));
        Tape { choices: choices.collect(), ..Tape::default() }
    }

    fn shrink(from: &[u32], fails: impl Fn(&[u32]) -> bool) -> (Vec<u32>, usize) {
        let mut shrinking = Shrinking::new(tape(from));
        let mut tried = 0;
        while let Some(candidate) = shrinking.next() {
            tried += 1;
            let taken: Vec<u32> = candidate.choices.iter().map(|choice| choice.taken()).collect();
            if fails(&taken) {
                shrinking.accept(candidate);
            }
        }
        (shrinking.tape.choices.iter().map(|choice| choice.taken()).collect(), tried)
    }

    #[test]
    fn what_is_left_cannot_be_made_plain_or_lower() {
        let from: Vec<u32> = (1..=90).collect();
        let (left, tried) = shrink(&from, |taken| taken[17] >= 5 && taken[60] >= 33);
        let mut expected = vec![0; 90];
        (expected[17], expected[60]) = (5, 33);
        assert_eq!(left, expected);
        assert!(tried < 80, "{tried} runs");
    }

    #[test]
    fn a_failure_of_any_schedule_is_left_with_the_plain_one() {
        assert_eq!(shrink(&[3, 0, 7], |_| true), (vec![0, 0, 0], 1));
        assert_eq!(shrink(&[0, 0], |_| true).0, [0, 0]);
    }

    #[test]
    fn what_must_not_go_alone_goes_together() {
        // Fails while both or none of two choices deviate.
        let (left, _) = shrink(&[1, 1, 1, 1], |taken| taken[1] == taken[2] && taken[3] == 1);
        assert_eq!(left, [0, 0, 0, 1]);
    }
}
