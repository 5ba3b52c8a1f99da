//! Replay: the choices of a tape, once more.

use std::fmt;

use super::{Point, Strategy};
use crate::choice::{Choice, Label};
use crate::streams::Streams;
use crate::tape::{Tape, Token};

/// What a replay does when the program asks something else than the tape has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The run ends there, with a finding of kind `divergence`.
    #[default]
    Strict,
    /// The run goes on with plain choices.
    Lenient,
}

/// Takes the alternatives that a tape has.
#[derive(Clone, Debug)]
pub struct Replay {
    recording: Recording,
    strictness: Strictness,
    /// Whether the tape was left, leniently: everything from there on is plain.
    has_left: bool,
    /// The next of a token's deviations.
    next_deviation: usize,
}

#[derive(Clone, Debug)]
enum Recording {
    Choices(Vec<Choice>),
    Token(Token),
}

impl Replay {
    /// Replays a tape: a divergence is found at its first choice.
    #[must_use]
    pub fn tape(tape: &Tape, strictness: Strictness) -> Replay {
        Replay::new(Recording::Choices(tape.choices.clone()), strictness)
    }

    /// Replays a token: a divergence is found when an alternative does not exist, or by the
    /// checksum when the run is over.
    #[must_use]
    pub fn token(token: Token, strictness: Strictness) -> Replay {
        Replay::new(Recording::Token(token), strictness)
    }

    fn new(recording: Recording, strictness: Strictness) -> Replay {
        Replay { recording, strictness, has_left: false, next_deviation: 0 }
    }

    /// What the tape has for this choice.
    fn recorded(&mut self, point: &Point<'_>) -> Result<u32, Box<Divergence>> {
        let asked = Asked { label: point.label, arity: point.arity };
        match &self.recording {
            Recording::Choices(choices) => match choices.get(point.number) {
                None => Err(Box::new(Divergence::PastTheEnd { length: choices.len(), asked })),
                Some(choice) if choice.label() != point.label || choice.arity() != point.arity => {
                    let taped = Asked { label: choice.label(), arity: choice.arity() };
                    Err(Box::new(Divergence::OtherQuestion { number: point.number, taped, asked }))
                }
                Some(choice) => Ok(choice.taken()),
            },
            Recording::Token(token) if point.number >= token.length() => {
                Err(Box::new(Divergence::PastTheEnd { length: token.length(), asked }))
            }
            Recording::Token(token) => match token.deviations().get(self.next_deviation) {
                Some(&(number, taken)) if number == point.number => {
                    self.next_deviation += 1;
                    if taken < point.arity {
                        Ok(taken)
                    } else {
                        Err(Box::new(Divergence::NoSuchAlternative { number, taken, asked }))
                    }
                }
                _ => Ok(0),
            },
        }
    }
}

impl Strategy for Replay {
    fn choose(&mut self, point: &Point<'_>, _: &mut Streams) -> Result<u32, Box<Divergence>> {
        if self.has_left {
            return Ok(0);
        }
        match (self.recorded(point), self.strictness) {
            (Err(_), Strictness::Lenient) => {
                self.has_left = true;
                Ok(0)
            }
            (recorded, _) => recorded,
        }
    }

    fn finish(&mut self, tape: &[Choice]) -> Result<(), Box<Divergence>> {
        if self.strictness == Strictness::Lenient {
            return Ok(());
        }
        let made = tape.len();
        match &self.recording {
            Recording::Choices(choices) if made < choices.len() => {
                Err(Box::new(Divergence::EndedEarly { length: choices.len(), made }))
            }
            Recording::Token(token) if made < token.length() => {
                Err(Box::new(Divergence::EndedEarly { length: token.length(), made }))
            }
            Recording::Token(token) => {
                let replayed = Tape { choices: tape.to_vec(), ..Tape::default() };
                if replayed.checksum() == token.checksum() {
                    Ok(())
                } else {
                    Err(Box::new(Divergence::OtherChecksum {
                        taped: token.checksum(),
                        replayed: replayed.checksum(),
                    }))
                }
            }
            Recording::Choices(_) => Ok(()),
        }
    }
}

/// A question: what a choice is about, and how many alternatives it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What it is about.
    pub label: Label,
    /// How many alternatives it has.
    pub arity: u32,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} choice of {}", self.label, self.arity)
    }
}

/// Where a program left the tape that it was to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// At this choice the program asks something else.
    OtherQuestion {
        /// The number of the choice, from 0.
        number: usize,
        /// What the tape has there.
        taped: Asked,
        /// What the program asks.
        asked: Asked,
    },
    /// The tape takes an alternative that this choice does not have.
    NoSuchAlternative {
        /// The number of the choice, from 0.
        number: usize,
        /// The alternative on the tape.
        taken: u32,
        /// What the program asks.
        asked: Asked,
    },
    /// The program makes more choices than the tape has.
    PastTheEnd {
        /// How many choices the tape has.
        length: usize,
        /// What the program asks.
        asked: Asked,
    },
    /// The program makes fewer choices than the tape has.
    EndedEarly {
        /// How many choices the tape has.
        length: usize,
        /// How many the program made.
        made: usize,
    },
    /// A hunt that keeps to an order of points left it.
    LeftOrder {
        /// What was passed, and what should have been.
        why: String,
    },
    /// The program made as many choices as the token has, but not the same ones.
    OtherChecksum {
        /// The token's checksum.
        taped: u32,
        /// The checksum of what the program asked.
        replayed: u32,
    },
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Divergence::LeftOrder { why } = self {
            return write!(f, "the run left the order of points: {why}");
        }
        f.write_str("the program is not the one on the tape: ")?;
        match self {
            Divergence::LeftOrder { .. } => Ok(()),
            Divergence::OtherQuestion { number, taped, asked } => {
                write!(f, "at choice {number} the tape has {taped}, and the program asks {asked}")
            }
            Divergence::NoSuchAlternative { number, taken, asked } => write!(
                f,
                "at choice {number} the tape takes alternative {taken}, and the program asks \
                 {asked}"
            ),
            Divergence::PastTheEnd { length, asked } => write!(
                f,
                "the tape ends after {length} choices, and the program asks {asked} as well"
            ),
            Divergence::EndedEarly { length, made } => {
                write!(f, "the tape has {length} choices, and the program made only {made}")
            }
            Divergence::OtherChecksum { taped, replayed } => write!(
                f,
                "the tape's checksum over all questions is {taped:06x}, and the program's \
                 {replayed:06x}"
            ),
        }
    }
}

impl std::error::Error for Divergence {}
