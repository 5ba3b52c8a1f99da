//! Leaks: what is left when the main future has ended.
//!
//! That tasks go on when the main one has returned is common, and allowed unless
//! [`Leaks::Forbid`] says otherwise. Daemons are meant to.

use super::super::tasks::Duty;
use super::super::{Core, TaskId};
use crate::finding::{Finding, Kind};
use crate::options::Leaks;
use crate::probe::Mode;
use crate::time::Instant;

/// How many tasks a report speaks of one by one.
const TASKS_SHOWN: usize = 8;

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
            unfinished.filter(|task| self.tasks[task.index()].duty == Duty::Finite).collect();
        if left.is_empty() {
            return;
        }
        let message = match left.as_slice() {
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
        finding.task = Some(self.task_title(left[0]));
        finding.place = self.task_place(left[0]);
        finding.blocked = self.blocked_among(&left);
        self.fail(finding);
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
        let mut holds: Vec<_> = self.holds.iter().map(|(_, hold)| hold).collect();
        holds.retain(|hold| hold.task == task && hold.mode != Mode::Awaited);
        for hold in holds.iter().take(TASKS_SHOWN) {
            let (title, site) = (self.object_title(hold.object), super::story::place(hold.site));
            let since = Instant::from_nanos(hold.since_ns);
            let units = if hold.units > 1 { format!("{} of ", hold.units) } else { String::new() };
            lines.push(format!("    holds {units}{title} since t={since} ({site})"));
        }
        if holds.len() > TASKS_SHOWN {
            lines.push(format!("    and {} more like that", holds.len() - TASKS_SHOWN));
        }
        lines
    }
}
