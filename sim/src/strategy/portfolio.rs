//! The portfolio: strategies in rotation, because each is blind to something.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use super::learning::Learnt;
use super::learning::Lessons;
use super::surw::Interest;
use super::sweep::{Few, Turn};
use super::unrepeated::Unrepeated;
use super::{Chooser, Delay, Fifo, Lockstep, Pct, Pos, Surw};
use crate::names::{Line, is_same};

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

/// After how many calibration runs it may show that a program has few interleavings.
const MEASURED_RUNS: u64 = 8;

/// The strategy of a calibration run, below [`CALIBRATION_RUNS`]: the first is plain, the second
/// in lockstep, and then a random walk and partial-order sampling take turns. Once these say that
/// the tasks do not wait for one another, and have few interleavings, the others begin to take
/// one after the other, for as long as that holds.
#[must_use]
pub fn calibrating(number: u64, lessons: &Lessons) -> Assignment {
    if number >= MEASURED_RUNS
        && let Some((sweep, index, learnt)) = lessons.next_interleaving(number)
    {
        let walk = Unrepeated::new(sweep, &learnt, index);
        return Assignment::new("urw", lessons.attend(walk.into()));
    }
    let Assignment { name, chooser } = match number {
        0 => Assignment::new("fifo", Fifo),
        1 => Assignment::new("lockstep", Lockstep),
        odd if odd % 2 == 1 => Assignment::new("pos", Pos::new()),
        _ => Assignment::new("random", Chooser::RandomWalk),
    };
    Assignment { name, chooser: lessons.attend(chooser) }
}

/// The strategy of a later run. Where there are few interleavings, they are taken one after the
/// other, with a run of the others now and then; after that, and where there are many, strategies
/// rotate.
#[must_use]
pub fn rotating(number: u64, learnt: &Arc<Learnt>) -> Assignment {
    match learnt.few().and_then(|few| few.turn(number)) {
        Some(Turn::Takes(index)) => return uniform("urw", index, learnt),
        Some(Turn::Others(index)) => {
            let others = OTHERS.len() as u64;
            return named(OTHERS[(index % others) as usize], index / others, learnt);
        }
        None => {}
    }
    let round = number / ROTATION.len() as u64;
    let turn = (number % ROTATION.len() as u64) as usize;
    let member = ROTATION[turn];
    if !is_uniform(member, learnt) {
        return named(member, round, learnt);
    }
    // They all share the interleavings that there are.
    let uniform = |turns: &[Member]| {
        turns.iter().filter(|&&member| is_uniform(member, learnt)).count() as u64
    };
    let index = round * uniform(&ROTATION) + uniform(&ROTATION[..turn]);
    let again = learnt.few().map_or(0, Few::again);
    named(member, again + index, learnt)
}

/// Those that are not uniform over everything.
const OTHERS: [Member; 3] = [Member::Pct, Member::Pos, Member::Random];

/// Whether a member is a walk that is uniform over everything: a selective one without sites to
/// select from is.
fn is_uniform(member: Member, learnt: &Learnt) -> bool {
    member == Member::Urw || (member == Member::Surw && learnt.sites().is_empty())
}

