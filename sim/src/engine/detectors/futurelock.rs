//! Futurelocks: a task waits for what one of its own futures has, which it no longer polls.
//!
//! Described by Oxide Computer Company in its RFD 609. The future lost a `select!` by reference,
//! say, or waits in a stream of futures behind the one that is being worked on. It was handed a
//! lock, or holds one, and can let go of it only if it is polled.

use std::panic::Location;

use super::super::operations::{Handed, OperationRecord};
use super::super::{Core, HoldRecord, TaskId};
use super::story::place;
use crate::options::Detection;
use crate::probe::Mode;

/// A future that has what others wait for, and is not polled.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Neglected {
    /// The task that waits.
    pub(super) task: TaskId,
    /// The task whose future it is: mostly the same.
    owner: TaskId,
    pub(super) object: u32,
    /// Where the task waits.
    pub(super) waits_at: &'static Location<'static>,
    has: Has,
}

#[derive(Clone, Copy, Debug)]
enum Has {
    /// The object was handed to this operation, which was not polled in the task's last poll.
    Heir { name: &'static str, site: &'static Location<'static> },
    /// It holds the object since there, and stopped being polled at the other place.
    Guard { taken: &'static Location<'static>, left: &'static Location<'static> },
}

impl Core {
    /// The first of these tasks that waits for what a future of its own, or of another one of
    /// them, has that is not polled.
    pub(super) fn find_neglected(&self, stuck: &[TaskId]) -> Option<Neglected> {
        if self.options.detectors.futurelocks == Detection::Off {
            return None;
        }
        let find = |find: &dyn Fn(TaskId, &OperationRecord) -> Option<Neglected>| {
            stuck.iter().find_map(|&task| {
                let mut waits: Vec<_> = self.pending(task).map(|(_, wait)| wait).collect();
                waits.reverse();
                waits.into_iter().find_map(|wait| find(task, wait))
            })
        };
        find(&|task, wait| self.neglected_heir(task, wait).filter(|it| it.owner == task))
            .or_else(|| find(&|task, wait| self.neglected_guard(task, wait)))
            .or_else(|| find(&|task, wait| self.neglected_heir(task, wait)))
    }

    /// Something was handed to an operation that its task did not poll in its last poll.
    fn neglected_heir(&self, task: TaskId, wait: &OperationRecord) -> Option<Neglected> {
        let object = wait.description.object?;
        let is_neglected = |heir: &&OperationRecord| {
            let owner = &self.tasks[heir.task.index()];
            heir.polled_in != owner.polls && self.rests(heir.task)
        };
        let mut given: Vec<&OperationRecord> = self.heirs(object).filter(is_neglected).collect();
        if wait.handed == Handed::Nothing && given.is_empty() {
            // Or a notification, which is gone with it.
            let own = self.neglected(task).map(|(_, operation)| operation);
            given.extend(own.filter(|operation| {
                operation.description.object == Some(object) && operation.handed == Handed::Woken
            }));
        }
        let heir = given.iter().min_by_key(|heir| (heir.task != task, heir.task))?;
        let (name, site) = (heir.description.name, heir.description.site);
        let (owner, waits_at) = (heir.task, wait.description.site);
        Some(Neglected { task, owner, object, waits_at, has: Has::Heir { name, site } })
    }

    /// A guard is in a future that is not polled if the task has such a future which has waited
    /// in something since the guard was taken.
    fn neglected_guard(&self, task: TaskId, wait: &OperationRecord) -> Option<Neglected> {
        let object = wait.description.object?;
        let of_task = |hold: &HoldRecord| hold.task == task && hold.mode != Mode::Awaited;
        let holds = self.objects.holds_of(object);
        let own = holds.map(|(_, hold)| hold).find(|hold| of_task(hold))?;
        let taken = own.site;
        let mut left = self.neglected(task).filter(|(_, it)| it.polled_in >= own.taken_in);
        let site = match left.next() {
            Some((_, operation)) => operation.description.site,
            None => self.aside(task).unpolled_sleep?,
        };
        let (waits_at, has) = (wait.description.site, Has::Guard { taken, left: site });
        Some(Neglected { task, owner: task, object, waits_at, has })
    }

    pub(super) fn describe_neglected(&self, neglected: &Neglected) -> String {
        let (task, object) = (self.task_title(neglected.task), self.object_title(neglected.object));
        let has = match neglected.has {
            Has::Heir { .. } => "was handed to",
            Has::Guard { .. } => "is held by",
        };
        let owner = self.task_title(neglected.owner);
        let which = match neglected.owner == neglected.task {
            true => "another future",
            false => "a future",
        };
        format!(
            "{task} waits for {object}, which {has} {which} of {owner} that is no longer polled"
        )
    }

    pub(super) fn tell_of_neglected(&self, neglected: &Neglected) -> Vec<String> {
        let owner = self.task_title(neglected.owner);
        let has = match neglected.has {
            Has::Heir { name, site } => {
                format!("that future is an older one of {owner}, in `{name}` at {}", place(site))
            }
            Has::Guard { taken, left } => format!(
                "that future is an older one of {owner}, which took it at {} and has stopped at {}",
                place(taken),
                place(left)
            ),
        };
        let now: Vec<String> = self.tell_where_it_is(neglected.owner);
        let now =
            format!("{owner} polls only its newer future, which waits at {}", now.join(" and "));
        let object = self.object_title(neglected.object);
        let advice =
            format!("dropping the older future, or polling it on, would let go of {object}");
        vec![has, now, advice]
    }

    /// The places at which a task waits.
    fn tell_where_it_is(&self, task: TaskId) -> Vec<String> {
        let blocked = self.blocked_among(&[task]);
        let waits = blocked.iter().flat_map(|blocked| &blocked.waits);
        waits.map(|wait| wait.place.to_string()).collect()
    }
}
