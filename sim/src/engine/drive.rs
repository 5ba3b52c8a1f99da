//! The loop: choose a turn, poll its task once, apply what it woke.

#![expect(unsafe_code, reason = "a body that is polled stays in its task's record")]

use std::future::Future;
use std::mem::ManuallyDrop;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::detectors::Occasion;
use super::ids::{Packed, TaskId, Turn};
use super::tasks::{OnPanic, PolledBody, State, TaskBody};
use super::waker::task_waker;
use super::{Beacon, Core, Engine, Heed, PollState, RECENT, Stamp, engine};
use crate::options::TimeModel;
use crate::panics;
use crate::strategy::Notice;
use crate::time::{Instant, TimerSource};
use crate::trace::Ending;
use crate::trace::{EventKind, StepKind};

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
    Loop { engine, beacon, stamp, main }.run();
}

/// What the loop has at hand outside of the core's borrow.
struct Loop<'a> {
    engine: &'a Engine,
    beacon: Arc<Beacon>,
    stamp: Stamp,
    main: Pin<&'a mut dyn Future<Output = ()>>,
}

impl Loop<'_> {
    fn run(&mut self) {
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
            let spun = catch_unwind(AssertUnwindSafe(|| self.spin(polling)));
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
    fn spin(&mut self, mut polling: Polling) -> ControlFlow<()> {
        loop {
            let (task, body) = polling;
            self.beacon.poll_begins(task);
            // Its drop would do nothing: it owns nothing.
            let own = Packed::new(self.stamp, task.0);
            let waker = ManuallyDrop::new(task_waker(own));
            self.engine.polled.set(own);
            let mut context = Context::from_waker(&waker);
            let result = match body {
                // SAFETY: It was made when the poll was chosen, and is in the task's record. Whoever
                // drops bodies or looks into them does so with tasks that have ended or rest, and
                // this one is running until the poll has returned.
                Some(body) => unsafe { body.poll(&mut context) },
                None => self.poll_main(&mut context),
            };
            let woke_itself = self.engine.polled.replace(Packed::NONE) == Packed::WOKEN;
            if self.beacon.was_woken() {
                self.inside(Core::fail_woken_from_elsewhere);
            }
            let next = {
                let core: &mut Core = &mut self.engine.core.borrow_mut();
                let goes_on = match result {
                    Poll::Pending => Some(core.settle_pending(task, woke_itself)),
                    Poll::Ready(()) => core.settle_returned(task).then_some(core.heed),
                };
                goes_on.and_then(|heed| core.next_in_place(heed))
            };
            polling = match next {
                Some(next) => next,
                None if task == TaskId::MAIN && result.is_ready() => return ControlFlow::Break(()),
                None => return ControlFlow::Continue(()),
            };
        }
    }

    /// Apart, so that other tasks need not be told from the main one by more than a branch.
    #[inline(never)]
    fn poll_main(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.main.as_mut().poll(context)
    }

    /// Does what comes instead of polling a task; breaks when the run is over.
    fn carry_out(&mut self) -> ControlFlow<(), Option<Polling>> {
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
                let given_up = || body.as_mut().give_up(None);
                let given_up = catch_unwind(AssertUnwindSafe(given_up)).map_err(panics::caught);
                self.inside(|core| {
                    match given_up {
                        Ok(true) => core.keep_body(task, body),
                        Ok(false) => drop(body),
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

impl Core {
    /// The poll that comes first: that of the main task.
    fn first(&mut self) -> Option<Polling> {
        let listed = self.ready.listed();
        if listed != 1 || self.heed.has(Heed::ATTENTION.or(Heed::HEARD)) {
            return self.next();
        }
        // Nothing was spawned while the program made its future.
        let key = self.ready.take_of_list(0, 1);
        self.take_turn::<false>(Turn::of_key(key))
    }

    /// The poll that comes next; `None` if it is an errand, which is put down.
    #[inline(never)]
    fn next(&mut self) -> Option<Polling> {
        self.current = None;
        loop {
            if self.heed.has(Heed::ATTENTION)
                && let Some(next) = self.attend()
            {
                return next;
            }
            // What `attend` would do, if this is all that there is to attend to.
            if self.heed.has(Heed::PRESELECTED)
                && let Some(turn) = self.take_preselected()
            {
                return self.take_turn::<true>(turn);
            }
            if !self.ready.is_empty() {
                let turn = self.next_turn();
                return self.take_turn::<true>(turn);
            }
            if let Some(errand) = self.idle() {
                self.put_down(errand);
                return None;
            }
        }
    }

    /// The same, where it comes most often: in one piece with the loop, as long as nobody is told
    /// of it and nothing is to be attended to.
    #[inline(always)]
    fn next_in_place(&mut self, mut heed: Heed) -> Option<Polling> {
        loop {
            if heed.has(Heed::ATTENTION.or(Heed::PRESELECTED).or(Heed::HEARD)) {
                if !heed.has(Heed::ATTENTION.or(Heed::HEARD))
                    && let Some(turn) = self.take_preselected()
                {
                    return self.take_turn::<false>(turn);
                }
                return taken_apart(self.next());
            }
            let listed = self.ready.listed();
            if listed > 0 {
                let key = self.next_key_unheard(listed);
                return self.take_turn::<false>(Turn::of_key(key));
            }
            self.current = None;
            if let Some(errand) = self.idle() {
                self.put_down(errand);
                return None;
            }
            heed = self.heed;
        }
    }

    /// Puts down what the loop is to do instead of polling a task.
    #[cold]
    #[inline(never)]
    fn put_down(&mut self, errand: Errand) {
        self.current = None;
        self.errand = Some(errand);
    }

    /// What comes before a turn is chosen: see [`Heed::ATTENTION`].
    #[cold]
    fn attend(&mut self) -> Option<Option<Polling>> {
        if self.finding.is_some() {
            self.put_down(Errand::Over);
            return Some(None);
        }
        if !self.wakes.is_empty() {
            let wakes = std::mem::take(&mut self.wakes);
            self.put_down(Errand::Wake(wakes));
            return Some(None);
        }
        if let Some(source) = self.source_to_tell() {
            let now = self.now();
            self.put_down(Errand::Tell(source, now));
            return Some(None);
        }
        if let Some(task) = self.ring_from.take() {
            self.suspect_ring(task);
        }
        if let Some(task) = self.entering.take() {
            return Some(self.enter::<true>(task, StepKind::Granted));
        }
        let is_stalling = self.options.time == TimeModel::Stalling;
        let has_faults = self.faults.is_some();
        self.heed.remove(Heed::ATTENTION);
        if has_faults {
            self.strike_last();
        }
        if self.heed.has(Heed::PRESELECTED)
            && let Some(turn) = self.take_preselected()
        {
            self.heed.set(Heed::ATTENTION, self.is_watchful());
            if !has_faults {
                return Some(self.take_turn::<true>(turn));
            }
            if !self.stalls(turn) {
                return Some(self.take_noted(turn));
            }
        }
        if is_stalling && !self.ready.is_empty() {
            self.stall();
            if self.heed.has(Heed::ATTENTION) {
                return self.attend();
            }
        }
        self.heed.set(Heed::ATTENTION, self.is_watchful());
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
        self.options.time == TimeModel::Stalling || self.faults.is_some() || self.source.is_some()
    }

    /// Whether something is to be run, the task that is running apart.
    pub(crate) fn has_turns(&self) -> bool {
        !self.ready.is_empty() || !self.wakes.is_empty() || self.finding.is_some()
    }

    /// Takes a turn after which faults may strike.
    fn take_noted(&mut self, turn: Turn) -> Option<Polling> {
        self.note_turn(turn);
        self.take_turn::<true>(turn)
    }

    #[inline(always)]
    fn take_turn<const HEARD: bool>(&mut self, turn: Turn) -> Option<Polling> {
        match turn {
            Turn::Resume(task) => self.enter::<HEARD>(task, StepKind::Resumed),
            Turn::Operation(id) => match self.grant(id) {
                (task, None) => self.enter::<HEARD>(task, StepKind::Granted),
                (task, Some(waker)) => taken_apart(self.enter_by_waker(task, waker)),
            },
        }
    }

    #[cold]
    #[inline(never)]
    fn enter_by_waker(&mut self, task: TaskId, waker: Waker) -> Option<Polling> {
        // What this waker makes of it is part of the grant, not a turn of its own.
        self.entering = Some(task);
        self.heed.add(Heed::ATTENTION);
        if self.tasks[task.index()].state == State::Ready {
            self.make_unready(Turn::Resume(task));
        }
        self.tasks[task.index()].state = State::Running;
        self.put_down(Errand::Grant(waker));
        None
    }

    /// Begins a poll.
    #[inline(always)]
    fn enter<const HEARD: bool>(&mut self, id: TaskId, kind: StepKind) -> Option<Polling> {
        if self.spend() < 0 {
            return taken_apart(self.enter_late(id, kind));
        }
        self.enter_in_budget::<HEARD>(id, kind)
    }

    #[cold]
    #[inline(never)]
    fn enter_late(&mut self, id: TaskId, kind: StepKind) -> Option<Polling> {
        self.current = None;
        // Not before it is known whether there is any left.
        self.left_to_eye += 1;
        if self.is_in_budget(id) {
            self.left_to_eye -= 1;
            return self.enter_in_budget::<true>(id, kind);
        }
        self.put_down(Errand::Over);
        None
    }

    #[inline(always)]
    fn enter_in_budget<const HEARD: bool>(
        &mut self,
        id: TaskId,
        kind: StepKind,
    ) -> Option<Polling> {
        if kind == StepKind::Granted && self.tasks[id.index()].state == State::Ready {
            // Polling the task once serves a wake-up as well.
            self.make_unready(Turn::Resume(id));
        }
        self.steps += 1;
        self.poll = PollState::NEW;
        self.current = Some(id);
        let task = &mut self.tasks[id.index()];
        task.state = State::Running;
        task.polls = task.polls.wrapping_add(1);
        self.poll_number = task.polls;
        let (body, aborted) = (task.body.as_mut().map(PolledBody::of), task.aborted);
        if HEARD {
            if self.is_asking {
                let granted = self.granted.of(self.stamp);
                let granted = granted.and_then(|operation| self.operations.get(operation));
                let operation = granted.map(|record| record.description.into());
                self.tell(Notice::Step { task: id.0, operation });
            }
            self.record(move |_| EventKind::Step { kind });
        }
        if aborted && body.is_some() {
            self.put_down_drop(id);
            return None;
        }
        Some((id, body))
    }

    /// Puts down that an aborted task is to be dropped, which is done as that task.
    #[cold]
    #[inline(never)]
    fn put_down_drop(&mut self, id: TaskId) {
        let body = self.tasks[id.index()].body.take();
        self.errand = body.map(|body| Errand::Drop(id, body));
    }

    /// The task whose poll has panicked, and its body, which only the main one has not.
    fn take_polled(&mut self) -> (TaskId, Option<TaskBody>) {
        let task = self.current.expect("a task is current while it is polled; a bug in unpick");
        (task, self.tasks[task.index()].body.take())
    }

    /// Close to the end of its budget: keeps the turn, or ends the run.
    #[cold]
    pub(super) fn is_in_budget(&mut self, id: TaskId) -> bool {
        if self.spent() >= self.options.steps_max {
            // Said once, however many operations of one poll come here.
            if self.finding.is_none() {
                self.fail_out_of_steps();
            }
            return false;
        }
        if self.spent() >= self.options.steps_max.saturating_sub(RECENT) {
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
    fn idle(&mut self) -> Option<Errand> {
        if self.wake_watches() {
            return None;
        }
        let deadline_ns = self.next_deadline_ns();
        if let Some(source) = self.source.take() {
            return Some(Errand::Source(source, deadline_ns.map(Instant::from_nanos)));
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

    /// The main future panicked with this message.
    fn end_panicked_main(&mut self, panic: String) -> Option<Polling> {
        self.is_lively();
        self.leave();
        self.fail_panicked(TaskId::MAIN, panic);
        self.tasks[TaskId::MAIN.index()].ending = Some(Ending::Panicked);
        self.current = None;
        self.next()
    }

    /// A poll returned `Pending`, and the task has woken itself or not. Says what is to be heeded.
    #[inline(always)]
    fn settle_pending(&mut self, id: TaskId, woke_itself: bool) -> Heed {
        if id == TaskId::MAIN {
            // While the main task goes on, the run does not stand still.
            self.is_lively();
        }
        self.leave();
        let heed = self.heed;
        if heed.has(Heed::HEARD.or(Heed::WATCHED)) {
            self.poll.woken |= woke_itself;
            self.order_poll(id, true);
            if heed.has(Heed::HEARD) {
                self.settle_pending_heard(id);
                return heed;
            }
        }
        let task = &mut self.tasks[id.index()];
        if woke_itself || self.poll.woken {
            task.state = State::Ready;
            self.ready.push(Turn::Resume(id));
        } else {
            task.state = State::Idle;
        }
        heed
    }

    /// The same, where somebody is told of turns.
    #[inline(never)]
    fn settle_pending_heard(&mut self, id: TaskId) {
        let task = &mut self.tasks[id.index()];
        if self.poll.woken {
            task.state = State::Ready;
            self.make_ready(Turn::Resume(id));
        } else {
            task.state = State::Idle;
        }
        self.current = None;
    }

    /// A task returned. Says whether the loop goes on: not if it was the main one, or there is an
    /// errand.
    #[inline(never)]
    fn settle_returned(&mut self, id: TaskId) -> bool {
        self.leave();
        self.order_poll(id, false);
        let is_wanted = self.end_task_in_place(id, Ending::Returned);
        if !is_wanted && id != TaskId::MAIN {
            self.put_down_discard(id);
        }
        is_wanted
    }

    /// Puts down that an output is to be dropped which nobody will take.
    #[cold]
    #[inline(never)]
    fn put_down_discard(&mut self, id: TaskId) {
        let body = self.tasks[id.index()].body.take();
        self.errand = body.map(|body| Errand::Discard(id, body));
    }

    /// A task panicked with this message, or was aborted. Its body has been dropped.
    fn end_otherwise(&mut self, id: TaskId, panic: Option<String>) -> Option<Polling> {
        self.leave();
        self.order_poll(id, false);
        if let Some(message) = &panic {
            match self.tasks[id.index()].new.on_panic {
                OnPanic::Fail => self.fail_panicked(id, message.clone()),
                OnPanic::TellJoiner => self.note_handled_panic(message),
            }
        }
        let how = if panic.is_some() { Ending::Panicked } else { Ending::Cancelled };
        if self.end_task(id, how)
            && let Some(message) = panic
        {
            self.panicked.insert(id, message);
        }
        self.current = None;
        self.next()
    }

    #[inline]
    fn leave(&mut self) {
        self.snooze_untaken_grant();
    }
}

/// The same, part by part: so that what the loop has at hand in registers is not put into memory
/// because some of it comes from there.
#[inline(always)]
fn taken_apart(next: Option<Polling>) -> Option<Polling> {
    let (task, body) = next?;
    Some((task, body))
}
