//! What a report says of tasks that wait for ever: in which ring, behind whom, who could have woken
//! them, and what became of those.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::Location;

use super::super::deeds::Deed;
use super::super::operations::Handed;
use super::super::tasks::State;
use super::super::waits::Waited;
use super::super::{Core, HoldRecord, TaskId};
use crate::finding::{Place, Wait};
use crate::probe::IN_A_DROP;
use crate::probe::{Cause, Mode};
use crate::time::Instant;
use crate::trace::Ending;

/// How many tasks a report speaks of one by one, of each group.
const TASKS_SHOWN: usize = 12;
/// How many of those that could have ended a wait it names.
const SOURCES_SHOWN: usize = 4;

impl Core {
    /// The ring, whoever is stuck behind it, whoever else waits, and who goes on.
    pub(super) fn tell_of_blocked(
        &self,
        ring: &[(TaskId, Waited)],
        stuck: &[TaskId],
    ) -> Vec<String> {
        let mut story = self.tell_of_ring(ring);
        let members: Vec<TaskId> = ring.iter().map(|&(task, _)| task).collect();
        let mut others: Vec<TaskId> = self.unfinished().collect();
        others.retain(|task| !members.contains(task));
        let (behind, others) = self.split_behind(&members, others);
        if !behind.is_empty() {
            let shown = behind.iter().take(TASKS_SHOWN).map(|&task| self.tell_of_wait(task));
            let list: Vec<String> = shown.collect();
            let more = and_more(behind.len(), "more");
            story.push(format!("stuck behind them: {}{more}", list.join("; ")));
        }
        let may_go_on = self.who_may_go_on();
        let mut is_among = vec![false; self.tasks.len()];
        stuck.iter().for_each(|task| is_among[task.index()] = true);
        let is_stuck = |task: &TaskId| is_among[task.index()] || !may_go_on[task.index()];
        let (waiting, running): (Vec<TaskId>, Vec<TaskId>) = others.into_iter().partition(is_stuck);
        for alike in self.alike(&waiting[..waiting.len().min(TASKS_SHOWN)]) {
            story.push(self.tell_of_waits(&alike));
            // What others wait for as well is told once.
            let sources = self.tell_of_sources(alike[0]);
            let fresh: Vec<String> =
                sources.into_iter().filter(|line| !story.contains(line)).collect();
            story.extend(fresh);
        }
        if waiting.len() > TASKS_SHOWN {
            story.push(format!("and {} more tasks wait likewise", waiting.len() - TASKS_SHOWN));
        }
        if !running.is_empty() {
            let titles = running.iter().take(TASKS_SHOWN).map(|&task| self.tell_of_running(task));
            let titles: Vec<String> = titles.collect();
            let more = and_more(running.len(), "more");
            story.push(format!("not involved, still running: {}{more}", titles.join("; ")));
        }
        story
    }

    /// Where a task waits.
    pub(super) fn place_of_wait(&self, task: TaskId, waited: Waited) -> Option<Place> {
        self.site_of_wait(task, waited).map(Place::from)
    }

    fn site_of_wait(&self, task: TaskId, waited: Waited) -> Option<&'static Location<'static>> {
        match waited {
            Waited::Operation(id) => Some(self.operations.get(id.0)?.description.site),
            Waited::End(joined) => {
                let join = self.join_for(joined)?;
                (join.task == task).then_some(join.site)
            }
        }
    }

