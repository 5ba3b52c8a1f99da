//! Virtual time: jumping to the next timer, and firing what is due.

use std::panic::Location;
use std::task::Waker;

use super::losses::Pending;
use super::tasks::State;
use super::timers::Vacancy;
use super::waker::{Waiter, own_task};
use super::{Core, Heed, TaskId, Timer, TimerKey, Turn};
use crate::finding::{Finding, Kind};
use crate::time::{Instant, TimerSource};
use crate::trace::EventKind;

/// A place for a timer of the task that is running.
pub(crate) struct OwnVacancy {
    task: TaskId,
    vacancy: Vacancy,
    deadline: Instant,
}

impl Core {
    /// The place for a timer of the task that is running, if a waker is its own and nothing else is
    /// to be done about it: this is how most timers are started.
    #[inline(always)]
    pub(crate) fn vacancy_for(&mut self, deadline: Instant, waker: &Waker) -> Option<OwnVacancy> {
        let (task, _) = own_task(waker, self)?;
        if deadline <= self.now() || self.is_heard() || self.detectors.is_some() {
            return None;
        }
        let vacancy = self.timers.vacancy_for(deadline.as_nanos())?;
        self.poll.is_known = true;
        Some(OwnVacancy { task, vacancy, deadline })
    }

    /// Starts a timer in a place that was just found for it.
    #[inline(always)]
    pub(crate) fn start_timer_in(
        &mut self,
        place: OwnVacancy,
        site: &'static Location<'static>,
    ) -> TimerKey {
        let OwnVacancy { task, vacancy, deadline } = place;
        let (since_ns, deadline_ns) = (self.now_ns, deadline.as_nanos());
        let waiter = Waiter::Task(task);
        self.timers.fill(vacancy, Timer { waiter, task, site, since_ns, deadline_ns })
    }

    /// Starts a timer for the current task.
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
        // In the engine's own code, and with nobody to be told, a task is woken by its turn alone.
        let is_told = self.is_heard() || self.detectors.is_some() || self.current.is_some();
        if is_told {
            self.fire_told()
        } else {
            self.fire::<false>()
        }
        if self.faults.is_some() {
            self.end_stalls();
            self.strike_any();
        }
    }

    #[inline(never)]
    fn fire_told(&mut self) {
        self.fire::<true>();
    }

    /// Fires every timer that is due. `TOLD` says whether anybody is told of it.
    #[inline(always)]
    fn fire<const TOLD: bool>(&mut self) {
        while let Some(mut due) = self.timers.pop_due(self.now_ns) {
            let is_last = due.is_last;
            while let Some(timer) = self.timers.take_of(&mut due) {
                let (sleeper, site) = (timer.task, timer.site);
                let Waiter::Task(task) = timer.waiter else {
                    let waiter = std::mem::replace(&mut timer.waiter, Waiter::Task(sleeper));
                    self.fire_other(sleeper, site, waiter);
                    continue;
                };
                self.note_fired(sleeper, site);
                if !TOLD && self.rests_idle(task) {
                    self.tasks[task.index()].state = State::Ready;
                    self.ready.push(Turn::Resume(task));
                } else {
                    self.wake_sleeper(Waiter::Task(task));
                }
            }
            if is_last {
                break;
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn fire_other(&mut self, task: TaskId, site: &'static Location<'static>, waiter: Waiter) {
        self.note_fired(task, site);
        self.wake_waiter(waiter);
    }

    /// Notes that a sleep of a task's is over, and is to be polled.
    #[inline(always)]
    fn note_fired(&mut self, task: TaskId, site: &'static Location<'static>) {
        match self.asides.get_mut(task.index()) {
            Some(aside) => aside.unpolled_sleep = Some(site),
            None => self.aside_mut(task).unpolled_sleep = Some(site),
        }
    }

    #[inline(never)]
    fn wake_sleeper(&mut self, waiter: Waiter) {
        self.wake_waiter(waiter);
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
