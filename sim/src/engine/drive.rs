//! The loop: choose a turn, poll its task once, apply what it woke.

#![expect(unsafe_code, reason = "a body that is polled stays in its task's record")]

mod turns;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::ids::{Packed, TaskId};
use super::tasks::{PolledBody, TaskBody};
use super::waker::task_waker;
use super::{Beacon, Core, Engine, Stamp, engine};
use crate::panics;
use crate::time::{Instant, TimerSource};

/// A poll that is to be made: of which task, and the task's body; the main task has none.
type Polling = (TaskId, Option<PolledBody>);

/// What the loop does outside of the core's borrow instead of polling a task.
pub(super) enum Errand {
    /// Drops an aborted task.
    Drop(TaskId, TaskBody),
    /// Drops the output of a task that has ended, which nobody will take.
    Discard(TaskId, TaskBody),
    /// Calls the waker of an operation that was granted.
    Grant(Waker),
    /// Calls wakers that are not ours.
    Wake(Vec<Waker>),
    /// Lets the second source of timers move on, up to this instant.
    Source(Box<dyn TimerSource>, Option<Instant>),
    /// Tells the second source of timers of a step, at this instant.
    Tell(Box<dyn TimerSource>, Instant),
    /// The run is over.
    Over,
}

/// Runs until the main future has ended, or there is a finding.
pub(super) fn drive(stamp: Stamp, main: Pin<&mut dyn Future<Output = ()>>) {
    let engine = engine();
    let beacon = engine.core.borrow().beacon().clone();
    Loop { engine, beacon, stamp }.run(main);
}

/// The main future.
type Main<'a> = Pin<&'a mut dyn Future<Output = ()>>;

/// What the loop has at hand outside of the core's borrow.
struct Loop {
    engine: &'static Engine,
    beacon: Arc<Beacon>,
    stamp: Stamp,
}

impl Loop {
    fn run(&self, mut main: Main<'_>) {
        let mut next = self.inside(Core::first);
        loop {
            let Some(polling) = next else {
                match self.carry_out() {
                    ControlFlow::Continue(went_on) => next = went_on,
                    ControlFlow::Break(()) => return,
                }
                continue;
            };
            // Caught here rather than around each poll, which would cost every step.
            let spun = catch_unwind(AssertUnwindSafe(|| self.spin(&mut main, polling)));
            // Whether it was a poll that panicked, and not the engine or a strategy.
            let was_polling = self.engine.polled.replace(Packed::NONE) != Packed::NONE;
            next = match spun {
                Ok(ControlFlow::Continue(())) => None,
                Ok(ControlFlow::Break(())) => return,
                Err(panic) if was_polling => self.settle_panicked(panics::caught(panic)),
                Err(panic) => resume_unwind(panic),
            };
        }
    }

    /// Polls task after task, as long as there is no errand; breaks when the main future has
    /// returned.
    fn spin(&self, main: &mut Main<'_>, mut polling: Polling) -> ControlFlow<()> {
        loop {
            while let (task, Some(body)) = polling {
                // SAFETY: It was made when the poll was chosen, and is in the task's record. Whoever
                // drops bodies or looks into them does so with tasks that have ended or rest, and
                // this one is running until the poll has returned.
                match self.turn(task, |context| unsafe { body.poll(context) }) {
                    Some(next) => polling = next,
                    None => return ControlFlow::Continue(()),
                }
            }
            match self.turn_of_main(main)? {
                Some(next) => polling = next,
                None => return ControlFlow::Continue(()),
            }
        }
    }

    /// Polls a task; gives the poll that comes next, if that is no errand.
    #[inline(always)]
    fn turn(
        &self,
        task: TaskId,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<()>,
    ) -> Option<Polling> {
        self.beacon.poll_begins(task);
        // Its drop would do nothing: it owns nothing.
        let own = Packed::new(self.stamp, task.0);
        let waker = ManuallyDrop::new(task_waker(own));
        self.engine.polled.set(own);
        let result = poll(&mut Context::from_waker(&waker));
        let woke_itself = self.engine.polled.replace(Packed::NONE) == Packed::WOKEN;
        let core: &mut Core = &mut self.engine.core.borrow_mut();
        let heed = match result {
            Poll::Pending => core.settle_pending(task, woke_itself),
            Poll::Ready(()) => core.settle_returned(task)?,
        };
        core.next_in_place(heed)
    }

