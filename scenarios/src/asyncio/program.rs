//! A program over asyncio's primitives, and what came of one.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;
use unpick::primitives::queue::Shutdown;

/// One line of an oracle's file: a program, and what asyncio did with it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The program's name, such as `small-17`.
    pub name: String,
    /// The program.
    pub program: Program,
    /// What asyncio did.
    pub expected: Report,
}

/// Objects, and tasks that use them.
#[derive(Clone, Debug)]
pub struct Program {
    /// In the order of their names. Operations refer to them by their index.
    pub objects: Vec<Object>,
    /// What each task does; they are spawned in this order, as `t0`, `t1`, ….
    pub tasks: Vec<Body>,
}

/// What a task does: operations, one after the other.
pub type Body = Rc<[Operation]>;

/// An object of a program.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its name, such as `lock0`.
    pub name: String,
    /// Of which type it is.
    pub kind: ObjectKind,
    /// A semaphore's value, a barrier's parties, a queue's maxsize; otherwise zero.
    pub size: usize,
}

/// The types of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A lock, always used with a guard.
    Lock,
    /// A semaphore.
    Semaphore,
    /// A semaphore that refuses permits above its initial value.
    BoundedSemaphore,
    /// An event.
    Event,
    /// A condition with its own lock inside.
    Condition,
    /// A barrier.
    Barrier,
    /// A queue: first in, first out.
    Queue,
    /// A queue: last in, first out.
    LifoQueue,
    /// A queue: the smallest first.
    PriorityQueue,
    /// A future.
    Future,
}

/// One operation of a task.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it is called in programs and logs.
    pub name: &'static str,
    /// What it does.
    pub act: Act,
}

/// What an operation does. Objects are given by their index.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sleeps so many microseconds.
    Sleep(u64),
    /// Fails with a `ValueError`.
    Raise,
    /// Runs a body with a lock or a permit.
    Guarded(usize, Body),
    /// Takes a permit without a guard.
    Acquire(usize),
    /// Gives a permit back that was taken without a guard, by whichever task.
    Release(usize),
    /// Waits for an event.
    EventWait(usize),
    /// Sets an event.
    EventSet(usize),
    /// Clears an event.
    EventClear(usize),
    /// Takes a condition's lock, waits, and releases it.
    ConditionWait(usize),
    /// Takes a condition's lock, notifies so many, and releases it.
    ConditionNotify(usize, usize),
    /// Waits at a barrier.
    BarrierWait(usize),
    /// Breaks a barrier.
    BarrierAbort(usize),
    /// Sends everybody away from a barrier, and mends it.
    BarrierReset(usize),
    /// Puts a value into a queue, waiting for a free place.
    Put(usize, i64),
    /// Takes a value from a queue, waiting for one.
    Get(usize),
    /// Puts a value into a queue, unless it is full.
    PutNowait(usize, i64),
    /// Takes a value from a queue, unless it is empty.
    GetNowait(usize),
    /// Says that a value that was taken is dealt with.
    TaskDone(usize),
    /// Waits until all values are dealt with.
    Join(usize),
    /// Shuts a queue down.
    QueueShutdown(usize, Shutdown),
    /// Waits for a future.
    FutureWait(usize),
    /// Resolves a future with a value.
    FutureSet(usize, i64),
    /// Resolves a future with a `ValueError`.
    FutureFail(usize),
    /// Cancels a future.
    FutureCancel(usize),
    /// Runs a body for so many microseconds at the most.
    Timeout(u64, Body),
    /// Gathers child tasks.
    Gather(Vec<Body>),
    /// Runs child tasks in a group.
    Group(Vec<Body>),
    /// Spawns child tasks and waits for some of them.
    Wait(Mode, Vec<Body>),
    /// Cancels the task with this number.
    Cancel(usize),
}

/// What `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One task.
    FirstCompleted,
    /// A failure, or all tasks.
    FirstException,
    /// All tasks.
    AllCompleted,
}

/// What came of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// The virtual time at the end, in microseconds.
    pub time_us: u64,
    /// Each task that is unfinished at the end, and the path that it is at.
    pub blocked: BTreeMap<String, String>,
    /// One line for each operation that completed, and one for the end of each task.
    pub log: Vec<Line>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The main task has returned.
    Finished,
    /// Nothing was runnable, and no timer was pending.
    Deadlock,
    /// As asyncio never ends one: with a finding, which is told.
    Finding(String),
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The virtual time, in microseconds.
    pub time_us: u64,
    /// The task, such as `t0` or `t0/1.0/2`.
    pub task: String,
    /// The operation's path, such as `1.0`; empty for the task's own end.
    pub path: String,
    /// What the operation is called: its name, or `enter`, or `end`.
    pub operation: String,
    /// What it gave.
    pub result: Value,
}

impl Program {
    /// The operation at a path of a task; `None` if there is none.
    #[must_use]
    pub fn operation(&self, task: &str, path: &str) -> Option<&Operation> {
        let mut parts = task.split('/');
        let number: usize = parts.next()?.strip_prefix('t')?.parse().ok()?;
        let mut body = self.tasks.get(number)?;
        while let Some(at) = parts.next() {
            let children = match &walk(body, at)?.act {
                Act::Gather(bodies) | Act::Group(bodies) | Act::Wait(_, bodies) => bodies,
                _ => return None,
            };
            body = children.get(parts.next()?.parse::<usize>().ok()?)?;
        }
        walk(body, path)
    }
}

/// The operation at a path of a body.
fn walk<'a>(mut body: &'a [Operation], path: &str) -> Option<&'a Operation> {
    let mut found = None;
    for index in path.split('.') {
        let operation = body.get(index.parse::<usize>().ok()?)?;
        body = match &operation.act {
            Act::Guarded(_, inner) | Act::Timeout(_, inner) => inner,
            _ => &[],
        };
        found = Some(operation);
    }
    found
}

impl Act {
    /// The object that it is an operation on.
    #[must_use]
    pub fn object(&self) -> Option<usize> {
        match *self {
            Act::Guarded(object, _)
            | Act::Acquire(object)
            | Act::Release(object)
            | Act::EventWait(object)
            | Act::EventSet(object)
            | Act::EventClear(object)
            | Act::ConditionWait(object)
            | Act::ConditionNotify(object, _)
            | Act::BarrierWait(object)
            | Act::BarrierAbort(object)
            | Act::BarrierReset(object)
            | Act::Put(object, _)
            | Act::Get(object)
            | Act::PutNowait(object, _)
            | Act::GetNowait(object)
            | Act::TaskDone(object)
            | Act::Join(object)
            | Act::QueueShutdown(object, _)
            | Act::FutureWait(object)
            | Act::FutureSet(object, _)
            | Act::FutureFail(object)
            | Act::FutureCancel(object) => Some(object),
            Act::Sleep(_)
            | Act::Raise
            | Act::Timeout(..)
            | Act::Gather(_)
            | Act::Group(_)
            | Act::Wait(..)
            | Act::Cancel(_) => None,
        }
    }
}