/// A walk that is uniform over everything; without repetition, where there are few interleavings.
fn uniform(name: &str, index: u64, learnt: &Arc<Learnt>) -> Assignment {
    match learnt.few() {
        Some(few) => Assignment::new(name, Unrepeated::new(few.sweep.clone(), learnt, index)),
        None => Assignment::new(name, Surw::new(learnt.clone(), Interest::Everything)),
    }
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
    /// Probabilistic concurrency testing, for depths 2, 3 and 4 in turn.
    Pct,
    /// Probabilistic concurrency testing for bugs of this depth.
    PctOfDepth(u32),
    /// Partial-order sampling.
    Pos,
    /// Uniform random walk.
    Urw,
    /// Selectively uniform random walk.
    Surw,
    /// Delay-bounded, with 1, 2 and 3 delays in turn.
    Delay,
    /// Delay-bounded, with so many delays.
    Delays(u32),
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

/// The largest parameter that a strategy can have.
const PARAMETER_MAX: u32 = 64;

impl Member {
    /// The strategy of this name, such as `pct` or `pct(3)`. Meant for where the compiler
    /// evaluates constants; elsewhere a name is parsed.
    ///
    /// # Panics
    /// If there is none, or it has no such parameter: with what is allowed.
    #[must_use]
    pub const fn of_name(name: &str) -> Member {
        if let Some(member) = Member::find(name) {
            return member;
        }
        let refusal = Line::<1024>::new().with("there is no strategy `").with(name);
        let mut refusal = refusal.with("`; allowed: ");
        let mut at = 0;
        while at < MEMBERS.len() {
            refusal = refusal.with(MEMBERS[at].0).with(", ");
            at += 1;
        }
        panic!("{}", refusal.with(PARAMETERS).as_str())
    }

    const fn find(name: &str) -> Option<Member> {
        let (base, parameter) = match split_parameter(name.as_bytes()) {
            Some((base, parameter)) => (base, Some(parameter)),
            None => (name.len(), None),
        };
        let base = name.split_at(base).0;
        let mut at = 0;
        while at < MEMBERS.len() {
            if is_same(MEMBERS[at].0, base) {
                return match (MEMBERS[at].1, parameter) {
                    (member, None) => Some(member),
                    (Member::Pct, Some(depth)) => Some(Member::PctOfDepth(depth)),
                    (Member::Delay, Some(delays)) => Some(Member::Delays(delays)),
                    _ => None,
                };
            }
            at += 1;
        }
        None
    }
}

/// The strategies that have a parameter.
const PARAMETERS: &str = "pct(1) to pct(64), delay(1) to delay(64)";

/// Where the parameter of `name(parameter)` begins, and what it is, if it is in bounds.
const fn split_parameter(name: &[u8]) -> Option<(usize, u32)> {
    let mut open = 0;
    while open < name.len() && name[open] != b'(' {
        open += 1;
    }
    if open + 2 >= name.len() || name[name.len() - 1] != b')' {
        return None;
    }
    let (mut at, mut parameter) = (open + 1, 0);
    while at + 1 < name.len() {
        if !name[at].is_ascii_digit() || parameter > PARAMETER_MAX {
            return None;
        }
        parameter = parameter * 10 + (name[at] - b'0') as u32;
        at += 1;
    }
    if parameter == 0 || parameter > PARAMETER_MAX { None } else { Some((open, parameter)) }
}

impl FromStr for Member {
    type Err = UnknownStrategy;

    fn from_str(name: &str) -> Result<Member, UnknownStrategy> {
        Member::find(name).ok_or_else(|| UnknownStrategy { name: name.to_owned() })
    }
}

/// There is no strategy of this name, or it has no such parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownStrategy {
    name: String,
}

impl fmt::Display for UnknownStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no strategy `{}`; allowed: ", self.name)?;
        for (name, _) in MEMBERS {
            write!(f, "{name}, ")?;
        }
        f.write_str(PARAMETERS)
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
        Member::Pct => named(Member::PctOfDepth(2 + (round % 3) as u32), round, learnt),
        Member::PctOfDepth(depth) => {
            Assignment::new(format!("pct({depth})"), Pct::new(depth, points))
        }
        Member::Pos => Assignment::new("pos", Pos::new()),
        Member::Urw => uniform("urw", round, learnt),
        Member::Surw if is_uniform(member, learnt) => uniform("surw", round, learnt),
        Member::Surw => Assignment::new("surw", Surw::new(learnt.clone(), Interest::Sites)),
        Member::Delay => named(Member::Delays(1 + (round % 3) as u32), round, learnt),
        Member::Delays(delays) => {
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
        assert!(error.ends_with(", delay, pct(1) to pct(64), delay(1) to delay(64)"), "{error}");
        let panic = std::panic::catch_unwind(|| Member::of_name("rnadom"));
        let message = panic.expect_err("a misspelt name");
        let message = message.downcast_ref::<String>().expect("a text");
        assert_eq!(*message, error);
    }

    #[test]
    fn a_parameter_stands_in_parentheses() {
        assert_eq!("pct(3)".parse(), Ok(Member::PctOfDepth(3)));
        assert_eq!("delay(64)".parse(), Ok(Member::Delays(64)));
        for wrong in [
            "pct(0)",
            "pct(65)",
            "pct(99999999999)",
            "pct()",
            "pct(3",
            "pct(x)",
            "urw(1)",
            "pct(-1)",
        ] {
            assert!(wrong.parse::<Member>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_strategy_is_remade_by_the_name_that_reports_give_it() {
        let learnt = Arc::new(Learnt::default());
        for (name, member) in MEMBERS {
            for round in 0..3 {
                let reported = named(*member, round, &learnt).name;
                let again: Member = reported.parse().expect(name);
                assert_eq!(named(again, 7, &learnt).name, reported);
            }
        }
    }
}
