//! Standstills that a heartbeat hides: only tasks that wake themselves by timers go on, and none of
//! them has woken another one for many rounds.
//!
//! A round is a jump of the clock. Counting begins anew whenever a task wakes or spawns another
//! one, or ends, and whenever the main task runs.

use super::super::{Core, TaskId};
use crate::finding::{Finding, Kind};
use crate::options::Detection;
use crate::probe;
use crate::time::Instant;

/// Rounds of timers in which nobody has done anything for anybody else.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quiet {
    pub(crate) rounds: u64,
    /// When they began.
    pub(crate) since_ns: u64,
}

impl Core {
    /// Something has happened that others can notice.
    #[inline]
    pub(in super::super) fn is_lively(&mut self) {
        self.quiet.rounds = 0;
    }

    /// The clock is about to jump.
    #[inline]
    pub(in super::super) fn count_round(&mut self) {
        if self.quiet.rounds == 0 {
            self.quiet.since_ns = self.now_ns;
        }
        self.quiet.rounds += 1;
        if self.quiet.rounds >= self.options.standstill_rounds {
            self.look_for_standstill();
        }
    }

    #[cold]
    fn look_for_standstill(&mut self) {
        let Quiet { rounds, since_ns } = self.quiet;
        self.quiet.rounds = 0;
        let is_on = self.options.detectors.standstills == Detection::On;
        // Whoever sleeps since before then may have something to do when it wakes.
        let sleeps_longer = self.timers.iter().any(|timer| timer.since_ns <= since_ns);
        if !is_on || sleeps_longer || self.may_be_driven() || self.goes_on(TaskId::MAIN) {
            return;
        }
        let may_go_on = self.who_may_go_on();
        let (running, waiting): (Vec<TaskId>, Vec<TaskId>) =
            self.unfinished().partition(|task| may_go_on[task.index()]);
        let titles: Vec<String> = running.iter().take(4).map(|&it| self.task_title(it)).collect();
        let more = match running.len() - titles.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let since = Instant::from_nanos(since_ns);
        let message = format!(
            "main can only wait: since t={since}, for {rounds} rounds of timers, nothing has run \
             but {}{more}, which woke nobody",
            titles.join(", ")
        );
        let mut finding = Finding::new(Kind::Deadlock, message, self.now());
        finding.story = self.tell_of_blocked(&[], &waiting);
        finding.blocked = self.blocked_among(&waiting);
        self.fail(finding);
    }

    /// Whether somebody may be woken by what is not the engine's. On trial as for good.
    fn may_be_driven(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.is_busy())
            || probe::companion().is_some() && self.has_unknown_waits()
    }

    /// Whether a task, or anybody that it is known to depend on, has a turn or a timer.
    fn goes_on(&self, task: TaskId) -> bool {
        let may_go_on = self.who_may_go_on();
        let mut seen = vec![false; self.tasks.len()];
        let mut todo = vec![task];
        while let Some(task) = todo.pop() {
            if std::mem::replace(&mut seen[task.index()], true) {
                continue;
            }
            if may_go_on[task.index()] {
                return true;
            }
            todo.extend(self.edges(task).into_iter().map(|(_, next)| next));
        }
        false
    }
}
