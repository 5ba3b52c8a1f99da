//! Giving way: announced operations, grants, and operations that are blocked.

use std::panic::Location;
use std::task::Waker;

use super::ids::{OperationId, Packed, TaskId, Turn};
use super::lines::InLine;
use super::lists::Owned;
use super::losses::Pending;
use super::{Core, Heed};
use crate::probe::Access;
use crate::strategy::{Notice, OperationView};
use crate::trace::EventKind;

/// What an operation is, apart from when it happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Description {
    /// What it is called, such as `acquire`.
    pub(crate) name: &'static str,
    /// The object's place in the engine's list; `None` for an operation that has none.
    pub(crate) object: Option<u32>,
    pub(crate) access: Access,
    /// Whether it waits in its object's line.
    pub(crate) lines_up: bool,
    pub(crate) site: &'static Location<'static>,
}

/// Where an operation stands that has not been executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Has a turn in the ready set. Left when that is granted or withdrawn.
    Announced,
    /// Is executed when it is polled next. Left in that poll, one way or the other.
    Granted,
    /// Its grant was not taken up, or its turn withdrawn: it is announced afresh when it is
    /// polled again.
    Snoozed,
    /// Was executed and found nothing to take: it waits in the object's own queue.
    Blocked,
}

/// An operation that is announced or blocked.
#[derive(Debug)]
pub(crate) struct OperationRecord {
    pub(crate) task: TaskId,
    pub(crate) description: Description,
    pub(crate) phase: Phase,
    /// The waker it was last polled with, if that is not of a task of this run. Invariant: `None`
    /// unless it is announced, snoozed, or in a line.
    pub(super) waker: Option<Waker>,
    pub(crate) since_ns: u64,
    /// How many steps had been taken then.
    pub(crate) order: u64,
    /// How often its object had been taken when it began to wait in its queue, or was polled last
    /// while it waits there.
    pub(crate) takes: u32,
    /// Which poll of its task polled it last.
    pub(crate) polled_in: u32,
    /// What it was given while it was blocked, if it has not been polled since.
    pub(crate) handed: Handed,
    /// When that was.
    pub(crate) handed_ns: u64,
    /// How it is woken, while it is blocked.
    pub(crate) waits_by: WaitsBy,
    pub(super) in_line: InLine,
}

impl Owned for OperationRecord {
    #[inline]
    fn owner(&self) -> u32 {
        self.task.0
    }
}

impl OperationRecord {
    /// Whether it was granted this object, and has not been polled since.
    pub(super) fn is_heir_of(&self, object: u32) -> bool {
        self.handed == Handed::Granted && self.description.object == Some(object)
    }

    /// Whether it is blocked, has been given nothing yet, and will be woken in this way.
    pub(super) fn is_woken_by(&self, waits_by: WaitsBy) -> bool {
        self.phase == Phase::Blocked && self.waits_by == waits_by && self.handed == Handed::Nothing
    }
}

/// How a blocked operation is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsBy {
    /// By the task's number, which its object's queue keeps.
    Number,
    /// By a clone of its task's own waker, which is counted.
    Clone,
    /// By a waker that is not its task's own: a combinator's.
    Other,
}

/// What a blocked operation was given, and has not seen yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Handed {
    /// Nothing.
    #[default]
    Nothing,
    /// It was woken to look again, or was notified. Left when it is polled.
    Woken,
    /// The object: nobody else can have it. Left when it is polled or dropped.
    Granted,
    /// It was woken by hand, and is to return as if it had been notified. Left when it is polled.
    ByHand,
}

/// Whether an operation may be executed in this poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Yes.
    Go,
    /// No: another turn comes in between.
    GiveWay,
}

impl From<Description> for OperationView {
    fn from(description: Description) -> OperationView {
        let Description { object, access, site, .. } = description;
        OperationView { object, access, site }
    }
}

