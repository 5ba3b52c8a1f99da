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
    /// It is the worker of another hunt than this one.
    Bystander,
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
    /// All runs of the hunt from this number on.
    Runs(u64),
    /// This run alone, telling each choice.
    One(u64),
    /// The tape that the environment asks for in place of all runs, telling each choice.
    Tape,
    /// Replaying what is kept.
    Kept,
    /// Explaining the failure with this tape.
    Explain(Box<Token>),
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
    if is_meant { Role::Worker(orders) } else { Role::Bystander }
}

impl fmt::Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Orders { name, ordinal, seed, lost, job } = self;
        write!(f, "{ordinal} {seed} ")?;
        match job {
            Job::Runs(from) => write!(f, "runs:{from}")?,
            Job::One(number) => write!(f, "one:{number}")?,
            Job::Tape => f.write_str("tape:")?,
            Job::Kept => f.write_str("kept:")?,
            Job::Explain(token) => write!(f, "explain:{token}")?,
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
        ("runs", from) => Job::Runs(from.parse().ok()?),
        ("one", number) => Job::One(number.parse().ok()?),
        ("tape", "") => Job::Tape,
        ("kept", "") => Job::Kept,
        ("explain", token) => Job::Explain(Box::new(token.parse().ok()?)),
        _ => return None,
    };
    let lost = parts.next()?.strip_prefix('-')?;
    let lost = lost.split(',').filter(|number| !number.is_empty());
    let lost = lost.map(|number| number.parse().ok()).collect::<Option<Vec<u64>>>()?;
    Some(Orders { name: parts.next()?.to_owned(), ordinal, seed, lost, job })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_they_were_written() {
        let token = "1pe:3@1=1~5f0964".parse().expect("it is a token");
        let jobs =
            [Job::Runs(17), Job::One(3), Job::Tape, Job::Kept, Job::Explain(Box::new(token))];
        for (job, lost) in jobs.into_iter().zip([vec![], vec![4], vec![4, 9], vec![], vec![1]]) {
            let name = String::from("a hunt with spaces ");
            let orders = Orders { name, ordinal: 2, seed: u64::MAX, lost, job };
            assert_eq!(orders.to_string().parse(), Ok(orders));
        }
        for text in ["", "1", "0 0 runs:x - a", "0 0 rums:1 - a", "0 0 runs:1 4 a"] {
            assert_eq!(text.parse::<Orders>(), Err(NoOrders), "{text}");
        }
    }
}
