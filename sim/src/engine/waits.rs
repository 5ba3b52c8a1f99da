//! Who waits for whom: the wait-for graph.
//!
//! A task waits for *any* of what was pending in its last poll: operations, and tasks that it
//! joins. For one of those it depends on whoever holds the object, was handed it, or is joined:
//! on every one of them (a lock's owner, each reader before a writer), or on any (holders of
//! permits, children that are awaited together).
//!
//! Invariant: what is called *definite* here can be ended by nobody else. A queue that anybody may
//! put into, an object whose guards were seen to travel, a timer, a waker that somebody unknown
//! keeps: each makes a wait breakable.

use std::collections::BTreeSet;

use super::ids::OperationId;
use super::objects::Few;
use super::operations::{Handed, OperationRecord, Phase, WaitsBy};
use super::tasks::{Joining, State};
use super::{Core, Heed, ObjectRecord, TaskId};
use crate::options::Detection;
use crate::probe::Mode;

/// How many tasks are looked at whenever an operation blocks.
const LOOKED_AT_MAX: usize = 256;

/// How many operations are looked at to see whether all wakers belong to them.
const COUNTED_MAX: usize = 32;
/// How many more are looked at in a run, all searches together. What is further away is found when
/// nothing can run any more.
const FURTHER_MAX: usize = 1 << 20;

/// How many tasks are followed before the whole graph is looked at.
const FOLLOWED_MAX: usize = 8;

/// Whom one wait depends on.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) of: Quantity,
    pub(super) tasks: Vec<TaskId>,
}

/// How many of those that a wait depends on it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// One of them can end it.
    Any,
    /// It takes all of them.
    All,
}

impl Need {
    /// Whether the wait has no hope if these tasks have none.
    fn is_hopeless(&self, is_stuck: impl Fn(TaskId) -> bool) -> bool {
        match self.of {
            Quantity::Any => self.tasks.iter().all(|&task| is_stuck(task)),
            Quantity::All => self.tasks.iter().any(|&task| is_stuck(task)),
        }
    }
}

/// One thing that a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Operation(OperationId),
    /// For a task to end.
    End(TaskId),
}

/// Who has an object that one at a time can have, as far as that is quickly told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    /// Nobody has it, or was granted it.
    Nobody,
    /// One task has it, or was granted it, and nobody else.
    One(TaskId),
    /// Others have it, in some other way.
    Others,
}

impl Core {
    /// The operations that were pending in a task's last poll, newest first.
    pub(super) fn pending(
        &self,
        id: TaskId,
    ) -> impl Iterator<Item = (OperationId, &OperationRecord)> {
        let task = &self.tasks[id.index()];
        let pending = move |operation: &OperationRecord| {
            operation.phase == Phase::Blocked && operation.polled_in == task.polls
        };
        let operations = self.operations.list(id.0);
        operations.filter(move |(_, it)| pending(it)).map(|(index, it)| (OperationId(index), it))
    }

    /// The operations of a task that it did not poll in its last poll: it has a future that it
    /// does not look at.
    pub(super) fn neglected(
        &self,
        id: TaskId,
    ) -> impl Iterator<Item = (OperationId, &OperationRecord)> {
        let polls = self.tasks[id.index()].polls;
        let operations = self.operations.list(id.0);
        let neglected = operations.filter(move |(_, operation)| {
            matches!(operation.phase, Phase::Blocked | Phase::Snoozed)
                && operation.polled_in != polls
        });
        neglected.map(|(index, operation)| (OperationId(index), operation))
    }

    /// The tasks that a task joined in its last poll, in the order of spawning.
    pub(super) fn joined_by(&self, id: TaskId) -> Vec<TaskId> {
        let Joining { polled_in, count, first, .. } = self.aside(id).joining;
        if count == 0 || polled_in != self.tasks[id.index()].polls {
            return Vec::new();
        }
        let is_joined = |joined: &TaskId| {
            let join = self.join_for(*joined);
            join.is_some_and(|it| it.task == id && it.polled_in == polled_in)
        };
        if count == 1 {
            return Some(TaskId(first)).filter(is_joined).into_iter().collect();
        }
        (0..self.tasks.len() as u32).map(TaskId).filter(is_joined).collect()
    }

    /// An operation blocks: if somebody has the object, a ring may have closed. Says how often the
    /// object was taken.
    #[inline(always)]
    pub(super) fn look_for_ring(&mut self, object: u32) -> u32 {
        if let Some(current) = self.current
            && !self.is_no_ring(object)
        {
            self.look_for_ring_from(current);
        }
        self.objects[object as usize].takes
    }