impl Core {
    /// Asks whether an operation that is polled for the first time goes on in place.
    ///
    /// `HEARD` says whether a strategy or a trace is to be told of it.
    #[inline(always)]
    pub(crate) fn gate<const HEARD: bool>(
        &mut self,
        description: impl FnOnce(&mut Core) -> Description,
    ) -> Gate {
        if self.spend() <= 0 && self.is_to_end() {
            // The poll is to return, so that the run can end.
            self.poll.gave_way = true;
            return Gate::GiveWay;
        }
        if self.gates_shut > 0 || self.current.is_none() {
            return Gate::Go;
        }
        if self.poll.gave_way {
            return Gate::GiveWay;
        }
        // Whenever the clock may run ahead, and whenever there are wakers to call.
        if self.heed.has(Heed::ATTENTION) {
            self.stall();
            if !self.wakes.is_empty() {
                // The stall woke somebody whose waker is not ours: it is called once this poll has
                // returned, so the operation cannot go on before that.
                self.poll.gave_way = true;
                return Gate::GiveWay;
            }
        }
        // Only a strategy that is asked looks at what the operation is.
        let goes_on = if HEARD && self.is_asking {
            let description = description(self);
            self.goes_on_as_asked(description)
        } else {
            self.goes_on_as_drawn::<HEARD>()
        };
        if goes_on {
            return Gate::Go;
        }
        self.poll.gave_way = true;
        Gate::GiveWay
    }

    /// Close to the end of its budget: whether the run has used it up.
    #[cold]
    fn is_to_end(&mut self) -> bool {
        !self.teardown && self.current.is_some_and(|current| !self.is_in_budget(current))
    }

    /// Announces an operation that gives way: it becomes a turn behind all others. If a waker is
    /// given it is called before the operation's task is polled: it is not the task's own.
    #[inline(always)]
    pub(crate) fn announce<const HEARD: bool>(
        &mut self,
        description: impl Fn() -> Description,
        waker: Option<Waker>,
    ) -> OperationId {
        self.poll.is_known = true;
        let id = self.insert_operation::<HEARD>(&description, Phase::Announced, waker);
        if HEARD {
            self.make_ready(Turn::Operation(id));
            self.record(move |_| EventKind::Announced(description().into()));
        } else {
            self.ready.push(Turn::Operation(id));
        }
        id
    }

    /// What an announced operation finds that is polled again and was not granted: that it gives
    /// way still, or `None` if it is to ask the gate afresh.
    pub(crate) fn poll_announced(&mut self, id: OperationId) -> Option<Gate> {
        let current = self.current?;
        let record = self.operations.get_mut(id.0)?;
        if record.task != current {
            return None;
        }
        record.polled_in = self.poll_number;
        match record.phase {
            Phase::Announced => {
                self.poll.is_known = true;
                Some(Gate::GiveWay)
            }
            Phase::Granted | Phase::Snoozed | Phase::Blocked => None,
        }
    }

    /// An announced operation was polled again, with this waker that is not ours or with one that
    /// is. The waker that it had is handed back, to be dropped outside of the engine.
    pub(crate) fn replace_waker(&mut self, id: OperationId, waker: Option<Waker>) -> Option<Waker> {
        let record = self.operations.get_mut(id.0)?;
        std::mem::replace(&mut record.waker, waker)
    }

    /// Whether an operation was announced with a waker that is not ours.
    pub(crate) fn has_foreign_waker(&self, id: OperationId) -> bool {
        self.operations.get(id.0).is_some_and(|record| record.waker.is_some())
    }

