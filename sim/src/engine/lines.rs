//! Lines: who waits for an object that one at a time can have.
//!
//! Mostly a primitive has its own queue of waiters, of which the engine knows nothing. Those who
//! wait for such an object are linked by their records instead. So a waiter needs no other place,
//! and an operation that is granted while somebody has its object joins the line without its task
//! being polled: that could do no more.

use std::task::Waker;

use super::ids::{OperationId, TaskId};
use super::lists::NO_RECORD;
use super::objects::HoldRecord;
use super::operations::{Handed, Phase, WaitsBy};
use super::tasks::State;
use super::waits::Owner;
use super::{Core, PollState};
use crate::probe::Access;
use crate::strategy::Notice;
use crate::trace::{EventKind, StepKind};

/// Who waits at an object, in order: the numbers of the first and of the last operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    first: u32,
    last: u32,
}

impl Line {
    pub(super) const EMPTY: Line = Line { first: NO_RECORD, last: NO_RECORD };
}

/// An operation's place in its object's line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InLine {
    /// Invariant: whoever is first has nobody ahead, whatever this says.
    ahead: u32,
    behind: u32,
    /// Whether it is there.
    is_there: bool,
}

impl InLine {
    pub(super) const NOT: InLine = InLine { ahead: NO_RECORD, behind: NO_RECORD, is_there: false };
}

impl Core {
    /// Whether an operation waits in its object's line.
    pub(crate) fn is_in_line(&self, id: OperationId) -> bool {
        self.operations.get(id.0).is_some_and(|operation| operation.in_line.is_there)
    }

    /// Puts an operation into its object's line, behind all others.
    #[inline(always)]
    pub(crate) fn join_line(&mut self, object: u32, id: OperationId) {
        let (_, ahead) = self.append(object, id);
        if let Some(operation) = self.operations.get_mut(id.0) {
            operation.in_line = InLine { ahead, behind: NO_RECORD, is_there: true };
        }
    }

    /// The line's part of that. Says how often the object was taken, and who is ahead.
    #[inline(always)]
    fn append(&mut self, object: u32, id: OperationId) -> (u32, u32) {
        let record = &mut self.objects[object as usize];
        let ahead = std::mem::replace(&mut record.line.last, id.0);
        if ahead == NO_RECORD {
            record.line.first = id.0;
        } else if let Some(ahead) = self.operations.get_mut(ahead) {
            ahead.in_line.behind = id.0;
        }
        (record.takes, ahead)
    }

    /// Puts an operation before another that is there, or behind all.
    #[cold]
    #[inline(never)]
    pub(crate) fn join_line_before(&mut self, object: u32, id: OperationId, behind: u32) {
        let Some(other) = self.operations.get_mut(behind) else {
            self.join_line(object, id);
            return;
        };
        let ahead = std::mem::replace(&mut other.in_line.ahead, id.0);
        let line = &mut self.objects[object as usize].line;
        if line.first == behind {
            line.first = id.0;
        } else if let Some(ahead) = self.operations.get_mut(ahead) {
            ahead.in_line.behind = id.0;
        }
        if let Some(operation) = self.operations.get_mut(id.0) {
            operation.in_line = InLine { ahead, behind, is_there: true };
        }
    }

    /// Takes an operation out of its object's line, if it is there. Says who is behind it then.
    #[inline(never)]
    pub(crate) fn leave_line(&mut self, id: OperationId) -> Option<u32> {
        let operation = self.operations.get_mut(id.0).filter(|it| it.in_line.is_there)?;
        let object = operation.description.object?;
        let InLine { ahead, behind, .. } = std::mem::replace(&mut operation.in_line, InLine::NOT);
        let line = &mut self.objects[object as usize].line;
        let is_first = line.first == id.0;
        if is_first {
            line.first = behind;
        }
        if line.last == id.0 {
            line.last = if is_first { NO_RECORD } else { ahead };
        }
        if !is_first && let Some(ahead) = self.operations.get_mut(ahead) {
            ahead.in_line.behind = behind;
        }
        if let Some(behind) = self.operations.get_mut(behind) {
            behind.in_line.ahead = ahead;
        }
        Some(behind)
    }

    /// Takes out the first in an object's line: it and its task, and its waker if that is not the
    /// task's own.
    #[inline(always)]
    pub(crate) fn leave_first(
        &mut self,
        object: u32,
    ) -> Option<(TaskId, OperationId, Option<Waker>)> {
        let line = &mut self.objects[object as usize].line;
        let operation = self.operations.get_mut(line.first)?;
        let id = std::mem::replace(&mut line.first, operation.in_line.behind);
        if line.first == NO_RECORD {
            line.last = NO_RECORD;
        }
        operation.in_line.is_there = false;
        Some((operation.task, OperationId(id), operation.waker.take()))
    }

