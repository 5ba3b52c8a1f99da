//! Leaks: what is left when the main future has ended.
//!
//! That tasks go on when the main one has returned is common, and allowed unless
//! [`Leaks::Forbid`] says otherwise. Daemons are meant to. What is held by whoever will not let go
//! of it is counted in any case.

use super::super::tasks::Duty;
use super::super::{Core, HoldRecord, TaskId};
use crate::finding::{Finding, Kind};
use crate::options::Leaks;
use crate::probe::Mode;
use crate::time::Instant;

/// How many tasks a report speaks of one by one.
const TASKS_SHOWN: usize = 8;
/// How many lines a finding of another kind has on what is left.
const LEFT_SHOWN: usize = 4;

impl Core {
    /// The main future has ended. What is left of the others is a finding, if that is asked for.
    #[inline]
    pub(super) fn conclude_leaks(&mut self) {
        if self.options.leaks == Leaks::Forbid
            && self.finding.is_none()
            && self.has_ended(TaskId::MAIN)
        {
            self.look_for_leaks();
        }
    }

    #[cold]
    fn look_for_leaks(&mut self) {
        let unfinished = self.unfinished();
        let left: Vec<TaskId> =
            unfinished.filter(|task| self.tasks[task.index()].new.duty == Duty::Finite).collect();
        let mut out = self.tell_of_units_out();
        if left.is_empty() && out.is_empty() {
            return;
        }
        let message = match left.as_slice() {
            [] => String::from("something was taken and never given back"),
            [alone] => format!("{} had not ended when main did", self.task_title(*alone)),
            several => format!("{} tasks had not ended when main did", several.len()),
        };
        let mut finding = Finding::new(Kind::Leak, message, self.now());
        for &task in left.iter().take(TASKS_SHOWN) {
            finding.story.extend(self.tell_of_leak(task));
        }
        if left.len() > TASKS_SHOWN {
            finding.story.push(format!("and {} more tasks likewise", left.len() - TASKS_SHOWN));
        }
        finding.story.append(&mut out);
        let held = self.units_out().next();
        let (task, place) = match (left.first(), held) {
            (Some(&first), _) => (first, self.task_place(first)),
            (None, Some(hold)) => (hold.task, Some(hold.site.into())),
            (None, None) => (TaskId::MAIN, None),
        };
        finding.task = Some(self.task_title(task));
        finding.place = place;
        finding.blocked = self.blocked_among(&left);
        self.fail(finding);
    }

    /// The run is over: what was lost in it and what is left are evidence of the finding, or
    /// remarks if there is none.
    #[cold]
    pub(super) fn conclude_remarks(&mut self) {
        let mut remarks = self.tell_of_losses();
        let kind = self.finding.as_ref().map(|finding| finding.kind);
        if matches!(kind, None | Some(Kind::Panic | Kind::Error | Kind::Property)) {
            remarks.extend(self.tell_of_left());
        }
        match &mut self.finding {
            // Of a standstill it is the cause: that comes first.
            Some(finding) if finding.kind == Kind::Deadlock => {
                finding.story.splice(0..0, remarks);
            }
            Some(finding) => finding.evidence.append(&mut remarks),
            None => self.remarks = remarks,
        }
    }