    /// Notes that an operation waits in its object's own queue.
    ///
    /// `description` makes one for whom nothing is known of yet.
    #[inline(always)]
    pub(crate) fn block(
        &mut self,
        id: Option<OperationId>,
        object: Option<u32>,
        description: impl FnOnce() -> Description,
        waits_by: WaitsBy,
    ) -> (OperationId, Option<Waker>) {
        let takes = match object {
            Some(object) => self.look_for_ring(object),
            None => 0,
        };
        self.poll.is_known = true;
        let current = self.current.unwrap_or(TaskId::MAIN);
        let polled_in = self.poll_number;
        let known = id.and_then(|id| self.operations.get_mut(id.0));
        let (Some(id), Some(record)) = (id, known.filter(|it| it.task == current)) else {
            return self.block_anew(id, &description(), (waits_by, takes));
        };
        record.polled_in = polled_in;
        record.takes = takes;
        record.waits_by = waits_by;
        if record.phase == Phase::Blocked {
            self.unhand(id);
            return (id, None);
        }
        let old = record.waker.take();
        let phase = std::mem::replace(&mut record.phase, Phase::Blocked);
        self.forget_turn(id, phase);
        self.order_waiting(object);
        self.record(move |_| EventKind::Blocked(description().into()));
        (id, old)
    }

    /// The same, of the operation that was granted, which the current task polls with a waker of
    /// its own.
    #[inline(always)]
    pub(crate) fn block_granted<const FOLLOWED: bool>(
        &mut self,
        object: Option<u32>,
        description: impl FnOnce() -> Description,
    ) {
        let takes = match object {
            Some(object) => self.look_for_ring(object),
            None => 0,
        };
        self.poll.is_known = true;
        let polled_in = self.poll_number;
        let granted = std::mem::take(&mut self.granted);
        if let Some(record) = self.operations.get_mut(granted.index()) {
            record.phase = Phase::Blocked;
            record.polled_in = polled_in;
            record.takes = takes;
            record.waits_by = WaitsBy::Number;
        }
        self.order_waiting(object);
        if FOLLOWED {
            self.record(move |_| EventKind::Blocked(description().into()));
        }
    }

    /// The same, of an operation that has no record, which the current task polls with a waker of its
    /// own, where nobody follows.
    #[inline(always)]
    pub(crate) fn block_new(
        &mut self,
        object: Option<u32>,
        description: impl Fn() -> Description,
    ) -> OperationId {
        let takes = match object {
            Some(object) => self.look_for_ring(object),
            None => 0,
        };
        self.poll.is_known = true;
        let id = self.insert_operation::<false>(description, Phase::Blocked, None);
        if let Some(record) = self.operations.get_mut(id.0) {
            (record.waits_by, record.takes) = (WaitsBy::Number, takes);
        }
        self.order_waiting(object);
        id
    }

    /// The same, of an operation that has no record, or one that was another task's.
    #[inline(never)]
    fn block_anew(
        &mut self,
        id: Option<OperationId>,
        &description: &Description,
        (waits_by, takes): (WaitsBy, u32),
    ) -> (OperationId, Option<Waker>) {
        let old = id.and_then(|id| self.forget_operation(id));
        let id = self.insert_operation::<true>(|| description, Phase::Blocked, None);
        if let Some(record) = self.operations.get_mut(id.0) {
            (record.waits_by, record.takes) = (waits_by, takes);
        }
        self.order_waiting(description.object);
        self.record(move |_| EventKind::Blocked(description.into()));
        (id, old)
    }

    /// An operation joins or leaves its object's queue of waiters, which changes the object.
    #[inline]
    pub(super) fn order_waiting(&mut self, object: Option<u32>) {
        if self.classes.is_on() {
            self.order_executed(object, Access::Change);
        }
    }

    /// The same as [`executed`](Self::executed), of which nothing is put together where nobody is
    /// to hear of it.
    #[inline(always)]
    pub(crate) fn executed_briefly(
        &mut self,
        object: Option<u32>,
        access: Access,
        name: &'static str,
        site: &'static Location<'static>,
    ) {
        if self.is_heard() {
            self.executed(Description { name, object, access, lines_up: false, site });
        } else {
            self.order_executed(object, access);
        }
    }

    /// Notes that an operation was executed, awaitable or immediate. For when somebody wants to
    /// know.
    #[inline(never)]
    pub(crate) fn executed(&mut self, description: Description) {
        if self.is_asking {
            let task = self.current.unwrap_or(TaskId::MAIN).0;
            self.tell(Notice::Executed { task, operation: description.into() });
        }
        if self.classes.is_on() {
            self.order_operation(description.object, description.access);
        }
        self.record(move |_| EventKind::Executed(description.into()));
        if self.losses.is_some() {
            self.note_passed(description);
        }
    }

