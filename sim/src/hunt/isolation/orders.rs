//! What a worker is to do, and which hunt is meant.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::environment;
use crate::hunt::Hunt;
use crate::tape::Token;

/// What a process is to an isolated hunt.
pub(in crate::hunt) enum Role {
    /// It hunts. The how-manieth hunt of its name on its thread it is, from 0.
    Parent(u64),
    /// It makes runs for another process.
    Worker(Orders),
    /// It is the worker of another hunt than this one, which is so many a one of its name.
    Bystander(u64),
}

/// What a worker is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::hunt) struct Orders {
    pub(super) name: String,
    pub(super) ordinal: u64,
    pub(super) seed: u64,
    /// Runs that ended their process: nothing is learnt from them.
    pub(super) lost: Vec<u64>,
    pub(super) job: Job,
}

/// What there is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// All runs of the hunt from this number on, or one worker's part of them.
    Runs(u64, Option<Part>),
    /// Making these runs again, for what was taken in them while something else was held, and
    /// steering runs into orders of locks that could deadlock.
    Steer(Vec<u64>),
    /// This run alone, telling each choice.
    One(u64),
    /// The tape that the environment asks for in place of all runs, telling each choice.
    Tape,
    /// Replaying what is kept.
    Kept,
    /// Explaining the failure with this tape.
    Explain(Box<Token>),
    /// Cutting down the tape of a run that ends its process, as the file with trials says.
    Endure,
    /// Replaying this tape, telling each choice.
    Confirm(Box<Token>),
}

/// Which of the runs after calibration one worker makes, where several do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// From 0.
    pub(super) index: u64,
    /// How many there are. If none, calibration is all that is to be done.
    pub(super) count: u64,
}

impl Part {
    /// Calibration, and nothing after it.
    pub(super) const CALIBRATION: Part = Part { index: 0, count: 0 };

    /// Whether the run at this place of those after calibration is in it.
    pub(super) const fn has(self, place: u64) -> bool {
        self.count > 0 && place % self.count == self.index
    }
}

/// What this process is to a hunt. To be asked once each time that one is run.
#[track_caller]
pub(in crate::hunt) fn role(hunt: &Hunt) -> Role {
    thread_local! {
        static RUN: RefCell<BTreeMap<String, u64>> = const { RefCell::new(BTreeMap::new()) };
    }
    let ordinal = RUN.with(|run| {
        let mut run = run.borrow_mut();
        let next = run.entry(hunt.name.clone()).or_default();
        *next += 1;
        *next - 1
    });
    let Some(orders) = environment::worker() else { return Role::Parent(ordinal) };
    let orders: Orders = orders.parse().unwrap_or_else(|NoOrders| {
        panic!(
            "{}={orders}: no orders of a hunt; the variable is Unpick's own and not to be set",
            environment::WORKER
        )
    });
    let is_meant = orders.name == hunt.name && orders.ordinal == ordinal;
    if is_meant { Role::Worker(orders) } else { Role::Bystander(ordinal) }
}

impl fmt::Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Orders { name, ordinal, seed, lost, job } = self;
        write!(f, "{ordinal} {seed} ")?;
        match job {
            Job::Runs(from, None) => write!(f, "runs:{from}")?,
            Job::Runs(from, Some(Part { index, count })) => {
                write!(f, "runs:{from}+{index}/{count}")?;
            }
            Job::Steer(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                write!(f, "steer:{}", numbers.join(","))?;
            }
            Job::One(number) => write!(f, "one:{number}")?,
            Job::Tape => f.write_str("tape:")?,
            Job::Kept => f.write_str("kept:")?,
            Job::Explain(token) => write!(f, "explain:{token}")?,
            Job::Endure => f.write_str("endure:")?,
            Job::Confirm(token) => write!(f, "confirm:{token}")?,
        }
        let lost: Vec<String> = lost.iter().map(u64::to_string).collect();
        write!(f, " -{} {name}", lost.join(","))
    }
}

/// A text that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hunt) struct NoOrders;

impl FromStr for Orders {
    type Err = NoOrders;

    fn from_str(text: &str) -> Result<Orders, NoOrders> {
        read(text).ok_or(NoOrders)
    }
}

fn read(text: &str) -> Option<Orders> {
    let mut parts = text.splitn(5, ' ');
    let (ordinal, seed) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (job, argument) = parts.next()?.split_once(':')?;
    let job = match (job, argument) {
        ("runs", runs) => match runs.split_once('+') {
            None => Job::Runs(runs.parse().ok()?, None),
            Some((from, part)) => {
                let (index, count) = part.split_once('/')?;
                let part = Part { index: index.parse().ok()?, count: count.parse().ok()? };
                Job::Runs(from.parse().ok()?, Some(part))
            }
        },
        ("steer", list) => Job::Steer(numbers(list)?),
        ("one", number) => Job::One(number.parse().ok()?),
        ("tape", "") => Job::Tape,
        ("kept", "") => Job::Kept,
        ("endure", "") => Job::Endure,
        ("confirm", token) => Job::Confirm(Box::new(token.parse().ok()?)),
        ("explain", token) => Job::Explain(Box::new(token.parse().ok()?)),
        _ => return None,
    };
    let lost = parts.next()?.strip_prefix('-')?;
    let lost = numbers(lost)?;
    Some(Orders { name: parts.next()?.to_owned(), ordinal, seed, lost, job })
}

/// Reads `3,4,9`.
fn numbers(list: &str) -> Option<Vec<u64>> {
    let numbers = list.split(',').filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_they_were_written() {
        let token: Token = "1pe:3@1=1~5f0964".parse().expect("it is a token");
        let jobs = [
            Job::Runs(17, None),
            Job::Runs(17, Some(Part { index: 2, count: 3 })),
            Job::Steer(vec![3, 99]),
            Job::Steer(Vec::new()),
            Job::One(3),
            Job::Tape,
            Job::Kept,
            Job::Endure,
            Job::Confirm(Box::new(token.clone())),
            Job::Explain(Box::new(token)),
        ];
        let lost = [vec![], vec![4], vec![4, 9]].into_iter().cycle();
        for (job, lost) in jobs.into_iter().zip(lost) {
            let name = String::from("a hunt with spaces ");
            let orders = Orders { name, ordinal: 2, seed: u64::MAX, lost, job };
            assert_eq!(orders.to_string().parse(), Ok(orders));
        }
        for text in ["", "1", "0 0 runs:x - a", "0 0 rums:1 - a", "0 0 runs:1 4 a"] {
            assert_eq!(text.parse::<Orders>(), Err(NoOrders), "{text}");
        }
    }
}