    /// What is left beside a finding that does not speak of it: tasks that wait for more than the
    /// end of others, what they hold, and units that nobody can give back any more.
    fn tell_of_left(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let is_over = self.has_ended(TaskId::MAIN);
        let current = self.finding.as_ref().and_then(|finding| finding.task.clone());
        let mut running: Vec<TaskId> = Vec::new();
        for task in self.unfinished() {
            if self.tasks[task.index()].new.duty == Duty::Daemon
                || current.as_ref() == Some(&self.task_title(task))
            {
                continue;
            }
            let waits = self.pending(task).next().is_some();
            let is_unknown = self.joined_by(task).is_empty();
            if self.may_go_on(task) {
                running.extend(is_over.then_some(task));
            } else if waits || is_unknown {
                let mut line = format!("left: {}", self.tell_of_wait(task));
                for hold in self.tell_of_holds(task) {
                    line.push_str("; it ");
                    line.push_str(&hold);
                }
                if let Some(had) = self.tell_of_items(task) {
                    line.push_str("; it ");
                    line.push_str(&had);
                }
                lines.push(line);
            }
        }
        lines.extend(self.tell_of_units_out());
        let more = lines.len().saturating_sub(LEFT_SHOWN);
        lines.truncate(LEFT_SHOWN);
        if more > 0 {
            lines.push(format!("left: {more} more like that"));
        }
        if !running.is_empty() {
            let shown = running.iter().take(LEFT_SHOWN).map(|&task| self.task_title(task));
            let more = match running.len().saturating_sub(LEFT_SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let titles = shown.collect::<Vec<_>>().join(", ");
            lines.push(format!("left: {titles}{more}, which had not ended and could have gone on"));
        }
        lines
    }

    /// Counts what is held by whoever will not let go of it: a task that waits for ever, or one
    /// that has ended and had no guard.
    #[cold]
    pub(super) fn count_held(&mut self) {
        if self.finding.is_some() || !self.has_ended(TaskId::MAIN) {
            return;
        }
        let is_left = |hold: &HoldRecord| match hold.mode {
            Mode::Awaited | Mode::Forgotten => false,
            Mode::Unguarded if self.has_ended(hold.task) => true,
            // Its guard may be anywhere, if it has ended.
            _ => {
                self.tasks[hold.task.index()].new.duty == Duty::Finite
                    && !self.has_ended(hold.task)
                    && !self.may_go_on(hold.task)
            }
        };
        self.left_held = self.objects.holds().filter(|(_, hold)| is_left(hold)).count();
    }

    /// Everything was dropped, and something is held still: its guard was forgotten, or is kept by
    /// what outlives the run.
    #[cold]
    pub(in super::super) fn note_forgotten_guards(&mut self) {
        if !self.has_ended(TaskId::MAIN) {
            return;
        }
        let is_guarded =
            |hold: &&HoldRecord| matches!(hold.mode, Mode::Exclusive | Mode::Shared | Mode::Permit);
        let holds: Vec<HoldRecord> =
            self.objects.holds().map(|(_, hold)| hold).filter(is_guarded).copied().collect();
        let Some(first) = holds.first() else { return };
        self.left_held += holds.len();
        let shown = holds.iter().take(LEFT_SHOWN).map(|hold| {
            format!(
                "left: {}, taken by {} at {}, whose guard was never dropped",
                self.object_title(hold.object),
                self.task_title(hold.task),
                super::story::place(hold.site)
            )
        });
        let mut lines: Vec<String> = shown.collect();
        if holds.len() > LEFT_SHOWN {
            lines.push(format!("left: {} more like that", holds.len() - LEFT_SHOWN));
        }
        if self.options.leaks == Leaks::Allow {
            self.remarks.extend(lines.into_iter().filter(|_| self.events.is_some()));
            return;
        }
        let message = "something was taken, and its guard was never dropped";
        let mut finding = Finding::new(Kind::Leak, message, self.now());
        finding.task = Some(self.task_title(first.task));
        finding.place = Some(first.site.into());
        finding.story = lines;
        self.fail(finding);
    }

    /// Units that were taken without a guard by tasks that have ended, and not given back.
    fn tell_of_units_out(&self) -> Vec<String> {
        let told = self.units_out().map(|hold| {
            let units = if hold.units > 1 { format!("{} of ", hold.units) } else { String::new() };
            let (title, taker) = (self.object_title(hold.object), self.task_title(hold.task));
            let (site, fate) =
                (super::story::place(hold.site), self.tell_what_became_of(hold.task));
            let fate = fate.strip_prefix("it ").unwrap_or(&fate);
            format!("left: {units}{title}, not given back by {taker}, which took it at {site} and {fate}")
        });
        told.collect()
    }

    /// What was taken without a guard by tasks that have ended.
    fn units_out(&self) -> impl Iterator<Item = &HoldRecord> {
        let holds = self.objects.holds().map(|(_, hold)| hold);
        holds.filter(move |hold| hold.mode == Mode::Unguarded && self.has_ended(hold.task))
    }

    fn tell_of_leak(&self, task: TaskId) -> Vec<String> {
        let mut lines = Vec::new();
        if self.rests(task) {
            lines.push(self.tell_of_wait(task));
            lines.extend(self.tell_of_sources(task));
        } else {
            lines.push(format!("{} could have gone on", self.task_title(task)));
        }
        if let Some(place) = self.task_place(task) {
            lines.push(format!("    spawned at {place}"));
        }
        lines.extend(self.tell_of_holds(task).into_iter().map(|hold| format!("    {hold}")));
        lines.extend(self.tell_of_items(task).into_iter().map(|item| format!("    {item}")));
        lines
    }

    /// What a task holds: `holds lock a since t=0.000 (src/a.rs:12)`.
    fn tell_of_holds(&self, task: TaskId) -> Vec<String> {
        let mut holds: Vec<_> = self.objects.holds().map(|(_, hold)| hold).collect();
        holds.retain(|hold| hold.task == task && hold.mode != Mode::Awaited);
        let shown = holds.iter().take(TASKS_SHOWN).map(|hold| {
            let (title, site) = (self.object_title(hold.object), super::story::place(hold.site));
            let since = Instant::from_nanos(hold.since_ns);
            let units = if hold.units > 1 { format!("{} of ", hold.units) } else { String::new() };
            format!("holds {units}{title} since t={since} ({site})")
        });
        let mut lines: Vec<String> = shown.collect();
        if holds.len() > TASKS_SHOWN {
            lines.push(format!("has {} more things like that", holds.len() - TASKS_SHOWN));
        }
        lines
    }
}
