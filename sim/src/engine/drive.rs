//! The loop: choose a turn, poll its task once, apply what it woke.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::ids::{OperationId, TaskId, Turn};
use super::tasks::{Leftover, OnPanic, Output, State, TaskFuture};
use super::waker::{Waiter, task_waker};
use super::{Core, RECENT, Stamp, with_run};
use crate::panics;
use crate::time::{Instant, TimerSource};
use crate::trace::{EventKind, StepKind};

/// What the loop does next, outside of the core's borrow.
enum Next {
    /// Polls the main future.
    PollMain,
    /// Polls a task.
    Poll(TaskId, TaskFuture),
    /// Drops an aborted task.
    Drop(TaskId, TaskFuture),
    /// Calls the waker of an operation that was granted.
    Grant(Waker),
    /// Calls wakers that are not ours.
    Wake(Vec<Waker>),
    /// Lets the second source of timers move on, up to this instant.
    Source(Box<dyn TimerSource>, Option<Instant>),
    /// The run is over.
    Over,
}

/// Runs until the main future has ended, or there is a finding.
pub(super) fn drive(stamp: Stamp, mut main: Pin<&mut dyn Future<Output = ()>>) {
    let mut next = inside(Core::next);
    loop {
        next = match next {
            Next::PollMain => {
                let result = poll(stamp, TaskId::MAIN, main.as_mut());
                if matches!(result, Ok(Poll::Ready(()))) {
                    return inside(|core| core.settle_main(result));
                }
                inside(|core| {
                    core.settle_main(result);
                    core.next()
                })
            }
            Next::Poll(task, mut future) => match poll(stamp, task, future.as_mut()) {
                Ok(Poll::Pending) => inside(|core| {
                    core.settle_pending(task, future);
                    core.next()
                }),
                Ok(Poll::Ready(output)) => finish(task, future, Ok(output)),
                Err(panic) => finish(task, future, Err(panic)),
            },
            Next::Drop(task, future) => {
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
                let panic = dropped.err().map(panics::caught);
                end(task, panic.map_or(Leftover::Cancelled, Leftover::Panicked))
            }
            Next::Grant(waker) => {
                guarded_wake(waker);
                inside(Core::next)
            }
            Next::Wake(wakers) => {
                wakers.into_iter().for_each(guarded_wake);
                inside(Core::next)
            }
            Next::Source(mut source, limit) => {
                let reached = source.advance(limit);
                inside(|core| {
                    core.settle_source(source, limit, reached);
                    core.next()
                })
            }
            Next::Over => return,
        };
    }
}

fn inside<R>(act: impl FnOnce(&mut Core) -> R) -> R {
    with_run(act).expect("the loop goes on inside a run only; a bug in unpick")
}

/// Polls once; a panic is caught, and comes back as its message.
#[inline]
fn poll<F: Future + ?Sized>(
    stamp: Stamp,
    task: TaskId,
    future: Pin<&mut F>,
) -> Result<Poll<F::Output>, String> {
    let waker = task_waker(stamp, task);
    let mut context = Context::from_waker(&waker);
    catch_unwind(AssertUnwindSafe(|| future.poll(&mut context))).map_err(panics::caught)
}

/// Drops the future of a task that returned or panicked, still as that task, and ends it.
fn finish(task: TaskId, future: TaskFuture, result: Result<Output, String>) -> Next {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
    let dropped = dropped.map_err(panics::caught);
    let leftover = match (result, dropped) {
        (Ok(output), Ok(())) => Leftover::Output(output),
        (Err(panic), _) | (Ok(_), Err(panic)) => Leftover::Panicked(panic),
    };
    end(task, leftover)
}

fn end(task: TaskId, leftover: Leftover) -> Next {
    let unwanted = inside(|core| core.settle_ended(task, leftover));
    if let Some(unwanted) = unwanted {
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(unwanted)));
        if let Err(panic) = dropped.map_err(panics::caught) {
            inside(|core| core.fail_panicked(task, panic));
        }
    }
    inside(|core| {
        core.current = None;
        core.next()
    })
}

/// Calls a waker that is not ours. One that panics fails the run.
fn guarded_wake(waker: Waker) {
    let called = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    if let Err(panic) = called.map_err(panics::caught) {
        inside(|core| core.fail_panicked(TaskId::MAIN, panic));
    }
}

