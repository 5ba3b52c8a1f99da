//! The loop: choose a turn, poll its task once, apply what it woke.

use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::detectors::Occasion;
use super::ids::{OperationId, TaskId, Turn};
use super::tasks::{End, OnPanic, State, TaskBody};
use super::waker::{Waiter, task_waker};
use super::{Beacon, Core, ENGINE, RECENT, Stamp};
use crate::options::TimeModel;
use crate::panics;
use crate::strategy::Notice;
use crate::time::{Instant, TimerSource};
use crate::trace::Ending;
use crate::trace::{EventKind, StepKind};

/// What the loop does next, outside of the core's borrow.
enum Next {
    /// Polls the main future.
    PollMain,
    /// Polls a task.
    Poll(TaskId, TaskBody),
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
    ENGINE.with(|engine| {
        let core = &engine.core;
        let beacon = core.borrow().beacon().clone();
        Loop { core, beacon, stamp, main }.run();
    });
}

/// The task that is being polled.
struct Polled {
    task: TaskId,
    /// Invariant: it is there, but for the moment in which the loop has taken it to hand it back.
    body: Option<TaskBody>,
}

/// What the loop has at hand outside of the core's borrow.
struct Loop<'a> {
    core: &'a RefCell<Core>,
    beacon: Arc<Beacon>,
    stamp: Stamp,
    main: Pin<&'a mut dyn Future<Output = ()>>,
}

