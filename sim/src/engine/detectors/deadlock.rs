//! Deadlocks: rings of waiting tasks, while others go on and when nobody does.
//!
//! A ring can close only when a task begins to wait for what another one has. So that is when it
//! is looked for, by following who depends on whom from there ([`waits`](super::super::waits)).
//! What is found is a suspicion: somebody outside may abort a member yet. It becomes a finding if
//! the ring is still there [`ring_steps`](crate::options::Options::ring_steps) later, or when the
//! main future has ended.

use super::super::waits::Waited;
use super::super::{Core, HoldRecord, OperationId, RECENT, TaskId};
use super::futurelock::Neglected;
use crate::finding::{Finding, Kind};
use crate::probe::Mode;

/// A ring that was seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspected {
    /// The task whose wait closed it.
    from: TaskId,
    /// From which step on it is a finding.
    due: u64,
}

/// When suspicions are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// The run goes on: those that are due.
    Later,
    /// The run is over: all.
    End,
}

impl Core {
    /// A task has begun to wait for what another one has. If it can never go on, that is noted.
    #[cold]
    pub(in super::super) fn suspect_ring(&mut self, from: TaskId) {
        if self.suspected.iter().any(|known| known.from == from) || self.stuck_from(from).is_empty()
        {
            return;
        }
        let spent = self.spent();
        let due = spent.saturating_add(self.options.ring_steps);
        self.suspected.push(Suspected { from, due });
        self.open_eye_from(self.eye_from.min(due), spent);
    }

    /// What was suspected and is still so becomes the finding.
    pub(in super::super) fn confirm_rings(&mut self, occasion: Occasion) {
        if self.suspected.is_empty() {
            return;
        }
        let suspected = std::mem::take(&mut self.suspected);
        for Suspected { from, due } in suspected {
            if self.finding.is_some() {
                return;
            }
            if occasion == Occasion::Later && self.spent() < due {
                self.suspected.push(Suspected { from, due });
                continue;
            }
            let stuck = self.stuck_from(from);
            if !stuck.is_empty() {
                self.fail_deadlocked(&stuck, Extent::Some);
            }
        }
        let last = self.options.steps_max.saturating_sub(RECENT);
        let due = self.suspected.iter().map(|suspected| suspected.due);
        let due = due.min().unwrap_or(last).min(last);
        self.open_eye_from(due, self.spent());
    }

    /// These tasks can never go on: names the ring in which they wait, if there is one.
    #[cold]
    pub(in super::super) fn fail_deadlocked(&mut self, stuck: &[TaskId], extent: Extent) {
        if let Some(neglected) = self.find_neglected(stuck) {
            self.fail_futurelocked(&neglected, stuck, extent);
            return;
        }
        let ring = self.ring_among(stuck);
        let mut message = match &ring {
            Some(ring) => self.describe_ring(ring),
            None => describe_standstill(stuck.len()),
        };
        if ring.is_none()
            && let Some(root) = self.describe_root(stuck)
        {
            message.push_str("; ");
            message.push_str(&root);
        }
        if ring.is_some() && extent == Extent::Some {
            message.push_str(", and others go on");
        }
        let mut finding = Finding::new(Kind::Deadlock, message, self.now());
        let has_ring = ring.is_some();
        let ring = self.with_all_of_knot(ring.unwrap_or_default());
        finding.story = self.tell_of_blocked(&ring, stuck);
        finding.blocked = self.blocked_among(stuck);
        finding.place = ring.first().and_then(|&(task, waited)| self.place_of_wait(task, waited));
        if has_ring {
            self.fail(finding);
        } else {
            self.try_by_hand(finding, extent);
        }
    }

    #[cold]
    fn fail_futurelocked(&mut self, neglected: &Neglected, stuck: &[TaskId], extent: Extent) {
        let mut message = self.describe_neglected(neglected);
        if extent == Extent::Some {
            message.push_str("; others go on");
        }
        let mut finding = Finding::new(Kind::Futurelock, message, self.now());
        finding.subject = Some(self.object_title(neglected.object));
        finding.task = Some(self.task_title(neglected.task));
        finding.place = Some(neglected.waits_at.into());
        finding.story = self.tell_of_neglected(neglected);
        finding.story.extend(self.tell_of_blocked(&[], stuck));
        finding.blocked = self.blocked_among(stuck);
        self.fail(finding);
    }

