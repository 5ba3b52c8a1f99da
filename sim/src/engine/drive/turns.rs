//! Which turn comes next and whose poll that is, and what is to be done after a poll: the loop's
//! part while the core is borrowed.

use std::ops::ControlFlow;
use std::task::Waker;

use super::super::detectors::Occasion;
use super::super::ids::{TaskId, Turn};
use super::super::tasks::{OnPanic, PolledBody, State, TaskBody};
use super::super::{Core, Heed, PollState, RECENT};
use super::{Errand, Polling};
use crate::options::TimeModel;
use crate::strategy::Notice;
use crate::time::{Instant, TimerSource};
use crate::trace::{Ending, EventKind, StepKind};

/// A turn that was taken: what comes of it, or that it took no poll and the next one is to be chosen.
type Taken = ControlFlow<Option<Polling>>;

impl Core {
    /// The poll that comes first: that of the main task.
    pub(super) fn first(&mut self) -> Option<Polling> {
        let listed = self.ready.listed();
        if listed != 1 || self.heed.has(Heed::ATTENTION.or(Heed::HEARD)) {
            return self.next();
        }
        // Nothing was spawned while the program made its future.
        let key = self.ready.take_of_list(0, 1);
        match self.take_turn::<false>(Turn::of_key(key)) {
            ControlFlow::Break(next) => next,
            ControlFlow::Continue(()) => self.next(),
        }
    }