    /// Whether nobody has an object, or it is plain that it will be given up or taken by a task
    /// that is ready: then nobody who waits for it is stuck, however this poll ends.
    #[inline(always)]
    fn is_no_ring(&self, object: u32) -> bool {
        match self.owner(object) {
            Owner::Nobody => true,
            Owner::One(task) => self.tasks[task.index()].state == State::Ready,
            Owner::Others => false,
        }
    }

    /// Who has an object, or was granted it.
    #[inline(always)]
    pub(super) fn owner(&self, object: u32) -> Owner {
        let &ObjectRecord { granted, heir, .. } = &self.objects[object as usize];
        match (self.objects.few_holds(object), granted) {
            (Few::None, 0) => Owner::Nobody,
            (Few::One(hold), 0) if hold.mode == Mode::Exclusive => Owner::One(hold.task),
            (Few::None, 1) => match self.operations.get(heir) {
                Some(heir) if heir.is_heir_of(object) => Owner::One(heir.task),
                _ => Owner::Others,
            },
            _ => Owner::Others,
        }
    }

    /// Looks, as soon as the current poll is over, whether this task can never go on.
    #[inline]
    pub(super) fn look_for_ring_from(&mut self, task: TaskId) {
        if self.options.detectors.deadlocks == Detection::On && !self.teardown {
            self.ring_from = Some(task);
            self.heed.add(Heed::ATTENTION);
        }
    }

    /// Whether a task waits, and nothing that is known has woken it.
    pub(super) fn rests(&self, id: TaskId) -> bool {
        let task = &self.tasks[id.index()];
        let has_turn = |phase| matches!(phase, Phase::Announced | Phase::Granted);
        task.state == State::Idle
            && !task.aborted
            && !self.operations.list(id.0).any(|(_, it)| has_turn(it.phase))
    }

    /// What each of a task's waits definitely depends on; `None` if it runs, or if one of them can
    /// be ended in other ways. Timers are not looked at.
    fn definite_needs(&self, id: TaskId) -> Option<Vec<Need>> {
        if !self.rests(id) {
            return None;
        }
        let mut needs = Vec::new();
        for (_, operation) in self.pending(id) {
            needs.push(self.definite_need(operation)?);
            needs.extend(self.need_of_queue(operation)?);
        }
        for joined in self.joined_by(id) {
            if !self.rests(joined) {
                return None;
            }
            needs.push(Need { of: Quantity::All, tasks: vec![joined] });
        }
        (!needs.is_empty() && !self.has_unknown_wait(id)).then_some(needs)
    }

    fn definite_need(&self, operation: &OperationRecord) -> Option<Need> {
        let object = operation.description.object?;
        let record = &self.objects[object as usize];
        if record.is_loose || operation.handed != Handed::Nothing {
            return None;
        }
        let mut need = Need { of: Quantity::All, tasks: Vec::new() };
        for (_, hold) in self.objects.holds_of(object) {
            let rests = self.rests(hold.task);
            match hold.mode {
                Mode::Unguarded | Mode::Forgotten => return None,
                Mode::Awaited if self.has_ended(hold.task) => continue,
                Mode::Permit | Mode::Awaited | Mode::Exclusive if !rests => return None,
                // A child that fails ends the wait for all of them.
                Mode::Permit | Mode::Awaited => need.of = Quantity::Any,
                Mode::Exclusive | Mode::Shared => {}
            }
            if rests {
                need.tasks.push(hold.task);
            }
        }
        if record.granted > 0 {
            if record.granted > 1 || need.of == Quantity::Any {
                return None;
            }
            let heir = self.heirs(object).next()?;
            if self.rests(heir.task) {
                need.tasks.push(heir.task);
            }
        }
        (!need.tasks.is_empty()).then_some(need)
    }

    /// Whoever waits behind a writer for what readers hold, or behind somebody who wants many
    /// permits, can also go on when that one gives up: so it depends on all others that wait
    /// there. `None` if one of them goes on.
    fn need_of_queue(&self, operation: &OperationRecord) -> Option<Option<Need>> {
        let object = operation.description.object?;
        let mut holds = self.objects.holds_of(object);
        if !holds.any(|(_, hold)| matches!(hold.mode, Mode::Shared | Mode::Permit)) {
            return Some(None);
        }
        let others = self.operations.iter().map(|(_, other)| other).filter(|other| {
            other.phase == Phase::Blocked
                && other.description.object == Some(object)
                && other.task != operation.task
        });
        let tasks: Vec<TaskId> = others.map(|other| other.task).collect();
        if !tasks.iter().all(|&task| self.rests(task)) {
            return None;
        }
        Some((!tasks.is_empty()).then_some(Need { of: Quantity::Any, tasks }))
    }

