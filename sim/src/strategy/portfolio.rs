//! The portfolio: strategies in rotation, because each is blind to something.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use super::learning::Learnt;
use super::learning::Lessons;
use super::surw::Interest;
use super::{Chooser, Delay, Fifo, Lockstep, Pct, Pos, Surw};

/// How many runs of a hunt learn. They use strategies that learn nothing, in a fixed order.
pub const CALIBRATION_RUNS: u64 = 32;

/// The strategy of a run, and its name with parameters.
#[derive(Debug)]
pub struct Assignment {
    /// Such as `pct(3)`.
    pub name: String,
    /// What makes the choices.
    pub chooser: Chooser,
}

impl Assignment {
    fn new(name: impl Into<String>, chooser: impl Into<Chooser>) -> Assignment {
        Assignment { name: name.into(), chooser: chooser.into() }
    }
}

/// The strategy of a calibration run, below [`CALIBRATION_RUNS`]: the first is plain, the second
/// in lockstep, and then a random walk and partial-order sampling take turns.
#[must_use]
pub fn calibrating(number: u64, lessons: &Lessons) -> Assignment {
    let Assignment { name, chooser } = match number {
        0 => Assignment::new("fifo", Fifo),
        1 => Assignment::new("lockstep", Lockstep),
        odd if odd % 2 == 1 => Assignment::new("pos", Pos::new()),
        _ => Assignment::new("random", Chooser::RandomWalk),
    };
    Assignment { name, chooser: lessons.attend(chooser) }
}

/// The strategy of a later run.
#[must_use]
pub fn rotating(number: u64, learnt: &Arc<Learnt>) -> Assignment {
    let round = number / ROTATION.len() as u64;
    let turn = (number % ROTATION.len() as u64) as usize;
    named(ROTATION[turn], round, learnt)
}

/// The uniform walks have more turns than the others: in measurements over programs that
/// synchronise by awaits, they are the only ones that are never blind.
const ROTATION: [Member; 8] = [
    Member::Surw,
    Member::Urw,
    Member::Pct,
    Member::Surw,
    Member::Urw,
    Member::Pos,
    Member::Surw,
    Member::Random,
];

/// A strategy that a hunt can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The plain schedule.
    Fifo,
    /// Every task one operation at a time, in turn.
    Lockstep,
    /// Random walk.
    Random,
    /// Probabilistic concurrency testing.
    Pct,
    /// Partial-order sampling.
    Pos,
    /// Uniform random walk.
    Urw,
    /// Selectively uniform random walk.
    Surw,
    /// Delay-bounded.
    Delay,
}

/// Every strategy by its name.
pub const MEMBERS: &[(&str, Member)] = &[
    ("fifo", Member::Fifo),
    ("lockstep", Member::Lockstep),
    ("random", Member::Random),
    ("pct", Member::Pct),
    ("pos", Member::Pos),
    ("urw", Member::Urw),
    ("surw", Member::Surw),
    ("delay", Member::Delay),
];

impl FromStr for Member {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Member, UnknownStrategy> {
        let found = MEMBERS.iter().find(|(known, _)| *known == name);
        found.map(|&(_, member)| member).ok_or_else(|| UnknownStrategy { name: name.to_owned() })
    }
}

/// There is no strategy of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy {
    name: String,
}

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = MEMBERS.iter().map(|(name, _)| *name).collect();
        write!(f, "there is no strategy `{}`; allowed: {}", self.name, names.join(", "))
    }
}

impl std::error::Error for UnknownStrategy {}

/// The strategy of a run, its parameters cycling with `round`.
#[must_use]
pub fn named(member: Member, round: u64, learnt: &Arc<Learnt>) -> Assignment {
    let points = learnt.points();
    match member {
        Member::Fifo => Assignment::new("fifo", Fifo),
        Member::Lockstep => Assignment::new("lockstep", Lockstep),
        Member::Random => Assignment::new("random", Chooser::RandomWalk),
        Member::Pct => {
            let depth = 2 + (round % 3) as u32;
            Assignment::new(format!("pct({depth})"), Pct::new(depth, points))
        }
        Member::Pos => Assignment::new("pos", Pos::new()),
        Member::Urw => Assignment::new("urw", Surw::new(learnt.clone(), Interest::Everything)),
        Member::Surw => Assignment::new("surw", Surw::new(learnt.clone(), Interest::Sites)),
        Member::Delay => {
            let delays = 1 + (round % 3) as u32;
            Assignment::new(format!("delay({delays})"), Delay::new(delays, points))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_strategy_is_refused_with_the_known_ones() {
        let error = "rnadom".parse::<Member>().expect_err("a misspelt name").to_string();
        assert!(error.starts_with("there is no strategy `rnadom`; allowed: fifo, lockstep,"));
    }
}
