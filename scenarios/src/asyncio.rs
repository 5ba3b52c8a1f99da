//! Unpick's primitives held against asyncio itself.
//!
//! An oracle writes random programs over asyncio's primitives, one to a line, with what CPython
//! did with each ([`reading`]). An interpreter carries the same programs out with the primitives
//! of Unpick, under plain scheduling, where tasks give way only where they really block
//! ([`interpreter`]). What both must agree on is compared ([`compare`]): everything but how many
//! turns of an event loop a wake-up takes, which is nobody's contract. Where the two may differ,
//! [`differences`] says why; whether only the order of turns was another is found out by trying
//! others ([`turns`]).

pub mod command;
pub mod compare;
pub mod differences;
pub mod interpreter;
pub mod outcomes;
pub mod program;
pub mod reading;
pub mod turns;

use self::compare::Difference;
use self::differences::Reason;
use self::program::Record;

/// What came of holding one program against asyncio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Both did the same.
    Agrees,
    /// They differ, on purpose: with the reason.
    DiffersAsDocumented(Reason, Vec<Difference>),
    /// They differ.
    Differs(Vec<Difference>),
}

/// Carries out a program and compares what came of it with what asyncio did.
#[must_use]
pub fn judge(record: &Record) -> Judgement {
    let report = interpreter::run_plain(&record.program);
    let found = compare::differences(&record.program, &record.expected, &report);
    if found.is_empty() {
        return Judgement::Agrees;
    }
    match differences::reason(record, &report, &found) {
        Some(reason) => Judgement::DiffersAsDocumented(reason, found),
        None => Judgement::Differs(found),
    }
}