    /// Ends a hold and grants its object to the first in its line, who is woken: where nobody
    /// follows, and if it is woken by its number. Otherwise nothing is done.
    #[inline(never)]
    pub(crate) fn hand_on(&mut self, hold: u32) -> Option<OperationId> {
        if hold & 1 == 1 {
            return None;
        }
        let object = hold >> 1;
        let (record, holds) = self.objects.record_and_count(object);
        let first = record.line.first;
        let operation = self.operations.get_mut(first)?;
        if operation.waker.is_some() {
            return None;
        }
        let HoldRecord { task, mode, .. } = record.oldest.take()?;
        *holds -= 1;
        self.tasks[task.index()].held -= u32::from(mode.has_guard());
        record.is_loose |= self.current != Some(task);
        record.line.first = operation.in_line.behind;
        if record.line.first == NO_RECORD {
            record.line.last = NO_RECORD;
        }
        operation.in_line.is_there = false;
        operation.handed = Handed::Granted;
        operation.handed_ns = self.now_ns;
        record.granted += 1;
        record.heir = first;
        let heir = operation.task;
        self.wake_in_place::<false>(heir);
        Some(OperationId(first))
    }

    /// A hold was given up on another thread. Says who is the first in the object's line, whom
    /// nobody has woken.
    #[cold]
    pub(super) fn let_go_from_elsewhere(&mut self, hold: u32) -> Option<TaskId> {
        let object = self.objects.hold(hold)?.object;
        self.unhold::<true>(hold);
        Some(self.operations.get(self.objects[object as usize].line.first)?.task)
    }

    /// Whether somebody of this run has an object, or was granted it.
    #[inline(always)]
    pub(crate) fn is_owned(&self, object: u32) -> bool {
        !matches!(self.owner(object), Owner::Nobody)
    }

    /// How many wait in an object's line.
    pub(crate) fn line_length(&self, object: u32) -> usize {
        let number = |number: u32| Some(number).filter(|&number| number != NO_RECORD);
        let next = |&id: &u32| number(self.operations.get(id)?.in_line.behind);
        std::iter::successors(number(self.objects[object as usize].line.first), next).count()
    }

    /// An announced operation has its turn. Somebody has its object and its task waits for nothing
    /// else: it joins the line, as it would if the task was polled. Says whether that is so.
    ///
    /// A task may do more than one thing at once. What was not woken need not be polled; but other
    /// operations may have to be announced again, and one that its task looks at no more is not to
    /// be executed.
    #[inline(never)]
    pub(super) fn lines_up_unpolled<const HEARD: bool>(&mut self, id: OperationId) -> bool {
        let Some(operation) = self.operations.sole(id.0) else { return false };
        let (task, description) = (operation.task, operation.description);
        let Some(object) = description.object else { return false };
        let owner = &self.tasks[task.index()];
        if owner.state != State::Idle
            || owner.aborted
            || owner.polls != operation.polled_in
            || operation.waker.is_some()
            || self.left_to_eye <= 0
        {
            return false;
        }
        let Owner::One(keeper) = self.owner(object) else { return false };
        self.spend();
        self.steps += 1;
        self.current = Some(task);
        self.poll = PollState { is_known: true, ..PollState::NEW };
        if HEARD {
            self.tell_unpolled(task, id);
        }
        if self.tasks[keeper.index()].state != State::Ready {
            self.look_for_ring_from(task);
        }
        let (takes, ahead) = self.append(object, id);
        if let Some(operation) = self.operations.get_mut(id.0) {
            operation.phase = Phase::Blocked;
            operation.takes = takes;
            operation.waits_by = WaitsBy::Number;
            operation.in_line = InLine { ahead, behind: NO_RECORD, is_there: true };
        }
        if self.classes.is_on() {
            self.order_executed(Some(object), Access::Change);
            self.order_poll(task, true);
        }
        if HEARD {
            self.record(move |_| EventKind::Blocked(description.into()));
        }
        if task == TaskId::MAIN {
            self.is_lively();
        }
        self.current = None;
        true
    }

    #[inline(never)]
    fn tell_unpolled(&mut self, task: TaskId, id: OperationId) {
        if self.is_asking {
            let operation = self.operations.get(id.0).map(|record| record.description.into());
            self.tell(Notice::Step { task: task.0, operation });
        }
        self.record(move |_| EventKind::Step { kind: StepKind::Granted });
    }
}