    /// The poll that comes next; `None` if it is an errand, which is put down.
    #[inline(never)]
    pub(super) fn next(&mut self) -> Option<Polling> {
        loop {
            self.current = None;
            if self.heed.has(Heed::ATTENTION) {
                match self.attend() {
                    Some(ControlFlow::Break(next)) => return next,
                    Some(ControlFlow::Continue(())) => continue,
                    None => {}
                }
            }
            // What `attend` would do, if this is all that there is to attend to.
            if self.heed.has(Heed::PRESELECTED)
                && let Some(key) = self.take_preselected::<true>()
            {
                match self.take_turn::<true>(Turn::of_key(key)) {
                    ControlFlow::Break(next) => return next,
                    ControlFlow::Continue(()) => continue,
                }
            }
            if !self.ready.is_empty() {
                let turn = self.next_turn();
                match self.take_turn::<true>(turn) {
                    ControlFlow::Break(next) => return next,
                    ControlFlow::Continue(()) => continue,
                }
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
    pub(super) fn next_in_place(&mut self, mut heed: Heed) -> Option<Polling> {
        loop {
            if heed.has(Heed::ATTENTION.or(Heed::PRESELECTED).or(Heed::HEARD)) {
                if !heed.has(Heed::ATTENTION.or(Heed::HEARD))
                    && let Some(key) = self.take_preselected::<false>()
                {
                    match self.take_turn::<false>(Turn::of_key(key)) {
                        ControlFlow::Break(next) => return next,
                        ControlFlow::Continue(()) => {
                            heed = self.heed;
                            continue;
                        }
                    }
                }
                return taken_apart(self.next());
            }
            let listed = self.ready.listed();
            if listed > 0 {
                let turn = Turn::of_key(self.next_key_unheard(listed));
                match self.take_turn::<false>(turn) {
                    ControlFlow::Break(next) => return next,
                    ControlFlow::Continue(()) => {
                        heed = self.heed;
                        continue;
                    }
                }
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
    fn attend(&mut self) -> Option<Taken> {
        if self.finding.is_some() {
            self.put_down(Errand::Over);
            return Some(ControlFlow::Break(None));
        }
        if !self.wakes.is_empty() {
            let wakes = std::mem::take(&mut self.wakes);
            self.put_down(Errand::Wake(wakes));
            return Some(ControlFlow::Break(None));
        }
        if let Some(source) = self.source_to_tell() {
            let now = self.now();
            self.put_down(Errand::Tell(source, now));
            return Some(ControlFlow::Break(None));
        }
        if let Some(task) = self.ring_from.take() {
            self.suspect_ring(task);
        }
        if let Some(task) = self.entering.take() {
            return Some(ControlFlow::Break(self.enter::<true>(task, StepKind::Granted)));
        }
        let is_stalling = self.options.time == TimeModel::Stalling;
        let has_faults = self.faults.is_some();
        self.heed.remove(Heed::ATTENTION);
        if has_faults {
            self.strike_last();
        }
        if self.heed.has(Heed::PRESELECTED)
            && let Some(key) = self.take_preselected::<true>()
        {
            let turn = Turn::of_key(key);
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
    pub(in super::super) fn is_watchful(&self) -> bool {
        self.options.time == TimeModel::Stalling || self.faults.is_some() || self.source.is_some()
    }

    /// Whether something is to be run, the task that is running apart.
    pub(crate) fn has_turns(&self) -> bool {
        !self.ready.is_empty() || !self.wakes.is_empty() || self.finding.is_some()
    }

    /// Takes a turn after which faults may strike.
    fn take_noted(&mut self, turn: Turn) -> Taken {
        self.note_turn(turn);
        self.take_turn::<true>(turn)
    }

    #[inline(always)]
    fn take_turn<const HEARD: bool>(&mut self, turn: Turn) -> Taken {
        ControlFlow::Break(match turn {
            Turn::Resume(task) => self.enter::<HEARD>(task, StepKind::Resumed),
            Turn::Operation(id) => match self.grant::<HEARD>(id) {
                Some((task, None)) => self.enter::<HEARD>(task, StepKind::Granted),
                Some((task, Some(waker))) => taken_apart(self.enter_by_waker(task, waker)),
                None => return ControlFlow::Continue(()),
            },
        })
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
        if HEARD {
            if self.is_asking {
                let granted = self.granted.of(self.stamp);
                let granted = granted.and_then(|operation| self.operations.get(operation));
                let operation = granted.map(|record| record.description.into());
                self.tell(Notice::Step { task: id.0, operation });
            }
            self.record(move |_| EventKind::Step { kind });
        }
        let task = &mut self.tasks[id.index()];
        if task.aborted {
            self.put_down_drop(id);
            return None;
        }
        Some((id, task.body.as_mut().map(PolledBody::of)))
    }

    /// Puts down that an aborted task is to be dropped, which is done as that task.
    #[cold]
    #[inline(never)]
    fn put_down_drop(&mut self, id: TaskId) {
        let body = self.tasks[id.index()].body.take();
        let body = body.expect("no handle aborts the main task; a bug in unpick");
        self.errand = Some(Errand::Drop(id, body));
    }

    /// The task whose poll has panicked, and its body, which only the main one has not.
    pub(super) fn take_polled(&mut self) -> (TaskId, Option<TaskBody>) {
        let task = self.current.expect("a task is current while it is polled; a bug in unpick");
        (task, self.tasks[task.index()].body.take())
    }

    /// Close to the end of its budget: keeps the turn, or ends the run.
    #[cold]
    pub(in super::super) fn is_in_budget(&mut self, id: TaskId) -> bool {
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
        if self.beacon().was_woken() {
            self.fail_woken_from_elsewhere();
        }
        if self.wake_watches() || self.finding.is_some() {
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

    pub(super) fn settle_source(
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
    pub(super) fn end_panicked_main(&mut self, panic: String) -> Option<Polling> {
        self.is_lively();
        self.leave();
        self.fail_panicked(TaskId::MAIN, panic);
        self.tasks[TaskId::MAIN.index()].ending = Some(Ending::Panicked);
        self.current = None;
        self.next()
    }

    /// A poll returned `Pending`, and the task has woken itself or not. Says what is to be heeded.
    #[inline(always)]
    pub(super) fn settle_pending(&mut self, id: TaskId, woke_itself: bool) -> Heed {
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

    /// A task returned. Says what is to be heeded, if the loop goes on: not if it was the main one,
    /// or there is an errand.
    #[inline(always)]
    pub(super) fn settle_returned(&mut self, id: TaskId) -> Option<Heed> {
        self.leave();
        let heed = self.heed;
        let mut is_followed = false;
        if heed.has(Heed::HEARD.or(Heed::WATCHED).or(Heed::FOLLOWED)) {
            self.order_poll(id, false);
            is_followed = heed.has(Heed::HEARD.or(Heed::FOLLOWED));
        }
        let is_wanted = if is_followed {
            self.end_task(id, Ending::Returned)
        } else {
            self.end_task_in_place::<false>(id, Ending::Returned)
        };
        if is_wanted {
            return Some(self.heed);
        }
        if id != TaskId::MAIN {
            self.put_down_discard(id);
        }
        None
    }

    /// Puts down that an output is to be dropped which nobody will take.
    #[cold]
    #[inline(never)]
    fn put_down_discard(&mut self, id: TaskId) {
        let body = self.tasks[id.index()].body.take();
        self.errand = body.map(|body| Errand::Discard(id, body));
    }

    /// A task panicked with this message, or was aborted. Its body has been dropped.
    pub(super) fn end_otherwise(&mut self, id: TaskId, panic: Option<String>) -> Option<Polling> {
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