    /// Notes what a blocked operation was given. `FOLLOWED` says whether anybody may follow that.
    #[inline]
    pub(crate) fn hand<const FOLLOWED: bool>(&mut self, id: OperationId, what: Handed) {
        let now_ns = self.now_ns;
        let Some(record) = self.operations.get_mut(id.0) else { return };
        let (task, object) = (record.task, record.description.object);
        let earlier = std::mem::replace(&mut record.handed, what);
        record.handed_ns = now_ns;
        if what != Handed::Granted {
            return;
        }
        if earlier != Handed::Granted
            && let Some(object) = object
        {
            let object = &mut self.objects[object as usize];
            object.granted += 1;
            object.heir = id.0;
        }
        if FOLLOWED {
            self.record(move |_| EventKind::Granted {
                task: task.into(),
                object: object.map(Into::into),
            });
        }
    }

    /// Notes that a blocked operation was woken to look again, where nobody follows.
    #[inline(always)]
    pub(crate) fn hand_woken(&mut self, id: OperationId) {
        let now_ns = self.now_ns;
        if let Some(record) = self.operations.get_mut(id.0) {
            (record.handed, record.handed_ns) = (Handed::Woken, now_ns);
        }
    }

    /// Notes that an operation has seen, or never will see, what it was given.
    #[inline]
    fn unhand(&mut self, id: OperationId) {
        if let Some(record) = self.operations.get_mut(id.0)
            && std::mem::take(&mut record.handed) == Handed::Granted
            && let Some(object) = record.description.object
        {
            self.objects[object as usize].granted -= 1;
        }
    }

    /// Forgets an operation that was executed or dropped. Its waker is handed back to be dropped
    /// outside of the engine.
    #[inline]
    pub(crate) fn forget_operation(&mut self, id: OperationId) -> Option<Waker> {
        self.leave_line(id);
        let keep = |record: OperationRecord| {
            let OperationRecord { phase, handed, description, waker, .. } = record;
            (phase, handed, description.object, waker)
        };
        let (phase, handed, object, waker) = self.operations.remove(id.0, keep)?;
        if handed == Handed::Granted
            && let Some(object) = object
        {
            self.objects[object as usize].granted -= 1;
        }
        self.forget_turn(id, phase);
        waker
    }

    /// Forgets an operation that is executed, as [`forget_operation`](Self::forget_operation) does.
    /// Mostly it was granted, or it was blocked: then it has no waker.
    #[inline(always)]
    pub(crate) fn settle_operation(&mut self, record: Packed) -> Option<Waker> {
        if self.settle_in_place(record) {
            return None;
        }
        self.settle_otherwise(OperationId(record.index()))
    }

