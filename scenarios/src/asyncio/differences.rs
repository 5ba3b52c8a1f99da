//! Where Unpick differs from asyncio, and may: each way in which it does, and how it is told.
//!
//! A way is recognised by the first instant in which the two differ, never by what follows.
//!
//! How often it happens, in eleven mixes of 2000 small, 2000 medium and 500 large programs each
//! (first seeds 1, 20261126, and 1000001 to 9000001): 213 of 49 500 under CPython 3.11 and 3.12,
//! which is 0.43 % (95 % confidence: 0.38 to 0.49 %; a single mix has 12 to 26 of 4500), and 168,
//! or 0.34 % (0.29 to 0.39 %; 10 to 21 of 4500), under 3.13. With 45 000 others, of the same sizes in
//! the same parts: 453 of 94 500, 0.48 % (0.44 to 0.52 %), and 367, 0.39 % (0.35 to 0.43 %).
//!
//! | why | 3.11, 3.12 | 3.13 |
//! |---|---|---|
//! | [another order of turns](Reason::OrderOfTurns) | 123 | 134 |
//! | [a cancellation swallowed by a group](Reason::GroupFailedToo) | 36 | – |
//! | [a request left behind](Reason::RequestLeftBehind) | 27 | – |
//! | [a future cancelled with its waiter](Reason::FutureCancelledToo) | 22 | 23 |
//! | [cancelled in one turn](Reason::CancelledInOneTurn), [dropped in place](Reason::DroppedInPlace) | 4 | 8 |
//! | [notified later](Reason::NotifiedLater), [handed to the cancelled](Reason::HandedToTheCancelled) | 1 | 3 |
//!
//! The second and third are what CPython mended in 3.13. Of the first, 86 of the 123 agree with an
//! asyncio in which whoever joins tasks learns of an end in the turn in which it comes, and not one
//! later: 67 where `wait` alone does, 19 where `TaskGroup` alone does, one where `gather` alone
//! does, whose turns the oracle varies itself. In 34 of the other 37 somebody is cancelled in that
//! instant: mostly the cancellation reaches children one level of tasks a turn; or else a
//! semaphore passes over a waiter whose task was cancelled and has not run since, which no
//! primitive can know of a task's future on any other executor. asyncio promises none of it, and
//! nothing short of those turns would give the same order. What remains comes of drops, which end
//! a task with all that is in it and cannot be caught.

use std::fmt;

use serde_json::json;
use unpick::sim::tape::Tape;

use super::compare::Difference;
use super::program::{Act, Line, Record, Report};
use super::turns;

/// Why a program's outcome differs, and may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A task was cancelled while it waited for a future that was cancelled in the same instant.
    /// Python's `except CancelledError` cannot tell the two apart, and the task goes on. In Rust
    /// a task that is cancelled is dropped, and catches nothing.
    FutureCancelledToo,
    /// A task was cancelled while it left a group of which a child failed. The group raises its
    /// errors instead of the cancellation, and the task goes on. In Rust it is dropped.
    GroupFailedToo,
    /// A child of a group failed while the group was being left. CPython before 3.13 forgets to
    /// take back the cancellation by which it wakes the owner, and a timeout around the group
    /// takes its own cancellation for somebody else's, and lets it pass.
    RequestLeftBehind,
    /// A waiter of a condition was cancelled. CPython since 3.13 then notifies another one, but
    /// only once it has taken the lock again: one that began to wait meanwhile, perhaps. Here it
    /// does so at once.
    NotifiedLater,
    /// Tasks that are ready in the same instant took their turns in another order, because a
    /// wake-up or a cancellation takes several turns of asyncio's loop and one of ours. Under
    /// this tape the outcome is asyncio's, or differs from it for one of the reasons above only.
    OrderOfTurns(Tape, Option<Box<Reason>>),
    /// A task is cancelled. In asyncio the cancellation reaches its children turn by turn, some of
    /// which go on meanwhile, and a lock passes over a task that is about to be cancelled. Here
    /// it is dropped with its children in one turn, before they go on or before it is cancelled
    /// once more.
    CancelledInOneTurn,
    /// A waiter was cancelled, and something was released before it had its turn. asyncio passes
    /// over it. Here it is handed what was released, and passes that on when it is dropped; until
    /// then a bounded semaphore takes one release more.
    HandedToTheCancelled,
    /// A timeout strikes. In asyncio its children are cancelled turn by turn, and others go on in
    /// between. Here they are dropped in place, and the task goes on in the same step.
    DroppedInPlace,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::FutureCancelledToo => {
                f.write_str("a task and the future that it waited for were cancelled together")
            }
            Reason::GroupFailedToo => {
                f.write_str("a task was cancelled while it left a group that failed")
            }
            Reason::RequestLeftBehind => {
                f.write_str("a failed group left its cancellation request behind, before 3.13")
            }
            Reason::NotifiedLater => {
                f.write_str("a cancelled waiter of a condition notified another one later")
            }
            Reason::OrderOfTurns(tape, None) => {
                write!(f, "another order of turns gives asyncio's outcome: {}", tape.token())
            }
            Reason::OrderOfTurns(tape, Some(rest)) => {
                write!(f, "another order of turns, {}, and {rest}", tape.token())
            }
            Reason::CancelledInOneTurn => {
                f.write_str("a task was cancelled, and dropped with its children in one turn")
            }
            Reason::HandedToTheCancelled => {
                f.write_str("a permit was handed to a waiter that had just been cancelled")
            }
            Reason::DroppedInPlace => {
                f.write_str("a timeout dropped its children in place, and the task went on")
            }
        }
    }
}