impl Core {
    fn next(&mut self) -> Next {
        loop {
            if self.finding.is_some() {
                return Next::Over;
            }
            if self.beacon().was_woken() {
                self.take_foreign_wakes();
                continue;
            }
            if !self.wakes.is_empty() {
                return Next::Wake(std::mem::take(&mut self.wakes));
            }
            if let Some(task) = self.entering.take() {
                return self.enter(task, StepKind::Granted);
            }
            if self.preselected.is_none() && !self.ready.is_empty() {
                self.stall();
                if !self.wakes.is_empty() {
                    continue;
                }
            }
            return match self.next_turn() {
                Some(Turn::Resume(task)) => self.enter(task, StepKind::Resumed),
                Some(Turn::Operation(id)) => self.enter_granted(id),
                None => match self.idle() {
                    Some(next) => next,
                    None => continue,
                },
            };
        }
    }

    fn enter_granted(&mut self, id: OperationId) -> Next {
        match self.grant(id) {
            (task, Some(Waiter::Other(waker))) => {
                // What this waker makes of it is part of the grant, not a turn of its own.
                self.entering = Some(task);
                self.ready.remove(Turn::Resume(task));
                self.tasks[task.index()].state = State::Running;
                Next::Grant(waker)
            }
            (task, _) => self.enter(task, StepKind::Granted),
        }
    }

    /// Begins a poll.
    #[inline]
    fn enter(&mut self, id: TaskId, kind: StepKind) -> Next {
        if self.finding.is_some() {
            return Next::Over;
        }
        if self.steps >= self.options.steps_max {
            self.fail_out_of_steps();
            return Next::Over;
        }
        if kind == StepKind::Granted {
            self.ready.remove(Turn::Resume(id));
        }
        self.recent[self.steps as usize % RECENT] = id;
        self.steps += 1;
        self.poll = super::PollState::default();
        self.current = Some(id);
        self.beacon().poll_begins(id);
        let task = &mut self.tasks[id.index()];
        task.state = State::Running;
        task.polls = task.polls.wrapping_add(1);
        let (future, aborted) = (task.future.take(), task.aborted);
        self.record(|_| EventKind::Step { kind });
        match future {
            None => Next::PollMain,
            Some(future) if aborted => Next::Drop(id, future),
            Some(future) => Next::Poll(id, future),
        }
    }

    /// Nothing is ready: the clock moves, or the run is stuck.
    fn idle(&mut self) -> Option<Next> {
        let deadline_ns = self.timers.next_deadline_ns();
        if let Some(source) = self.source.take() {
            return Some(Next::Source(source, deadline_ns.map(Instant::from_nanos)));
        }
        match deadline_ns {
            Some(deadline_ns) => self.jump(deadline_ns),
            None => self.fail_stuck(),
        }
        None
    }

    fn settle_source(
        &mut self,
        source: Box<dyn TimerSource>,
        limit: Option<Instant>,
        reached: Option<Instant>,
    ) {
        self.source = Some(source);
        match reached.or(limit) {
            Some(reached) => {
                self.jump(limit.map_or(reached, |limit| reached.min(limit)).as_nanos())
            }
            None if self.ready.is_empty() => self.fail_stuck(),
            None => {}
        }
    }

    fn settle_main(&mut self, result: Result<Poll<()>, String>) {
        self.leave();
        match result {
            Ok(Poll::Pending) => self.rest(TaskId::MAIN),
            Ok(Poll::Ready(())) => {
                self.end_task(TaskId::MAIN, Leftover::Taken);
            }
            Err(panic) => self.fail_panicked(TaskId::MAIN, panic),
        }
        self.current = None;
    }

    fn settle_pending(&mut self, id: TaskId, future: TaskFuture) {
        self.leave();
        self.tasks[id.index()].future = Some(future);
        self.rest(id);
        self.current = None;
    }

    fn settle_ended(&mut self, id: TaskId, leftover: Leftover) -> Option<Leftover> {
        self.leave();
        let is_handled = self.tasks[id.index()].on_panic == OnPanic::TellJoiner;
        if let Leftover::Panicked(message) = &leftover
            && !is_handled
        {
            let message = message.clone();
            self.fail_panicked(id, message);
        }
        self.end_task(id, leftover)
    }

    #[inline]
    fn leave(&mut self) {
        self.beacon().poll_ends();
        self.snooze_untaken_grant();
    }

    /// After a poll that returned `Pending`: a task that was woken meanwhile becomes the last.
    #[inline]
    fn rest(&mut self, id: TaskId) {
        if self.poll.woken {
            self.tasks[id.index()].state = State::Ready;
            self.ready.push(Turn::Resume(id));
        } else {
            self.tasks[id.index()].state = State::Idle;
        }
    }
}
