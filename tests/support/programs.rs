//! Random programs: data that can be printed, executed on the engine, and understood by the
//! model.
//!
//! A program is a main task that works on plain variables, locks and channels, and spawns
//! others that do so too. Every task has a register: what it reads goes into it, what it writes
//! comes out of it, and it is the task's result. So a different interleaving nearly always
//! shows.

mod generate;
mod interpret;
mod primitives;

use std::fmt;
use std::sync::Arc;

pub(crate) use generate::{Form, Size, generate};
pub(crate) use interpret::{Executed, execute, expecting};
pub(crate) use primitives::execute_on_primitives;

/// What one task does, in order.
pub(crate) type Body = Arc<[Op]>;

/// One thing that a task does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Spawns a child that does this.
    Spawn(Body),
    /// Joins the n-th child of this task, unless that was done before.
    Join(usize),
    /// Aborts the n-th task of the run, if it has been spawned and is not the main one.
    Abort(usize),
    /// Gives way.
    Yield,
    /// Sleeps for so many milliseconds.
    Sleep(u64),
    /// A point at which another task may come in between.
    Step,
    /// Reads a variable into the register.
    Read(usize),
    /// Writes the register, plus one, to a variable.
    Write(usize),
    /// Does this while holding a lock.
    Lock(usize, Body),
    /// Sends the register through a channel; waits for room if the channel is bounded.
    Send(usize),
    /// Waits for a message from a channel, and takes it into the register.
    Receive(usize),
    /// Draws a number below this into the register.
    Draw(u32),
}

/// A program: what it works on, and what its main task does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) variables: usize,
    pub(crate) locks: usize,
    /// The capacity of each channel; `None` for one without a bound.
    pub(crate) channels: Vec<Option<usize>>,
    pub(crate) main: Body,
}

/// How a run of a program ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// The main task returned.
    Finished,
    /// Nothing could run any more.
    Deadlock,
    /// Something that no program should come to.
    Other(String),
}

/// What came of a run of a program, to be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Summary {
    pub(crate) end: End,
    pub(crate) variables: Vec<u64>,
    /// Each task's result, in the order of spawning, if it returned.
    pub(crate) results: Vec<Option<u64>>,
    /// How many tasks, the main one apart, had not ended.
    pub(crate) unfinished: usize,
    pub(crate) elapsed_ns: u64,
}

/// What a task's register becomes when it takes in a value.
pub(crate) const fn mix(register: u64, value: u64) -> u64 {
    register.wrapping_mul(31).wrapping_add(value).wrapping_add(1)
}

/// What joining an aborted task takes in.
pub(crate) const CANCELLED: u64 = 1_000_003;

/// Nanoseconds in the milliseconds that [`Op::Sleep`] is given.
pub(crate) const NANOS_PER_MILLI: u64 = 1_000_000;

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} variables, {} locks, channels", self.variables, self.locks)?;
        for capacity in &self.channels {
            match capacity {
                Some(capacity) => write!(f, " [{capacity}]")?,
                None => f.write_str(" [-]")?,
            }
        }
        writeln!(f)?;
        write_body(f, &self.main, 1)
    }
}

fn write_body(f: &mut fmt::Formatter<'_>, body: &[Op], depth: usize) -> fmt::Result {
    for op in body {
        write!(f, "{:1$}", "", depth * 2)?;
        match op {
            Op::Spawn(body) => {
                writeln!(f, "spawn")?;
                write_body(f, body, depth + 1)?;
            }
            Op::Lock(lock, body) => {
                writeln!(f, "lock {lock}")?;
                write_body(f, body, depth + 1)?;
            }
            Op::Join(child) => writeln!(f, "join child {child}")?,
            Op::Abort(task) => writeln!(f, "abort task {task}")?,
            Op::Yield => writeln!(f, "yield")?,
            Op::Sleep(millis) => writeln!(f, "sleep {millis} ms")?,
            Op::Step => writeln!(f, "step")?,
            Op::Read(variable) => writeln!(f, "read {variable}")?,
            Op::Write(variable) => writeln!(f, "write {variable}")?,
            Op::Send(channel) => writeln!(f, "send {channel}")?,
            Op::Receive(channel) => writeln!(f, "receive {channel}")?,
            Op::Draw(bound) => writeln!(f, "draw below {bound}")?,
        }
    }
    Ok(())
}
