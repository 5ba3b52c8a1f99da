//! Which tasks a finding is about.

use std::collections::BTreeMap;

use super::{EventKind, ObjectRef, TaskRef, Trace};
use crate::finding::{Blocked, Finding, Kind};

/// The operation in which a task waits for another one to end.
const JOIN: &str = "join";

/// Where a title stands in a line, and is not the beginning of another one.
fn whole(line: &str, title: &str) -> Option<usize> {
    let ends =
        |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || "._-".contains(next));
    line.match_indices(title)
        .find(|(at, _)| {
            ends(&line[at + title.len()..]) && !line[..*at].ends_with(char::is_alphanumeric)
        })
        .map(|(at, _)| at)
}

impl Trace {
    /// The tasks that a finding is about, those that matter most first: where it happened; who did
    /// something to the object that it is about, the last one first; who waits for more than the
    /// end of another task; who holds what they wait for; who did something to it.
    /// If only the place is known, every task: those first that the schedule moved.
    #[must_use]
    pub fn involved(&self, finding: &Finding) -> Vec<TaskRef> {
        let titles: BTreeMap<String, TaskRef> = self
            .tasks
            .iter()
            .zip(0..)
            .map(|(task, index)| (task.title(), TaskRef(index)))
            .collect();
        // Of a holder that has ended, findings say so behind its title.
        let named =
            |title: &str| titles.get(title.strip_suffix(" (ended)").unwrap_or(title)).copied();
        let waits_for_more = |blocked: &&Blocked| {
            blocked.waits.is_empty() || blocked.waits.iter().any(|wait| wait.operation != JOIN)
        };
        let blocked: Vec<&Blocked> = finding.blocked.iter().filter(waits_for_more).collect();
        let waits = blocked.iter().flat_map(|blocked| &blocked.waits);
        let objects: Vec<&str> = waits.clone().filter_map(|wait| wait.object.as_deref()).collect();
        let holders = waits.flat_map(|wait| &wait.holders).map(|holder| holder.task.as_str());
        let mut involved: Vec<TaskRef> = Vec::new();
        let place = finding.task.as_deref().and_then(named);
        let subject =
            finding.subject.as_deref().map_or_else(Vec::new, |subject| self.users(&[subject]));
        let waiting = blocked.iter().filter_map(|blocked| named(&blocked.task));
        let users = self.users(&objects);
        for task in place
            .into_iter()
            .chain(subject)
            .chain(waiting)
            .chain(holders.filter_map(named))
            .chain(users)
        {
            if !involved.contains(&task) {
                involved.push(task);
            }
        }
        // Whoever else it tells of: who woke others instead.
        let told = match finding.kind {
            Kind::LostWakeup => finding.story.as_slice(),
            _ => &[],
        };
        for line in told.iter().filter(|line| line.contains(" instead, ")) {
            let mut told: Vec<(usize, TaskRef)> = titles
                .iter()
                .filter_map(|(title, &task)| Some((whole(line, title)?, task)))
                .collect();
            told.sort_unstable();
            for (_, task) in told {
                if !involved.contains(&task) {
                    involved.push(task);
                }
            }
        }
        if finding.blocked.is_empty() && finding.subject.is_none() {
            // Nothing is known but where it happened: whoever the schedule moved matters next.
            let all = (0..self.tasks.len() as u32).map(TaskRef);
            for task in self.moved().into_iter().chain(all) {
                if !involved.contains(&task) {
                    involved.push(task);
                }
            }
        }
        involved
    }

    /// The tasks around choices that were not plain: whoever gave way, and whoever came next.
    fn moved(&self) -> Vec<TaskRef> {
        let mut moved = Vec::new();
        let mut is_next = false;
        for event in &self.events {
            match event.kind {
                EventKind::Choice { choice, .. } if !choice.is_plain() => {
                    moved.extend(event.task);
                    is_next = true;
                }
                EventKind::Step { .. } if is_next => {
                    moved.extend(event.task);
                    is_next = false;
                }
                _ => {}
            }
        }
        moved
    }

    /// The tasks that did something to the objects that these texts name, the last one first.
    fn users(&self, texts: &[&str]) -> Vec<TaskRef> {
        let is_named = |title: &str, kind: &str| {
            let name = title.strip_prefix(kind).and_then(|rest| rest.strip_prefix(' '));
            let quoted = name.map(|name| format!("`{name}`"));
            texts.iter().any(|text| {
                *text == title || quoted.as_ref().is_some_and(|quoted| text.contains(quoted))
            })
        };
        let objects: Vec<bool> =
            self.objects.iter().map(|object| is_named(&object.title, object.kind)).collect();
        let mut last: BTreeMap<TaskRef, usize> = BTreeMap::new();
        for (index, event) in self.events.iter().enumerate() {
            if let EventKind::Ended { task: TaskRef(0), .. } = event.kind {
                break;
            }
            if let (Some(task), Some(ObjectRef(object))) = (event.task, event.kind.object())
                && objects[object as usize]
            {
                last.insert(task, index);
            }
        }
        let mut users: Vec<(TaskRef, usize)> = last.into_iter().collect();
        users.sort_by_key(|&(_, index)| std::cmp::Reverse(index));
        users.into_iter().map(|(task, _)| task).collect()
    }
}