    /// Of a task that waits for what it has a part of, and everybody who has the rest and waits
    /// there too: each is a member of the ring.
    fn with_all_of_knot(&self, ring: Vec<(TaskId, Waited)>) -> Vec<(TaskId, Waited)> {
        let &[(alone, Waited::Operation(id))] = ring.as_slice() else { return ring };
        let Some((object, holders)) = self.shared_out(alone, id) else { return ring };
        let wait = |task: TaskId| {
            let mut waits = self.pending(task);
            let (id, _) = waits.find(|(_, wait)| wait.description.object == Some(object))?;
            Some((task, Waited::Operation(id)))
        };
        holders.into_iter().filter_map(wait).collect()
    }

    /// A task waits for what it has a part of, and so does everybody who has the rest: what it is,
    /// and who they are.
    fn shared_out(&self, alone: TaskId, wait: OperationId) -> Option<(u32, Vec<TaskId>)> {
        let object = self.operations.get(wait.0)?.description.object?;
        let holds = self.objects.holds_of(object).map(|(_, hold)| hold);
        let held = holds.filter(|hold| hold.mode != Mode::Awaited);
        let mut holders: Vec<TaskId> = held.map(|hold| hold.task).collect();
        holders.sort_unstable();
        holders.dedup();
        let waits_there = |&task: &TaskId| {
            self.pending(task).any(|(_, wait)| wait.description.object == Some(object))
        };
        let is_knot =
            holders.len() > 1 && holders.contains(&alone) && holders.iter().all(waits_there);
        is_knot.then_some((object, holders))
    }

    fn describe_shared_out(&self, alone: TaskId, wait: OperationId) -> Option<String> {
        let (object, holders) = self.shared_out(alone, wait)?;
        let holds = self.objects.holds_of(object).map(|(_, hold)| hold);
        let holds: Vec<&HoldRecord> = holds.filter(|hold| hold.mode != Mode::Awaited).collect();
        let title = self.object_title(object);
        let is_permit = |hold: &&HoldRecord| {
            matches!(hold.mode, Mode::Permit | Mode::Unguarded | Mode::Forgotten)
        };
        let units: u32 = holds.iter().map(|hold| hold.units).sum();
        let what = match holds.iter().all(is_permit) {
            true => format!("the {units} permits of {title} that are out"),
            false => format!("all of {title}"),
        };
        let titles: Vec<String> =
            holders.iter().take(RING_SHOWN).map(|&task| self.task_title(task)).collect();
        let more = match holders.len() - titles.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (count, titles) = (holders.len(), titles.join(", "));
        Some(format!("{count} tasks hold {what}, and each waits for more: {titles}{more}"))
    }

    /// What is said of a ring of waiting tasks, in a line.
    fn describe_ring(&self, ring: &[(TaskId, Waited)]) -> String {
        if let &[(alone, Waited::Operation(id))] = ring
            && let Some(text) = self.describe_shared_out(alone, id)
        {
            return text;
        }
        let titles: Vec<String> = ring.iter().map(|&(task, _)| self.task_title(task)).collect();
        match titles.as_slice() {
            [alone] => format!("{alone} waits for what it holds itself"),
            several => {
                let shown = &several[..several.len().min(RING_SHOWN)];
                let more = match several.len() - shown.len() {
                    0 => String::new(),
                    more => format!(" -> ({more} more)"),
                };
                let (count, first) = (several.len(), &several[0]);
                format!("{count} tasks wait in a ring: {}{more} -> {first}", shown.join(" -> "))
            }
        }
    }
}

/// How many members of a ring its headline names.
const RING_SHOWN: usize = 6;

fn describe_standstill(waiting: usize) -> String {
    let tasks = match waiting {
        1 => String::from("1 task waits"),
        count => format!("{count} tasks wait"),
    };
    format!("nothing can run any more: {tasks}, and no timer is pending")
}

/// Whether anybody goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Extent {
    /// Nobody.
    Everybody,
    /// Others do, or the main future has ended.
    Some,
}