    /// The operations that an object was granted to and that have not been polled since.
    pub(super) fn heirs(&self, object: u32) -> impl Iterator<Item = &OperationRecord> {
        let &ObjectRecord { granted, heir, .. } = &self.objects[object as usize];
        let is_heir = move |operation: &&OperationRecord| operation.is_heir_of(object);
        // Mostly there is one at the most, and it is known: there is nothing to search for.
        let sole = self.operations.get(heir).filter(|_| granted == 1).filter(is_heir);
        let most = if sole.is_some() { 0 } else { granted as usize };
        let all = self.operations.iter().map(|(_, operation)| operation);
        let others = all.take(if most == 0 { 0 } else { usize::MAX }).filter(is_heir).take(most);
        sole.into_iter().chain(others)
    }

    /// Whether somebody keeps a waker of a task's that is not known to wait for anything.
    pub(super) fn has_unknown_wait(&self, id: TaskId) -> bool {
        let operations = self.operations.list(id.0);
        let known = operations.filter(|(_, it)| it.is_woken_by(WaitsBy::Clone));
        self.tasks[id.index()].wakers as usize > known.count()
    }

    /// Whether anybody keeps a task's waker, or its number, to wake it.
    pub(super) fn has_waker(&self, id: TaskId) -> bool {
        let mut operations = self.operations.list(id.0);
        self.tasks[id.index()].wakers > 0
            || operations.any(|(_, it)| it.is_woken_by(WaitsBy::Number))
    }

    /// Whether somebody keeps a waker of some task's that is not known to wait for anything. Only
    /// a few operations are looked at: it says so too where there are more.
    pub(crate) fn has_unknown_waits(&self) -> bool {
        if self.wakers == 0 {
            return false;
        }
        if self.operations.len() > COUNTED_MAX {
            return true;
        }
        let known = self.operations.iter().filter(|(_, it)| it.is_woken_by(WaitsBy::Clone));
        self.wakers > known.count()
    }

    /// Whether a task may be stuck: looked at in a few steps, along the first of the waits, before
    /// everything is. For who depends on one task alone, that goes on, goes on as well.
    fn may_be_stuck(&self, start: TaskId) -> bool {
        let mut at = start;
        for _ in 0..FOLLOWED_MAX {
            if !self.rests(at) {
                return false;
            }
            match self.sole_need(at) {
                Some(next) => at = next,
                None => return true,
            }
        }
        true
    }

    /// Whether a task that the current one waits for plainly goes on, however this poll ends: it, or
    /// whom it depends on alone, has a turn. Looked at in a few steps.
    #[inline(never)]
    pub(super) fn goes_on_plainly(&self, start: TaskId) -> bool {
        let mut at = start;
        for _ in 0..FOLLOWED_MAX {
            // What the current task is going to wait for is not known yet.
            if self.current == Some(at) {
                return false;
            }
            if !self.rests(at) {
                return true;
            }
            match self.sole_need(at) {
                Some(next) => at = next,
                None => return false,
            }
        }
        false
    }

    /// The one task that the first of a task's waits depends on, in the plainest cases.
    fn sole_need(&self, id: TaskId) -> Option<TaskId> {
        if let Some((_, operation)) = self.pending(id).next() {
            let object = operation.description.object?;
            let record = &self.objects[object as usize];
            if record.granted == 1 && !self.objects.is_held(object) {
                return self.heirs(object).next().map(|heir| heir.task);
            }
            let mut holds = self.objects.holds_of(object);
            let (_, hold) = holds.next()?;
            let is_sole = record.granted == 0 && holds.next().is_none();
            return (is_sole && hold.mode == Mode::Exclusive).then_some(hold.task);
        }
        let Joining { polled_in, count, first, .. } = self.aside(id).joining;
        let polls = self.tasks[id.index()].polls;
        (count == 1 && polled_in == polls).then_some(TaskId(first))
    }

    /// The tasks that can never go on, among those that this one depends on, itself first; none
    /// if it can.
    pub(super) fn stuck_from(&mut self, start: TaskId) -> Vec<TaskId> {
        if self.may_be_stuck(start) {
            let most = LOOKED_AT_MAX + FURTHER_MAX.saturating_sub(self.looked_further);
            let (stuck, looked_at) = self.find_stuck(start, most);
            self.looked_further += looked_at.saturating_sub(LOOKED_AT_MAX);
            return stuck;
        }
        debug_assert!(
            self.find_stuck(start, LOOKED_AT_MAX).0.is_empty(),
            "who depends on a task that goes on is not stuck; this is a bug in unpick"
        );
        Vec::new()
    }