    /// The same, if it was granted or was blocked, or nothing is known of it: says whether it was.
    #[inline(always)]
    pub(crate) fn settle_in_place(&mut self, record: Packed) -> bool {
        if record == Packed::NONE {
            return true;
        }
        if record == self.granted {
            self.granted = Packed::NONE;
            self.operations.forget(record.index());
            return true;
        }
        let Some(id) = record.of(self.stamp) else { return true };
        let keep = |record: &OperationRecord| {
            let is_blocked = record.phase == Phase::Blocked;
            is_blocked.then_some((record.handed, record.description.object))
        };
        match self.operations.remove_if(id, keep) {
            Some((Handed::Granted, Some(object))) => {
                self.objects[object as usize].granted -= 1;
                true
            }
            Some(_) => true,
            None => false,
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_otherwise(&mut self, id: OperationId) -> Option<Waker> {
        self.forget_operation(id)
    }

    /// Forgets an operation that was dropped before it was executed.
    #[inline(never)]
    pub(crate) fn withdraw(&mut self, id: OperationId) -> Option<Waker> {
        let &OperationRecord { description, phase, .. } = self.operations.get(id.0)?;
        if phase == Phase::Blocked {
            self.order_waiting(description.object);
        }
        self.record(move |_| EventKind::Withdrawn(description.into()));
        self.forget_operation(id)
    }

    /// Forgets an operation that is dropped for good, and with the future that it is in.
    pub(crate) fn drop_operation(&mut self, id: OperationId) -> Option<Waker> {
        let &OperationRecord { description, handed, .. } = self.operations.get(id.0)?;
        let waker = self.withdraw(id);
        if self.losses.is_some() {
            if handed == Handed::Woken {
                self.note_unseen(description);
            }
            self.note_not_given(description);
            self.note_dropped(Pending::Operation(id.0), description.name, description.site);
        }
        waker
    }

    /// Takes the turns of a task's announced operations out of the ready set.
    pub(super) fn withdraw_turns(&mut self, task: TaskId) {
        let mut all = self.operations.list(task.0).map(|(id, _)| OperationId(id));
        let Some(newest) = all.next() else { return };
        // Mostly there are none, and nothing to be allocated.
        let others: Vec<OperationId> = all.collect();
        self.snooze(newest);
        others.into_iter().for_each(|id| self.snooze(id));
    }

    /// After a poll: a grant that was not taken up is withdrawn.
    #[inline]
    pub(super) fn snooze_untaken_grant(&mut self) {
        if self.granted != Packed::NONE {
            let id = OperationId(self.granted.index());
            self.granted = Packed::NONE;
            self.snooze(id);
        }
    }

    /// Grants an announced operation. Returns its task, and the waker to call before that is polled;
    /// `None` if it [lines up](Self::lines_up_unpolled) instead.
    #[inline(always)]
    pub(super) fn grant<const HEARD: bool>(
        &mut self,
        id: OperationId,
    ) -> Option<(TaskId, Option<Waker>)> {
        const THERE: &str = "a turn's operation; a bug in unpick";
        let mut record = self.operations.get_mut(id.0).expect(THERE);
        if record.description.lines_up {
            if self.lines_up_unpolled::<HEARD>(id) {
                return None;
            }
            record = self.operations.get_mut(id.0).expect(THERE);
        }
        record.phase = Phase::Granted;
        let (task, waker) = (record.task, record.waker.take());
        self.granted = Packed::new(self.stamp, id.0);
        Some((task, waker))
    }

    #[cold]
    fn snooze(&mut self, id: OperationId) {
        if let Some(record) = self.operations.get_mut(id.0)
            && matches!(record.phase, Phase::Announced | Phase::Granted)
        {
            record.phase = Phase::Snoozed;
            self.make_unready(Turn::Operation(id));
        }
    }

    /// An operation leaves a phase, and with it the turn that it has there.
    #[inline]
    fn forget_turn(&mut self, id: OperationId, phase: Phase) {
        // In this order, because mostly it was granted.
        if phase == Phase::Granted {
            self.granted = Packed::NONE;
        } else if phase == Phase::Announced {
            self.make_unready(Turn::Operation(id));
        }
    }

    #[inline(always)]
    fn insert_operation<const HEARD: bool>(
        &mut self,
        description: impl Fn() -> Description,
        phase: Phase,
        waker: Option<Waker>,
    ) -> OperationId {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let polled_in = self.poll_number;
        // Read where it is written, so that nothing is kept meanwhile.
        let order = self.spent();
        let make = || OperationRecord {
            takes: 0,
            task,
            description: description(),
            phase,
            waker,
            since_ns: self.now_ns,
            order,
            polled_in,
            handed: Handed::Nothing,
            handed_ns: 0,
            waits_by: WaitsBy::Other,
            in_line: InLine::NOT,
        };
        let id = OperationId(self.operations.insert(task.0, make));
        if HEARD && self.losses.is_some() {
            self.note_begun(Pending::Operation(id.0), description().site);
        }
        id
    }
}
