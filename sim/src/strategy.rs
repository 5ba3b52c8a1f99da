//! Strategies: what makes the choices of one run.
//!
//! A strategy is one file and one line in [`NAMES`]. It sees each choice as a [`Point`] and draws
//! what randomness it needs from the run's [`Streams`], so that it is remade by the run's seed.

mod fifo;
mod random;
mod replay;
mod systematic;

use std::fmt;

pub use fifo::Fifo;
pub use random::Random;
pub use replay::{Divergence, Replay, Strictness};
pub use systematic::Systematic;

use crate::choice::{Choice, Label};
use crate::engine::{OperationRecord, ReadySet, Table, TaskId, Turn};
use crate::streams::Streams;

/// Decides the choices of one run.
pub trait Strategy: fmt::Debug {
    /// Takes one of the point's alternatives, from 0.
    ///
    /// # Errors
    /// If the program is not the one that the strategy was made for.
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>>;

    /// Whether every choice is an even draw from the stream of its label (or a draw by its
    /// weight): the engine then draws by itself and does not ask.
    fn is_random_walk(&self) -> bool {
        false
    }

    /// Called once when the run is over, with everything that was chosen.
    ///
    /// # Errors
    /// If the run was not the one that the strategy expected.
    fn finish(&mut self, tape: &[Choice]) -> Result<(), Box<Divergence>> {
        let _ = tape;
        Ok(())
    }
}

/// One choice that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// What it is about.
    pub label: Label,
    /// How many alternatives there are: 2 or more. Alternative 0 is the plain one.
    pub arity: u32,
    /// With two alternatives, how often 1 should be drawn at random: out of 2^32. `None` for
    /// evenly.
    pub weight: Option<u32>,
    /// The number of the choice in its run, from 0.
    pub number: usize,
    pub(crate) turns: Turns<'a>,
}

impl Point<'_> {
    /// Which task an alternative of a schedule choice would run: its number in the order in
    /// which tasks were spawned. `None` for choices of another label.
    #[must_use]
    pub fn task(&self, alternative: u32) -> Option<u32> {
        (self.label == Label::Schedule).then(|| self.turns.task(alternative)).flatten()
    }
}

/// What a schedule choice chooses among.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns<'a> {
    pub(crate) ready: &'a ReadySet,
    pub(crate) operations: &'a Table<OperationRecord>,
    /// At a preemption point, the task that could go on in place: alternative 0.
    pub(crate) in_place: Option<TaskId>,
}

impl Turns<'_> {
    fn task(&self, alternative: u32) -> Option<u32> {
        let position = match (self.in_place, alternative) {
            (Some(task), 0) => return Some(task.0),
            (Some(_), other) => other - 1,
            (None, other) => other,
        };
        match self.ready.get(position as usize) {
            Turn::Resume(task) => Some(task.0),
            Turn::Operation(id) => self.operations.get(id.0).map(|record| record.task.0),
        }
    }
}

/// Makes a strategy for one run.
type Make = fn() -> Box<dyn Strategy>;

/// The strategies that need nothing but their name, and how each is made.
pub const NAMES: &[(&str, Make)] = &[("fifo", || Box::new(Fifo)), ("random", || Box::new(Random))];

/// The strategy of this name.
///
/// # Errors
/// If there is none: the error lists those that there are.
pub fn by_name(name: &str) -> Result<Box<dyn Strategy>, UnknownStrategy> {
    let found = NAMES.iter().find(|(known, _)| *known == name);
    found.map(|(_, make)| make()).ok_or_else(|| UnknownStrategy { name: name.to_owned() })
}

/// There is no strategy of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy {
    name: String,
}

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        write!(f, "there is no strategy `{}`; allowed: {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownStrategy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_strategy_is_refused_with_the_known_ones() {
        let error = by_name("rnadom").expect_err("a misspelt name");
        assert_eq!(error.to_string(), "there is no strategy `rnadom`; allowed: fifo, random");
    }
}