    /// Those tasks, and how many were looked at: this many at the most.
    fn find_stuck(&self, start: TaskId, most: usize) -> (Vec<TaskId>, usize) {
        let mut found: Vec<(TaskId, Vec<Need>)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut todo = vec![start];
        while let Some(task) = todo.pop() {
            if !seen.insert(task) {
                continue;
            }
            let Some(needs) = self.definite_needs(task) else {
                if task == start {
                    return (Vec::new(), seen.len());
                }
                continue;
            };
            todo.extend(needs.iter().flat_map(|need| need.tasks.iter().copied()));
            found.push((task, needs));
            if found.len() > most {
                return (Vec::new(), seen.len());
            }
        }
        let looked_at = seen.len();
        retain_stuck(&mut found);
        if !found.iter().any(|(task, _)| *task == start) {
            return (Vec::new(), looked_at);
        }
        // A timer can end the wait of its task.
        let sleepers: BTreeSet<TaskId> = self.timers.iter().map(|timer| timer.task).collect();
        found.retain(|(task, _)| !sleepers.contains(task));
        retain_stuck(&mut found);
        let stuck: Vec<TaskId> = found.into_iter().map(|(task, _)| task).collect();
        (if stuck.first() == Some(&start) { stuck } else { Vec::new() }, looked_at)
    }

    /// Whom a task depends on in any of its waits, and for which.
    pub(super) fn edges(&self, id: TaskId) -> Vec<(Waited, TaskId)> {
        let mut edges = Vec::new();
        for (operation, record) in self.pending(id) {
            let Some(object) = record.description.object else { continue };
            let waited = Waited::Operation(operation);
            let holds = self.objects.holds_of(object);
            edges.extend(holds.map(|(_, hold)| (waited, hold.task)));
            edges.extend(self.heirs(object).map(|heir| (waited, heir.task)));
        }
        edges.reverse();
        edges.extend(self.joined_by(id).into_iter().map(|joined| (Waited::End(joined), joined)));
        edges.retain(|(_, task)| self.tasks[task.index()].state != State::Ended);
        edges
    }

    /// The first ring among these tasks, each of which depends on the next, and the last on the
    /// first; `None` if there is none. A task that depends on itself is a ring of one.
    pub(super) fn ring_among(&self, tasks: &[TaskId]) -> Option<Vec<(TaskId, Waited)>> {
        let mut marks = vec![Mark::Outside; self.tasks.len()];
        for task in tasks {
            marks[task.index()] = Mark::Unseen;
        }
        for &start in tasks {
            if marks[start.index()] != Mark::Unseen {
                continue;
            }
            // The path from the start: each task, its edges, and how many of them were followed.
            let mut path = vec![(start, self.edges(start), 0)];
            marks[start.index()] = Mark::OnPath;
            while let Some((task, edges, followed)) = path.last_mut() {
                let Some(&(_, next)) = edges.get(*followed) else {
                    marks[task.index()] = Mark::Done;
                    path.pop();
                    continue;
                };
                *followed += 1;
                match marks[next.index()] {
                    Mark::Outside | Mark::Done => {}
                    Mark::Unseen => {
                        marks[next.index()] = Mark::OnPath;
                        path.push((next, self.edges(next), 0));
                    }
                    Mark::OnPath => {
                        let on_path = path.iter().skip_while(|(task, ..)| *task != next);
                        let member =
                            |(task, edges, followed): &(TaskId, Vec<(Waited, _)>, usize)| {
                                (*task, edges[*followed - 1].0)
                            };
                        // From the one that was spawned first.
                        let mut ring: Vec<(TaskId, Waited)> = on_path.map(member).collect();
                        let first = ring.iter().enumerate().min_by_key(|(_, (task, _))| *task);
                        let first = first.map_or(0, |(index, _)| index);
                        ring.rotate_left(first);
                        return Some(ring);
                    }
                }
            }
        }
        None
    }
}

/// Takes out whoever can go on, until all that are left depend on one another.
fn retain_stuck(found: &mut Vec<(TaskId, Vec<Need>)>) {
    loop {
        let tasks: BTreeSet<TaskId> = found.iter().map(|(task, _)| *task).collect();
        found.retain(|(_, needs)| {
            needs.iter().all(|need| need.is_hopeless(|it| tasks.contains(&it)))
        });
        if found.len() == tasks.len() {
            return;
        }
    }
}

/// Where the search stands with a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Not to be looked at.
    Outside,
    /// Not come to yet.
    Unseen,
    /// On the path that is being followed.
    OnPath,
    /// Leads to no ring.
    Done,
}