    fn tell_of_ring(&self, ring: &[(TaskId, Waited)]) -> Vec<String> {
        let mut rows: Vec<[String; 3]> = Vec::new();
        for (index, &(task, waited)) in ring.iter().enumerate().take(TASKS_SHOWN) {
            let previous = ring[(index + ring.len() - 1) % ring.len()];
            let has = self.tell_what_it_has(task, previous);
            rows.push([self.task_title(task), has, self.tell_what_it_wants(task, waited)]);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let (title, has) = (width(0), width(1));
        let lines =
            rows.iter().map(|[one, two, three]| format!("{one:title$}  {two:has$}  {three}"));
        let mut story: Vec<String> = lines.collect();
        if ring.len() > TASKS_SHOWN {
            story.push(format!("and {} more tasks in the ring", ring.len() - TASKS_SHOWN));
        }
        let since = ring.iter().filter_map(|&(task, waited)| self.wait_began(task, waited));
        let (first, last) = (since.clone().min(), since.max());
        if let (Some(first), Some(last)) = (first, last) {
            let (first, last) = (Instant::from_nanos(first), Instant::from_nanos(last));
            story.push(match first == last {
                true => format!("all since t={first}"),
                false => format!("since t={first}, the last of them since t={last}"),
            });
        }
        story
    }

    fn wait_began(&self, task: TaskId, waited: Waited) -> Option<u64> {
        match waited {
            Waited::Operation(id) => Some(self.operations.get(id.0)?.since_ns),
            Waited::End(joined) => {
                let join = self.join_for(joined)?;
                (join.task == task).then_some(join.since_ns)
            }
        }
    }

    /// Why the one before it in the ring waits for this task.
    fn tell_what_it_has(&self, task: TaskId, (_, waited): (TaskId, Waited)) -> String {
        let Waited::Operation(id) = waited else { return String::from("is joined") };
        let Some(object) = self.operations.get(id.0).and_then(|it| it.description.object) else {
            return String::new();
        };
        let title = self.object_title(object);
        let holds = self.objects.holds_of(object);
        let own: Vec<&HoldRecord> =
            holds.map(|(_, hold)| hold).filter(|hold| hold.task == task).collect();
        let Some(hold) = own.first() else {
            let heir = self.heirs(object).find(|heir| heir.task == task);
            let site = heir.map(|heir| format!(" ({})", place(heir.description.site)));
            return format!("was handed {title}{}", site.unwrap_or_default());
        };
        if hold.mode == Mode::Awaited {
            return format!("is awaited by {title}");
        }
        let moved = if self.objects[object as usize].is_loose { ", moved?" } else { "" };
        let units = own.iter().map(|hold| hold.units).sum::<u32>();
        let units = if units > 1 { format!("{units} of ") } else { String::new() };
        format!("holds {units}{title} since {}{moved}", place(hold.site))
    }

    fn tell_what_it_wants(&self, task: TaskId, waited: Waited) -> String {
        let site = self.site_of_wait(task, waited).map(place).unwrap_or_default();
        match waited {
            Waited::Operation(id) => match self.operations.get(id.0) {
                Some(operation) => {
                    let object = operation.description.object;
                    let title = object.map(|object| self.object_title(object));
                    let name = operation.description.name;
                    format!("{}  {site}", waits_in(name, title.as_deref()))
                }
                None => String::new(),
            },
            Waited::End(joined) => format!("joins {}  {site}", self.task_title(joined)),
        }
    }

    /// Which of these tasks depend on the ring, directly or through others.
    fn split_behind(&self, ring: &[TaskId], others: Vec<TaskId>) -> (Vec<TaskId>, Vec<TaskId>) {
        if ring.is_empty() {
            return (Vec::new(), others);
        }
        let may_go_on = self.who_may_go_on();
        let mut behind: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
        for &task in others.iter().filter(|task| !may_go_on[task.index()]) {
            for (_, next) in self.edges(task) {
                behind.entry(next).or_default().push(task);
            }
        }
        let mut is_behind = vec![false; self.tasks.len()];
        let mut todo = ring.to_vec();
        while let Some(task) = todo.pop() {
            for task in behind.remove(&task).unwrap_or_default() {
                if !std::mem::replace(&mut is_behind[task.index()], true) {
                    todo.push(task);
                }
            }
        }
        others.into_iter().partition(|task| is_behind[task.index()])
    }

    /// For each task whether it has a turn, or a timer.
    pub(super) fn who_may_go_on(&self) -> Vec<bool> {
        let ids = (0..self.tasks.len() as u32).map(TaskId);
        let mut may: Vec<bool> = ids.map(|task| !self.rests(task)).collect();
        self.timers.iter().for_each(|timer| may[timer.task.index()] = true);
        may
    }

    /// Whether a task has a turn, or a timer.
    pub(super) fn may_go_on(&self, task: TaskId) -> bool {
        !self.rests(task) || self.timers.iter().any(|timer| timer.task == task)
    }

    fn tell_of_running(&self, task: TaskId) -> String {
        let title = self.task_title(task);
        match self.timers.iter().find(|timer| timer.task == task) {
            Some(timer) => {
                let until = Instant::from_nanos(timer.deadline_ns);
                format!("{title} (sleeps until t={until}, {})", place(timer.site))
            }
            None => title,
        }
    }

    /// Tasks that wait for the same in the same place and since the same time, together.
    fn alike(&self, tasks: &[TaskId]) -> Vec<Vec<TaskId>> {
        let mut groups: Vec<(Vec<Wait>, Vec<TaskId>)> = Vec::new();
        for &task in tasks {
            let waits = self.blocked_among(&[task]).pop().map_or_else(Vec::new, |it| it.waits);
            match groups.iter_mut().find(|(of, _)| !waits.is_empty() && *of == waits) {
                Some((_, alike)) => alike.push(task),
                None => groups.push((waits, vec![task])),
            }
        }
        groups.into_iter().map(|(_, alike)| alike).collect()
    }

    /// What tasks wait for that are alike, in a line.
    fn tell_of_waits(&self, alike: &[TaskId]) -> String {
        let line = self.tell_of_wait(alike[0]);
        let Some((last, others)) = alike.split_last().filter(|(_, others)| !others.is_empty())
        else {
            return line;
        };
        let first = self.task_title(alike[0]);
        let others: Vec<String> = others.iter().map(|&task| self.task_title(task)).collect();
        let titles = format!("{} and {}", others.join(", "), self.task_title(*last));
        let waits = line.strip_prefix(&first).unwrap_or(&line).replacen(" waits: ", " wait: ", 1);
        format!("{titles}{waits}")
    }

    /// What a task waits for, where, and since when, in a line.
    pub(super) fn tell_of_wait(&self, task: TaskId) -> String {
        let blocked = self.blocked_among(&[task]);
        let Some(blocked) = blocked.first() else { return String::new() };
        let mut line = blocked.to_string();
        if blocked.waits.is_empty() && !self.has_waker(task) {
            line.push_str(", and nobody has kept its waker: nothing can wake it");
        }
        line
    }

    /// For each of a task's waits that nobody holds: who could have ended it.
    pub(super) fn tell_of_sources(&self, task: TaskId) -> Vec<String> {
        let mut lines = Vec::new();
        let mut waits: Vec<_> = self.pending(task).collect();
        waits.reverse();
        for (_, operation) in waits {
            let Some(object) = operation.description.object else { continue };
            let title = self.object_title(object);
            let record = &self.objects[object as usize];
            if let Some((what, now, all)) = record.count {
                lines.push(format!("    {title}: {now} of {all} {what}"));
            }
            if operation.handed != Handed::Nothing {
                lines.push(String::from("    it was woken there, but has not been polled since"));
            }
            let holds = self.objects.holds_of(object).map(|(_, hold)| hold);
            let holders = holds.filter(|hold| hold.mode != Mode::Awaited).count();
            let cause = record.causes.iter().find(|cause| cause.wait == operation.description.name);
            lines.extend(self.tell_of_deeds(object, cause, holders > 0));
        }
        lines
    }

    fn tell_of_deeds(&self, object: u32, cause: Option<&Cause>, is_held: bool) -> Vec<String> {
        let deeds = self.deeds(object);
        let fitting: Vec<Deed> = match cause {
            Some(cause) => self.deeds_for(object, cause.wait).collect(),
            None => deeds.iter().copied().collect(),
        };
        let mut lines: Vec<String> = Vec::new();
        if let Some(cause) = cause {
            lines.extend(self.tell_of_debts(object, cause));
        }
        for deed in fitting.iter().take(SOURCES_SHOWN) {
            lines.push(self.tell_of_deed(deed));
        }
        if fitting.len() > SOURCES_SHOWN {
            lines.push(format!("    and {} more like that", fitting.len() - SOURCES_SHOWN));
        }
        if deeds.dropped() > 0 {
            lines.push(format!("    and {} earlier ones that were not kept", deeds.dropped()));
        }
        if let (true, false, Some(cause)) = (fitting.is_empty(), is_held, cause) {
            let title = self.object_title(object);
            lines.push(format!("    nobody has called {} on {title}", cause.by.join(" or ")));
        }
        lines
    }

    fn tell_of_deed(&self, deed: &Deed) -> String {
        let mut line = format!("    last {}", deed.action);
        let by = self.task_title(deed.task);
        let (at, site) = (Instant::from_nanos(deed.at_ns), place(deed.site));
        // A drop has no place of its own.
        let site = if deed.action.starts_with("drop ") || deed.site == IN_A_DROP {
            String::new()
        } else {
            format!(" at {site}")
        };
        let _infallible = write!(line, " by {by}{site}, t={at}");
        if deed.count > 1 {
            let _infallible = write!(line, ", the last of {}", deed.count);
        }
        if deed.is_unheard {
            line.push_str(", which woke nobody");
        }
        // Of everybody who waits for ever it is told on a line of its own.
        if self.has_ended(deed.task) || self.may_go_on(deed.task) {
            let _infallible = write!(line, "; {}", self.tell_what_became_of(deed.task));
        }
        line
    }

    /// Who has taken something and not given account of it.
    fn tell_of_debts(&self, object: u32, cause: &Cause) -> Vec<String> {
        let mut debts: Vec<(TaskId, i64, &'static Location<'static>)> = Vec::new();
        for deed in self.deeds(object).iter() {
            let count = i64::try_from(deed.count).unwrap_or(i64::MAX);
            let (change, is_debt) = match deed.action {
                action if cause.owed.contains(&action) => (count, true),
                action if cause.by.contains(&action) => (-count, false),
                _ => continue,
            };
            match debts.iter_mut().find(|(task, ..)| *task == deed.task) {
                Some((_, owed, site)) => {
                    *owed += change;
                    if is_debt {
                        *site = deed.site;
                    }
                }
                None => debts.push((deed.task, change, deed.site)),
            }
        }
        let owing = debts.into_iter().filter(|&(_, owed, _)| owed > 0);
        let lines = owing.take(SOURCES_SHOWN).map(|(task, owed, site)| {
            let (title, fate) = (self.task_title(task), self.tell_what_became_of(task));
            let by = cause.by.first().copied().unwrap_or_default();
            let items = if owed == 1 { String::from("one") } else { owed.to_string() };
            format!("    {title} has taken {items} without {by} (last at {}); {fate}", place(site))
        });
        lines.collect()
    }

    /// Why it stands still, where that can be said in a few words: of the first task of which it
    /// can.
    pub(super) fn describe_root(&self, stuck: &[TaskId]) -> Option<String> {
        stuck.iter().find_map(|&task| {
            self.pending(task).find_map(|(_, operation)| {
                self.describe_dead_wait(operation.description.object?, operation.description.name)
            })
        })
    }

    fn describe_dead_wait(&self, object: u32, wait: &str) -> Option<String> {
        let title = self.object_title(object);
        let record = &self.objects[object as usize];
        if let Some((what, now, all)) = record.count {
            return Some(format!("{title} can no longer fill: {now} of {all} {what}"));
        }
        let mut holds = self.objects.holds_of(object).map(|(_, hold)| hold);
        let is_left = |hold: &&HoldRecord| hold.mode != Mode::Awaited && self.has_ended(hold.task);
        if let Some(hold) = holds.find(is_left) {
            let (holder, site) = (self.task_title(hold.task), place(hold.site));
            let part = match hold.mode {
                Mode::Permit | Mode::Unguarded | Mode::Forgotten if hold.units == 1 => {
                    String::from("a permit of ")
                }
                Mode::Permit | Mode::Unguarded | Mode::Forgotten => {
                    format!("{} permits of ", hold.units)
                }
                Mode::Exclusive | Mode::Shared | Mode::Awaited => String::new(),
            };
            let fate = self.tell_what_became_of(hold.task);
            let fate = fate.strip_prefix("it ").unwrap_or(&fate);
            return Some(format!("{part}{title} was taken by {holder} at {site}, which {fate}"));
        }
        let cause = record.causes.iter().find(|cause| cause.wait == wait)?;
        let by = cause.by.first()?;
        if !cause.owed.is_empty() {
            let owing = self.tell_of_debts(object, cause);
            return (!owing.is_empty())
                .then(|| format!("what was taken from {title} is never followed by {by}"));
        }
        let mut deeds = self.deeds_for(object, wait);
        let nobody = deeds.next().is_none() && self.deeds(object).dropped() == 0;
        nobody.then(|| format!("{title} was waited for, and nobody has called {by} on it"))
    }

    /// What a task does now.
    pub(super) fn tell_what_became_of(&self, task: TaskId) -> String {
        let record = &self.tasks[task.index()];
        if record.state == State::Ended {
            let at = Instant::from_nanos(self.aside(task).ended_ns);
            return match record.ending {
                Some(Ending::Cancelled) => format!("it was cancelled at t={at}"),
                Some(Ending::Panicked) => format!("it panicked at t={at}"),
                _ => format!("it has ended, t={at}"),
            };
        }
        if self.may_go_on(task) {
            return String::from("it is still running");
        }
        let blocked = self.blocked_among(&[task]);
        match blocked.first().and_then(|blocked| blocked.waits.first()) {
            Some(wait) => {
                let what = waits_in(wait.operation, wait.object.as_deref());
                format!("it {what} at {}", wait.place)
            }
            None => String::from("it waits for an unknown future"),
        }
    }
}

pub(super) fn place(site: &Location<'_>) -> String {
    format!("{}:{}", site.file(), site.line())
}

/// What a task does that waits in an operation: `waits to acquire lock a`, `waits for event b`.
fn waits_in(operation: &str, object: Option<&str>) -> String {
    match (operation, object) {
        ("wait", Some(object)) => format!("waits for {object}"),
        // No verb in the infinitive.
        (_, Some(object)) if operation.ends_with("ed") => {
            format!("waits in {operation} of {object}")
        }
        (_, Some(object)) => format!("waits to {operation} {object}"),
        (_, None) => format!("waits to {operation}"),
    }
}

fn and_more(count: usize, what: &str) -> String {
    match count.saturating_sub(TASKS_SHOWN) {
        0 => String::new(),
        more => format!("; and {more} {what}"),
    }
}