    /// The same of the main task, apart from that of others; breaks when its future has returned.
    #[inline(never)]
    fn turn_of_main(&self, main: &mut Main<'_>) -> ControlFlow<(), Option<Polling>> {
        let mut result = Poll::Pending;
        let next = self.turn(TaskId::MAIN, |context| {
            result = main.as_mut().poll(context);
            // While the main task goes on, the run does not stand still.
            self.inside(Core::is_lively);
            result
        });
        if result.is_ready() { ControlFlow::Break(()) } else { ControlFlow::Continue(next) }
    }

    /// Does what comes instead of polling a task; breaks when the run is over.
    fn carry_out(&self) -> ControlFlow<(), Option<Polling>> {
        if self.beacon.was_woken() {
            self.inside(Core::fail_woken_from_elsewhere);
        }
        let errand = self.inside(|core| core.errand.take());
        ControlFlow::Continue(match errand.unwrap_or(Errand::Over) {
            Errand::Drop(task, body) => {
                self.beacon.poll_begins(task);
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
                let panic = dropped.err().map(panics::caught);
                self.inside(|core| core.end_otherwise(task, panic))
            }
            Errand::Discard(task, mut body) => {
                let dropped = catch_unwind(AssertUnwindSafe(|| body.as_mut().drop_output()));
                let dropped = dropped.map_err(panics::caught);
                self.inside(|core| {
                    match dropped {
                        Ok(()) => core.keep_body(task, body),
                        Err(panic) => core.fail_panicked(task, panic),
                    }
                    core.current = None;
                    core.next()
                })
            }
            Errand::Grant(waker) => {
                self.wake(waker);
                self.inside(Core::next)
            }
            Errand::Wake(wakers) => {
                wakers.into_iter().for_each(|waker| self.wake(waker));
                self.inside(Core::next)
            }
            Errand::Source(mut source, limit) => {
                let advanced = catch_unwind(AssertUnwindSafe(|| source.advance(limit)));
                let advanced = advanced.map_err(panics::caught);
                self.inside(|core| {
                    match advanced {
                        Ok(reached) => core.settle_source(source, limit, reached),
                        Err(panic) => {
                            core.fail_panicked(TaskId::MAIN, panic);
                            core.source = Some(source);
                        }
                    }
                    core.next()
                })
            }
            Errand::Tell(mut source, now) => {
                let told = catch_unwind(AssertUnwindSafe(|| source.stepped(now)));
                let told = told.map_err(panics::caught);
                self.inside(|core| {
                    if let Err(panic) = told {
                        core.fail_panicked(TaskId::MAIN, panic);
                    }
                    core.source = Some(source);
                    core.next()
                })
            }
            Errand::Over => return ControlFlow::Break(()),
        })
    }

    #[inline]
    fn inside<R>(&self, act: impl FnOnce(&mut Core) -> R) -> R {
        act(&mut self.engine.core.borrow_mut())
    }

    /// The poll of the current task has panicked with this message: its body is dropped, still as
    /// that task, which ends.
    fn settle_panicked(&self, panic: String) -> Option<Polling> {
        let (task, body) = self.inside(Core::take_polled);
        let Some(body) = body else {
            return self.inside(|core| core.end_panicked_main(panic));
        };
        // If the drop panics as well, the place that is told is still that of the first panic.
        let place = panics::take_place();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
        let _second = dropped.map_err(panics::caught);
        panics::put_place(place);
        self.inside(|core| core.end_otherwise(task, Some(panic)))
    }

    /// Calls a waker that is not ours. One that panics fails the run.
    fn wake(&self, waker: Waker) {
        let called = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        if let Err(panic) = called.map_err(panics::caught) {
            self.inside(|core| core.fail_panicked(TaskId::MAIN, panic));
        }
    }
}