/// How many runs are made to find an order of turns.
const RUNS_MAX: usize = 20_000;

/// Why what came of a program may differ in this way; `None` if it may not.
#[must_use]
pub fn reason(record: &Record, unpick: &Report, found: &[Difference]) -> Option<Reason> {
    let asyncios_own = |unpick: &Report, found: &[Difference]| {
        Divergence::new(record, unpick, found)?.asyncios_own()
    };
    if let Some(reason) = asyncios_own(unpick, found) {
        return Some(reason);
    }
    if let Some((tape, rest)) = turns::search(record, RUNS_MAX, asyncios_own) {
        return Some(Reason::OrderOfTurns(tape, rest.map(Box::new)));
    }
    Divergence::new(record, unpick, found)?.dropped_at_once()
}

/// The first instant in which two outcomes differ.
struct Divergence<'a> {
    record: &'a Record,
    unpick: &'a Report,
    from_us: u64,
}

impl<'a> Divergence<'a> {
    fn new(record: &'a Record, unpick: &'a Report, found: &[Difference]) -> Option<Self> {
        let from_us = found.iter().map(|difference| difference.from_us).min()?;
        Some(Divergence { record, unpick, from_us })
    }

    /// Where asyncio, or its user, took one cancellation for another, or notified later.
    fn asyncios_own(&self) -> Option<Reason> {
        if self.future_cancelled_too() {
            Some(Reason::FutureCancelledToo)
        } else if self.group_failed_too() {
            Some(Reason::GroupFailedToo)
        } else if self.request_left_behind() {
            Some(Reason::RequestLeftBehind)
        } else {
            self.notified_later().then_some(Reason::NotifiedLater)
        }
    }

    /// Where no order of turns makes up for what is dropped in one turn.
    fn dropped_at_once(&self) -> Option<Reason> {
        if self.cancelled_once_more() || self.child_went_on() {
            Some(Reason::CancelledInOneTurn)
        } else if self.handed_to_the_cancelled() {
            Some(Reason::HandedToTheCancelled)
        } else {
            self.dropped_in_place().then_some(Reason::DroppedInPlace)
        }
    }

    fn future_cancelled_too(&self) -> bool {
        self.instant().any(|line| {
            line.operation == "future_wait"
                && line.result == json!("CancelledError")
                && self.is_only_asyncios(line)
                && self.unpick_ended(&line.task)
                && self.cancels(line)
        })
    }

    fn group_failed_too(&self) -> bool {
        self.instant().any(|line| {
            line.operation == "group"
                && line.result == json!("ExceptionGroup")
                && self.unpick_ended(&line.task)
                && !self.instant().any(|end| is_cancelled_end(end, &line.task))
        })
    }

    fn request_left_behind(&self) -> bool {
        self.instant().any(|line| {
            line.path.is_empty()
                && line.result == json!("cancelled")
                && self.is_only_asyncios(line)
                && self.unpick_timed_out_around_a_group(&line.task)
        })
    }

    /// Whether in asyncio a wait at a condition ends that nobody else has notified before in that
    /// instant, but in which somebody is cancelled.
    fn notified_later(&self) -> bool {
        let cancels = |line: &Line| {
            line.result == json!("TimeoutError") || is_cancelled_end(line, &line.task)
        };
        let instant: Vec<&Line> = self.instant().collect();
        let ends_unnotified = |(place, wait): (usize, &&Line)| {
            let notifies = |line: &&Line| {
                line.operation == "condition_notify"
                    && line.task != wait.task
                    && self.object(line) == self.object(wait)
            };
            wait.operation == "condition_wait"
                && self.is_only_asyncios(wait)
                && !instant[..place].iter().any(notifies)
        };
        self.instant().any(cancels) && instant.iter().enumerate().any(ends_unnotified)
    }

    /// The object that an operation is on.
    fn object(&self, line: &Line) -> Option<usize> {
        let operation = self.record.program.operation(&line.task, &line.path);
        operation.and_then(|operation| operation.act.object())
    }