impl Loop<'_> {
    fn run(&mut self) {
        let mut next = self.inside(Core::next);
        loop {
            if let Next::Poll(task, body) = next {
                // Caught here rather than around each poll, which would cost every step. A poll
                // that panicked is still in `polled`.
                let mut polled = Polled { task, body: Some(body) };
                next = match catch_unwind(AssertUnwindSafe(|| self.spin(&mut polled))) {
                    Ok(next) => next,
                    Err(panic) => {
                        let panic = panics::caught(panic);
                        let Polled { task, body: Some(body) } = polled else {
                            self.inside(|core| core.fail_panicked(TaskId::MAIN, panic));
                            return;
                        };
                        self.finish_panicked(task, body, panic)
                    }
                };
                continue;
            }
            match self.carry_out(next) {
                Some(went_on) => next = went_on,
                None => return,
            }
        }
    }

    /// Polls task after task, as long as nothing else is to be done; says what that is.
    fn spin(&mut self, polled: &mut Polled) -> Next {
        loop {
            let Polled { task, body: Some(body) } = polled else { return Next::Over };
            let task = *task;
            self.beacon.poll_begins(task);
            // Its drop would do nothing: it owns nothing.
            let waker = ManuallyDrop::new(task_waker(self.stamp, task));
            let result = body.as_mut().poll(&mut Context::from_waker(&waker));
            let Some(body) = polled.body.take() else { return Next::Over };
            let next = {
                let core = &mut *self.core.borrow_mut();
                match result {
                    Poll::Pending => core.go_on(task, body),
                    Poll::Ready(()) => core.end_returned(task, body),
                }
            };
            if self.beacon.was_woken() {
                self.inside(Core::fail_woken_from_elsewhere);
            }
            let Next::Poll(task, body) = next else { return next };
            polled.task = task;
            // Forgotten, because it is known to be empty: its drop need not be looked at.
            std::mem::forget(polled.body.replace(body));
        }
    }

    /// Does what comes next, but for polling a task; `None` when the run is over.
    fn carry_out(&mut self, next: Next) -> Option<Next> {
        if self.beacon.was_woken() {
            self.inside(Core::fail_woken_from_elsewhere);
        }
        Some(match next {
            Next::Poll(..) => next,
            Next::PollMain => {
                self.beacon.poll_begins(TaskId::MAIN);
                let result = poll_main(self.stamp, self.main.as_mut());
                let is_over = matches!(result, Ok(Poll::Ready(())));
                self.inside(|core| core.settle_main(result));
                if is_over {
                    return None;
                }
                self.inside(Core::next)
            }
            Next::Drop(task, body) => {
                self.beacon.poll_begins(task);
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(body)));
                let panic = dropped.err().map(panics::caught);
                self.inside(|core| core.end_otherwise(task, panic))
            }
            Next::Discard(task, mut body) => {
                let given_up = || body.as_mut().give_up(&mut ());
                let given_up = catch_unwind(AssertUnwindSafe(given_up)).map_err(panics::caught);
                self.inside(|core| {
                    match given_up {
                        Ok(()) => core.keep_spare(task, body),
                        Err(panic) => core.fail_panicked(task, panic),
                    }
                    core.current = None;
                    core.next()
                })
            }
            Next::Grant(waker) => {
                self.wake(waker);
                self.inside(Core::next)
            }
            Next::Wake(wakers) => {
                wakers.into_iter().for_each(|waker| self.wake(waker));
                self.inside(Core::next)
            }
            Next::Source(mut source, limit) => {
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
            Next::Tell(mut source, now) => {
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
            Next::Over => return None,
        })
    }

    #[inline]
    fn inside<R>(&self, act: impl FnOnce(&mut Core) -> R) -> R {
        act(&mut self.core.borrow_mut())
    }

    /// Drops the body of a task that panicked, still as that task, and ends it.
    fn finish_panicked(&self, task: TaskId, body: TaskBody, panic: String) -> Next {
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

/// Polls the main future once; a panic is caught, and comes back as its message.
fn poll_main(stamp: Stamp, main: Pin<&mut dyn Future<Output = ()>>) -> Result<Poll<()>, String> {
    // Its drop would count one waker less than there are.
    let waker = ManuallyDrop::new(task_waker(stamp, TaskId::MAIN));
    let mut context = Context::from_waker(&waker);
    catch_unwind(AssertUnwindSafe(|| main.poll(&mut context))).map_err(panics::caught)
}

impl Core {
    /// A poll returned `Pending`: the commonest case, in one piece.
    #[inline(always)]
    fn go_on(&mut self, id: TaskId, body: TaskBody) -> Next {
        self.settle_pending(id, body);
        self.next()
    }

    #[inline(always)]
    fn next(&mut self) -> Next {
        loop {
            if self.attention
                && let Some(next) = self.attend()
            {
                return next;
            }
            // What `attend` would do, if this is all that there is to attend to.
            if let Some((turn, place)) = self.preselected.take()
                && let Some(turn) = self.take_preselected((turn, place))
            {
                return self.take_turn(turn);
            }
            if !self.ready.is_empty() {
                let turn = self.next_turn();
                return self.take_turn(turn);
            }
            if let Some(next) = self.idle() {
                return next;
            }
        }
    }

    /// What comes before a turn is chosen: see `attention`.
    #[cold]
    fn attend(&mut self) -> Option<Next> {
        if self.finding.is_some() {
            return Some(Next::Over);
        }
        if !self.wakes.is_empty() {
            return Some(Next::Wake(std::mem::take(&mut self.wakes)));
        }
        if let Some(source) = self.source_to_tell() {
            return Some(Next::Tell(source, self.now()));
        }
        if let Some(task) = self.ring_from.take() {
            self.suspect_ring(task);
        }
        if let Some(task) = self.entering.take() {
            return Some(self.enter(task, StepKind::Granted));
        }
        let is_stalling = self.options.time == TimeModel::Stalling;
        let has_faults = self.faults.is_some();
        self.attention = false;
        if has_faults {
            self.strike_last();
        }
        if let Some(preselected) = self.preselected.take()
            && let Some(turn) = self.take_preselected(preselected)
        {
            self.attention = self.is_watchful();
            if !has_faults {
                return Some(self.take_turn(turn));
            }
            if !self.stalls(turn) {
                return Some(self.take_noted(turn));
            }
        }
        if is_stalling && !self.ready.is_empty() {
            self.stall();
            if self.attention {
                return self.attend();
            }
        }
        self.attention = self.is_watchful();
        if has_faults {
            while !self.ready.is_empty() {
                let turn = self.next_turn();
                if !self.stalls(turn) {
                    return Some(self.take_noted(turn));
                }
            }
        }
        None
    }

    /// Whether the loop has something to look at before every turn.
    #[inline]
    pub(super) fn is_watchful(&self) -> bool {
        self.options.time == TimeModel::Stalling
            || self.faults.is_some()
            || self.source_is_attentive
    }

    /// Whether something is to be run, the task that is running apart.
    pub(crate) fn has_turns(&self) -> bool {
        !self.ready.is_empty() || !self.wakes.is_empty() || self.finding.is_some()
    }

    /// Takes a turn after which faults may strike.
    fn take_noted(&mut self, turn: Turn) -> Next {
        self.note_turn(turn);
        self.take_turn(turn)
    }

    #[inline(always)]
    fn take_turn(&mut self, turn: Turn) -> Next {
        match turn {
            Turn::Resume(task) => self.enter(task, StepKind::Resumed),
            Turn::Operation(id) => self.enter_granted(id),
        }
    }

    #[inline(never)]
    fn enter_granted(&mut self, id: OperationId) -> Next {
        match self.grant(id) {
            (task, Some(Waiter::Other(waker))) => {
                // What this waker makes of it is part of the grant, not a turn of its own.
                self.entering = Some(task);
                self.attention = true;
                if self.tasks[task.index()].state == State::Ready {
                    self.make_unready(Turn::Resume(task));
                }
                self.tasks[task.index()].state = State::Running;
                Next::Grant(waker)
            }
            (task, _) => self.enter(task, StepKind::Granted),
        }
    }

    /// Begins a poll.
    #[inline(always)]
    fn enter(&mut self, id: TaskId, kind: StepKind) -> Next {
        if self.spent >= self.eye_from && !self.is_in_budget(id) {
            return Next::Over;
        }
        if kind == StepKind::Granted && self.tasks[id.index()].state == State::Ready {
            // Polling the task once serves a wake-up as well.
            self.make_unready(Turn::Resume(id));
        }
        self.steps += 1;
        self.spent += 1;
        self.poll = super::PollState::default();
        self.current = Some(id);
        let task = &mut self.tasks[id.index()];
        task.state = State::Running;
        task.polls = task.polls.wrapping_add(1);
        let (body, aborted) = (task.body.take(), task.aborted);
        if self.is_asking {
            let granted = self.granted.and_then(|operation| self.operations.get(operation.0));
            let operation = granted.map(|record| record.description.into());
            self.tell(Notice::Step { task: id.0, operation });
        }
        self.record(move |_| EventKind::Step { kind });
        match body {
            None => Next::PollMain,
            Some(body) if aborted => Next::Drop(id, body),
            Some(body) => Next::Poll(id, body),
        }
    }

    /// Close to the end of its budget: keeps the turn, or ends the run.
    #[cold]
    pub(super) fn is_in_budget(&mut self, id: TaskId) -> bool {
        if self.spent >= self.options.steps_max {
            // Said once, however many operations of one poll come here.
            if self.finding.is_none() {
                self.fail_out_of_steps();
            }
            return false;
        }
        if self.spent >= self.options.steps_max.saturating_sub(RECENT) {
            self.open_eye();
            self.recent.push(id);
        }
        if self.is_by_hand_over() {
            return false;
        }
        self.confirm_rings(Occasion::Later);
        self.finding.is_none()
    }

    /// Nothing is ready: the clock moves, or the run is stuck.
    fn idle(&mut self) -> Option<Next> {
        if self.wake_watches() {
            return None;
        }
        let deadline_ns = self.next_deadline_ns();
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
        self.is_lively();
        self.leave();
        match result {
            Ok(Poll::Pending) => {
                self.order_poll(TaskId::MAIN, true);
                self.rest(TaskId::MAIN);
            }
            Ok(Poll::Ready(())) => {
                self.order_poll(TaskId::MAIN, false);
                self.end_task(TaskId::MAIN, End::Returned);
            }
            Err(panic) => {
                self.fail_panicked(TaskId::MAIN, panic);
                self.tasks[TaskId::MAIN.index()].ending = Some(Ending::Panicked);
            }
        }
        self.current = None;
    }

    #[inline(always)]
    fn settle_pending(&mut self, id: TaskId, body: TaskBody) {
        self.leave();
        self.order_poll(id, true);
        let task = &mut self.tasks[id.index()];
        // Forgotten, because it is known to be empty: its drop need not be looked at.
        std::mem::forget(task.body.replace(body));
        if self.poll.woken {
            task.state = State::Ready;
            self.make_ready(Turn::Resume(id));
        } else {
            task.state = State::Idle;
        }
        self.current = None;
    }

    /// A task returned.
    fn end_returned(&mut self, id: TaskId, body: TaskBody) -> Next {
        self.leave();
        self.order_poll(id, false);
        if !self.end_task(id, End::Returned) {
            return Next::Discard(id, body);
        }
        self.tasks[id.index()].body = Some(body);
        self.current = None;
        self.next()
    }

    /// A task panicked with this message, or was aborted. Its body has been dropped.
    fn end_otherwise(&mut self, id: TaskId, panic: Option<String>) -> Next {
        self.leave();
        self.order_poll(id, false);
        if let Some(message) = &panic {
            match self.tasks[id.index()].on_panic {
                OnPanic::Fail => self.fail_panicked(id, message.clone()),
                OnPanic::TellJoiner => self.note_handled_panic(message),
            }
        }
        self.end_task(id, panic.map_or(End::Cancelled, End::Panicked));
        self.current = None;
        self.next()
    }

    #[inline]
    fn leave(&mut self) {
        self.snooze_untaken_grant();
    }

    /// After a poll that returned `Pending`: a task that was woken meanwhile becomes the last.
    #[inline]
    fn rest(&mut self, id: TaskId) {
        if self.poll.woken {
            self.tasks[id.index()].state = State::Ready;
            self.make_ready(Turn::Resume(id));
        } else {
            self.tasks[id.index()].state = State::Idle;
        }
    }
}
