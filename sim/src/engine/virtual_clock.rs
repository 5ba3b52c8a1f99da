//! Virtual time: jumping to the next timer, and firing what is due.

use std::panic::Location;

use super::losses::Pending;
use super::waker::Waiter;
use super::{Core, Heed, TaskId, Timer, TimerKey};
use crate::finding::{Finding, Kind};
use crate::time::{Instant, TimerSource};
use crate::trace::EventKind;

impl Core {
    /// Starts a timer for the current task.
    #[inline(always)]
    pub(crate) fn start_timer(
        &mut self,
        deadline: Instant,
        waiter: Waiter,
        site: &'static Location<'static>,
    ) -> TimerKey {
        let task = self.current.unwrap_or(TaskId::MAIN);
        self.poll.is_known = true;
        self.note_wait("sleep", site);
        let (since_ns, deadline_ns) = (self.now_ns, deadline.as_nanos());
        let key = self.timers.insert(Timer { waiter, task, site, since_ns, deadline_ns });
        if self.is_heard() {
            self.tell_timer(key, deadline, site);
        }
        key
    }

    #[inline(never)]
    fn tell_timer(&mut self, key: TimerKey, deadline: Instant, site: &'static Location<'static>) {
        self.record(move |_| EventKind::TimerStarted { deadline, site: site.into() });
        if self.losses.is_some() {
            self.note_begun(Pending::Timer(key.order()), site);
        }
    }

    /// A sleep was dropped: its timer, if that has not fired, is for the caller to drop.
    pub(crate) fn drop_timer(&mut self, key: TimerKey) -> Option<Timer> {
        let timer = self.timers.cancel(key);
        if let Some(Timer { site, deadline_ns, .. }) = timer
            && self.losses.is_some()
        {
            let deadline = Instant::from_nanos(deadline_ns);
            self.record(move |_| EventKind::TimerDropped { deadline, site: site.into() });
            self.note_dropped(Pending::Timer(key.order()), "sleep", site);
        }
        timer
    }

    /// Puts a second source of timers in place; hands back an earlier one.
    pub(crate) fn attach_source(
        &mut self,
        source: Box<dyn TimerSource>,
    ) -> Option<Box<dyn TimerSource>> {
        self.heed.add(Heed::ATTENTION);
        self.source.replace(source)
    }

    /// The source, if it is to be told of the step that was the last.
    pub(super) fn source_to_tell(&mut self) -> Option<Box<dyn TimerSource>> {
        let at = (self.steps, self.now_ns);
        if self.told_at == at || !self.source.as_ref()?.is_attentive(self.now()) {
            return None;
        }
        self.told_at = at;
        self.source.take()
    }

    /// When something is due next: a timer, or the end of a stall.
    #[inline]
    pub(super) fn next_deadline_ns(&mut self) -> Option<u64> {
        let timer_ns = self.timers.next_deadline_ns();
        if self.faults.is_none() {
            return timer_ns;
        }
        timer_ns.into_iter().chain(self.next_stall_ns()).min()
    }

    /// Moves the clock to `to_ns`, never backwards, and fires every timer that is due then.
    pub(crate) fn jump(&mut self, to_ns: u64) {
        if to_ns > self.now_ns {
            if to_ns > self.elapsed_max_ns {
                self.fail_out_of_time();
                return;
            }
            self.count_round();
            self.now_ns = to_ns;
            self.order_clock();
            self.record(move |core| EventKind::ClockJumped { to: core.now() });
        }
        while let Some(mut due) = self.timers.pop_due(self.now_ns) {
            let is_last = due.is_last;
            while let Some(timer) = self.timers.take_of(&mut due) {
                self.aside_mut(timer.task).unpolled_sleep = Some(timer.site);
                match timer.waiter {
                    Waiter::Task(task) if self.rests_idle(task) => self.wake_idle(task),
                    waiter => self.wake_waiter(waiter),
                }
            }
            if is_last {
                break;
            }
        }
        if self.faults.is_some() {
            self.end_stalls();
            self.strike_any();
        }
    }

    #[cold]
    fn fail_out_of_time(&mut self) {
        let message = format!(
            "the program went on beyond its budget of {:?} of virtual time",
            self.options.elapsed_max,
        );
        let mut finding = Finding::new(Kind::Livelock, message, self.now());
        finding.blocked = self.blocked();
        self.fail(finding);
    }
}