    /// asyncio's lines of that instant.
    fn instant(&self) -> impl Iterator<Item = &Line> {
        self.record.expected.log.iter().filter(|line| line.time_us == self.from_us)
    }

    fn is_only_asyncios(&self, line: &Line) -> bool {
        !self.unpick.log.contains(line)
    }

    /// Whether with Unpick the task is cancelled in that instant, or a timeout in it strikes.
    fn unpick_ended(&self, task: &str) -> bool {
        self.unpick.log.iter().any(|line| {
            line.task == task
                && line.time_us == self.from_us
                && (is_cancelled_end(line, task) || line.result == json!("TimeoutError"))
        })
    }

    /// Whether a second `cancel` finds the task unfinished in asyncio, and gone here.
    fn cancelled_once_more(&self) -> bool {
        self.instant().any(|line| {
            let operation = self.record.program.operation(&line.task, &line.path);
            let Some(Act::Cancel(number)) = operation.map(|operation| &operation.act) else {
                return false;
            };
            let victim = format!("t{number}");
            let false_here = Line { result: json!(false), ..line.clone() };
            line.result == json!(true)
                && self.unpick.log.contains(&false_here)
                && self.instant().any(|end| is_cancelled_end(end, &victim))
                && self.unpick_ended(&victim)
        })
    }

    /// Whether in asyncio a child of a cancelled task got further before it ended.
    fn child_went_on(&self) -> bool {
        self.instant().any(|line| {
            self.is_only_asyncios(line)
                && self.unpick_ended(&line.task)
                && self.instant().any(|end| {
                    is_cancelled_end(end, &end.task)
                        && line.task.starts_with(&format!("{}/", end.task))
                        && self.unpick.log.contains(end)
                })
        })
    }

    /// Whether a release is one too many in asyncio alone, after a task was cancelled that waited
    /// for the same object.
    fn handed_to_the_cancelled(&self) -> bool {
        self.instant().any(|line| {
            let ok_here = Line { result: json!("ok"), ..line.clone() };
            line.operation == "release"
                && line.result == json!("ValueError")
                && self.unpick.log.contains(&ok_here)
                && self.instant().any(|end| {
                    is_cancelled_end(end, &end.task) && self.was_at(&end.task) == self.object(line)
                })
        })
    }

    /// The object that a task waited for when it was cancelled, if it was one: its last operation
    /// in asyncio completed, and it is at the next.
    fn was_at(&self, task: &str) -> Option<usize> {
        let own = |line: &&Line| line.task == task && !line.path.is_empty();
        let last = self.record.expected.log.iter().rfind(own)?;
        let next = match (last.operation.as_str(), last.path.rsplit_once('.')) {
            ("enter", _) => format!("{}.0", last.path),
            (_, None) => (last.path.parse::<usize>().ok()? + 1).to_string(),
            (_, Some((around, at))) => format!("{around}.{}", at.parse::<usize>().ok()? + 1),
        };
        self.record.program.operation(task, &next)?.act.object()
    }

    /// Whether a timeout strikes here, and in asyncio children of it are cancelled: in asyncio it
    /// strikes as well, or its task is cancelled while it waits for them.
    fn dropped_in_place(&self) -> bool {
        let strikes =
            |line: &&Line| line.time_us == self.from_us && line.result == json!("TimeoutError");
        self.unpick.log.iter().filter(strikes).any(|timeout| {
            let children = format!("{}/{}.", timeout.task, timeout.path);
            self.instant().any(|line| line == timeout || is_cancelled_end(line, &timeout.task))
                && self
                    .instant()
                    .any(|end| end.task.starts_with(&children) && is_cancelled_end(end, &end.task))
        })
    }

    /// Whether the future that `wait` waits for is cancelled in that instant.
    fn cancels(&self, wait: &Line) -> bool {
        self.instant().any(|line| {
            line.operation == "future_cancel"
                && line.result == json!(true)
                && self.object(line) == self.object(wait)
        })
    }

    /// Whether with Unpick a timeout of the task strikes in that instant, after a group in it
    /// had failed.
    fn unpick_timed_out_around_a_group(&self, task: &str) -> bool {
        let own = || self.unpick.log.iter().filter(|line| line.task == task);
        own().any(|timeout| {
            let inside = format!("{}.", timeout.path);
            timeout.time_us == self.from_us
                && timeout.result == json!("TimeoutError")
                && own().any(|line| {
                    line.path.starts_with(&inside) && line.result == json!("ExceptionGroup")
                })
        })
    }
}

fn is_cancelled_end(line: &Line, task: &str) -> bool {
    line.task == task && line.path.is_empty() && line.result == json!("cancelled")
}
