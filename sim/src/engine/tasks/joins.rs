//! Joining: who waits for the end of which task, and what is found there.

use std::panic::Location;
use std::task::Waker;

use super::super::ids::TaskId;
use super::super::table::NIL;
use super::super::waker::{Waiter, own_task};
use super::super::{Core, Heed};
use super::{Leftover, SPARE_MAX, TaskBody};
use crate::trace::EventKind;

/// What whoever joins a task finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinPoll {
    /// The task has not ended, and wakes whoever asked when it does.
    Pending,
    /// It has not ended, and somebody is still to be woken by it.
    MustWait,
    /// It returned, and its output is there.
    Returned,
    /// It was aborted.
    Cancelled,
    /// It panicked.
    Panicked,
    /// Its output was taken before.
    AlreadyTaken,
}

/// Who waits for a task to end.
#[derive(Debug)]
pub(crate) struct Joiner {
    pub(crate) waiter: Waiter,
    pub(crate) join: Join,
}

/// A wait for a task to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Join {
    pub(crate) task: TaskId,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since_ns: u64,
    /// Which poll of the joining task polled it last.
    pub(crate) polled_in: u32,
}

/// The same in a word, in the record of the task that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JoinedBy(u32);

impl JoinedBy {
    pub(super) const NOBODY: JoinedBy = JoinedBy(u32::MAX);

    /// Said of a place in the list of joiners, where a task has numbers below that.
    const LISTED: u32 = 1 << 31;

    /// A task that waits for nobody else, with a waker of its own: what is known of that is beside
    /// its record, in [`Joining`].
    const fn task(task: TaskId) -> JoinedBy {
        JoinedBy(task.0)
    }

    fn as_task(self) -> Option<TaskId> {
        (self.0 < JoinedBy::LISTED).then_some(TaskId(self.0))
    }

    /// Whoever else it is, by the place in the table of joiners.
    const fn listed(place: u32) -> JoinedBy {
        JoinedBy(place | JoinedBy::LISTED)
    }

    /// That place.
    fn place(self) -> Option<u32> {
        let is_listed = self.0 >= JoinedBy::LISTED && self != JoinedBy::NOBODY;
        is_listed.then_some(self.0 & !JoinedBy::LISTED)
    }
}

/// Whom a task joined in its last poll that joined anybody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Joining {
    /// Which poll that was.
    pub(crate) polled_in: u32,
    /// How many tasks it joined.
    pub(crate) count: u32,
    /// The first of them.
    pub(crate) first: u32,
    /// Since when, and where it joined that one. Invariant: they are of a join by which that task
    /// knows this one as [`JoinedBy::task`], if it does.
    since_ns: u64,
    site: Option<&'static Location<'static>>,
}

impl Joining {
    #[inline]
    fn first(
        polled_in: u32,
        joined: TaskId,
        since_ns: u64,
        site: &'static Location<'static>,
    ) -> Joining {
        Joining { polled_in, count: 1, first: joined.0, since_ns, site: Some(site) }
    }

    /// The wait of this task for the first one.
    fn join_of(&self, task: TaskId) -> Option<Join> {
        let Joining { polled_in, since_ns, site, .. } = *self;
        Some(Join { task, site: site?, since_ns, polled_in })
    }
}

impl Core {
    /// Takes what a task has returned, if that is there, nobody follows, and its record keeps the
    /// body.
    ///
    /// # Safety
    /// The task's future must have outputs of type `T`.
    #[inline(always)]
    pub(crate) unsafe fn take_plainly<T: 'static>(&mut self, id: TaskId) -> Option<T> {
        let task = &mut self.tasks[id.index()];
        let is_plain = task.leftover == Leftover::Output && id.index() < SPARE_MAX;
        if !is_plain || self.heed.has(Heed::HEARD.or(Heed::FOLLOWED)) {
            return None;
        }
        let body = task.body.as_mut().filter(|body| body.is_small())?;
        // SAFETY: It is of that type, as whoever calls this says.
        let output = unsafe { body.as_mut().take_output() }?;
        task.leftover = Leftover::Taken;
        self.left -= 1;
        if self.heed.has(Heed::WATCHED) {
            self.order_after_end(id);
        }
        Some(output)
    }

    /// What whoever joins a task finds. If that has not ended, the current one is woken through
    /// `waker` when it does; if it has returned, its output is to be
    /// [taken](Self::take_output).
    #[inline(never)]
    pub(crate) fn join(
        &mut self,
        id: TaskId,
        waker: &Waker,
        site: &'static Location<'static>,
    ) -> JoinPoll {
        if !self.has_ended(id) {
            return self.join_unfinished(id, waker, site);
        }
        let task = &mut self.tasks[id.index()];
        let leftover = std::mem::replace(&mut task.leftover, Leftover::Taken);
        if self.is_watched() || self.detectors.is_some() {
            self.order_after_end(id);
            self.note_join(id);
        }
        let joined = match leftover {
            Leftover::Output => JoinPoll::Returned,
            Leftover::Cancelled => JoinPoll::Cancelled,
            Leftover::Panicked => JoinPoll::Panicked,
            // Nothing, if it is being dropped where it stands.
            Leftover::Nothing | Leftover::Taken => return JoinPoll::AlreadyTaken,
        };
        self.left -= 1;
        joined
    }

    /// Takes what a task has returned that was just joined.
    ///
    /// # Safety
    /// The task's future must have outputs of type `T`.
    pub(crate) unsafe fn take_output<T: 'static>(&mut self, id: TaskId) -> Option<T> {
        let body = self.tasks[id.index()].body.as_mut()?;
        let is_kept = body.is_small() && id.index() < SPARE_MAX;
        // SAFETY: It is of that type, as whoever calls this says.
        let output = unsafe { body.as_mut().take_output() };
        if !is_kept {
            self.drop_body(id);
        }
        output
    }

    /// The same of a task that has not ended.
    #[inline]
    fn join_unfinished(
        &mut self,
        id: TaskId,
        waker: &Waker,
        site: &'static Location<'static>,
    ) -> JoinPoll {
        let joined_by = self.tasks[id.index()].joined_by;
        let own = own_task(waker, self).map(|(own, _)| own);
        if let Some(own) = own
            && (joined_by == JoinedBy::NOBODY || joined_by == JoinedBy::task(own))
        {
            self.join_as_itself(own, id, site);
            return JoinPoll::Pending;
        }
        match Waiter::of_task(waker, self.stamp) {
            Some(waiter) if joined_by == JoinedBy::NOBODY => {
                self.list_joiner(id, waiter, site, self.now_ns);
                JoinPoll::Pending
            }
            _ => JoinPoll::MustWait,
        }
    }

    /// Drops a body of which nothing is left, and which is not to be kept.
    #[cold]
    #[inline(never)]
    fn drop_body(&mut self, id: TaskId) {
        self.tasks[id.index()].body = None;
    }

    /// The message of a task that was joined and had panicked.
    pub(crate) fn take_message(&mut self, id: TaskId) -> String {
        self.panicked.remove(&id).unwrap_or_default()
    }

    #[inline(never)]
    fn note_join(&mut self, id: TaskId) {
        self.order_join(id);
        self.record(move |_| EventKind::Joined { task: id.into() });
    }

    /// Has the current task woken through `waiter` when another one ends. Hands back an earlier
    /// waiter, to be dropped while the engine is not borrowed.
    pub(crate) fn wait_for_end(
        &mut self,
        id: TaskId,
        waiter: Waiter,
        site: &'static Location<'static>,
    ) -> Option<Waiter> {
        if self.has_ended(id) {
            // Somebody's waker has ended it while it was cloned.
            self.poll.is_known = true;
            self.wake_waiter(waiter);
            return None;
        }
        let earlier = self.take_joiner(id);
        let since_ns = earlier.as_ref().map_or(self.now_ns, |earlier| earlier.join.since_ns);
        self.list_joiner(id, waiter, site, since_ns);
        earlier.map(|earlier| earlier.waiter)
    }

    /// The current task waits for the end of another one, with a waker of its own: again, or for
    /// whom nobody has waited.
    #[inline]
    fn join_as_itself(&mut self, own: TaskId, id: TaskId, site: &'static Location<'static>) {
        let (polled_in, now_ns) = (self.tasks[own.index()].polls, self.now_ns);
        if self.tasks[id.index()].joined_by == JoinedBy::NOBODY {
            if self.has_joined_in(own, polled_in) {
                self.list_joiner(id, Waiter::Task(own), site, now_ns);
                return;
            }
            self.set_joining(own, Joining::first(polled_in, id, now_ns, site));
            self.tasks[id.index()].joined_by = JoinedBy::task(own);
        } else {
            // As the first one: there is nobody else of whom that is said.
            let joining = &mut self.aside_mut(own).joining;
            if joining.polled_in != polled_in {
                joining.count = 1;
            }
            (joining.polled_in, joining.site) = (polled_in, Some(site));
        }
        self.note_join_begins(own, id, site);
    }

    /// The current task waits for the end of another one, for whom nobody has waited, in whatever
    /// way.
    #[cold]
    #[inline(never)]
    fn list_joiner(
        &mut self,
        id: TaskId,
        waiter: Waiter,
        site: &'static Location<'static>,
        since_ns: u64,
    ) {
        let task = self.current.unwrap_or(TaskId::MAIN);
        let polled_in = self.tasks[task.index()].polls;
        if self.has_joined_in(task, polled_in) {
            self.aside_mut(task).joining.count += 1;
        } else {
            self.set_joining(task, Joining::first(polled_in, id, since_ns, site));
        }
        self.put_on_list(id, Joiner { waiter, join: Join { task, site, since_ns, polled_in } });
        self.note_join_begins(task, id, site);
    }

    fn put_on_list(&mut self, id: TaskId, joiner: Joiner) {
        let index = self.joiners.insert(&mut { NIL }, || joiner);
        self.tasks[id.index()].joined_by = JoinedBy::listed(index);
    }

    /// Whether a task has joined any in this poll.
    #[inline]
    fn has_joined_in(&self, task: TaskId, poll: u32) -> bool {
        let joining = self.asides.get(task.index()).map(|aside| &aside.joining);
        joining.is_some_and(|joining| joining.polled_in == poll && joining.count > 0)
    }

    /// A task joins the first one of a poll.
    #[inline]
    fn set_joining(&mut self, task: TaskId, joining: Joining) {
        let place = &mut self.aside_mut(task).joining;
        let earlier = std::mem::replace(place, joining);
        if self.tasks[earlier.first as usize].joined_by == JoinedBy::task(task) {
            self.list_earlier(task, earlier);
        }
    }

    /// A task still waits for the one that it joined in an earlier poll.
    #[cold]
    #[inline(never)]
    fn list_earlier(&mut self, task: TaskId, joining: Joining) {
        let Some(join) = joining.join_of(task) else { return };
        self.put_on_list(TaskId(joining.first), Joiner { waiter: Waiter::Task(task), join });
    }

    /// Notes that the current task joins another one that has not ended.
    #[inline]
    fn note_join_begins(&mut self, task: TaskId, joined: TaskId, site: &'static Location<'static>) {
        self.poll.is_known = true;
        if self.rests_idle(joined) && !self.goes_on_plainly(joined) {
            self.look_for_ring_from(task);
        }
        self.note_wait("join", site);
    }

    /// Wakes who waits for a task that has ended. `FOLLOWED` says whether anybody may follow that.
    #[inline(never)]
    pub(super) fn wake_joiner<const FOLLOWED: bool>(&mut self, id: TaskId) {
        let joined_by = &mut self.tasks[id.index()].joined_by;
        match joined_by.as_task() {
            Some(task) => {
                *joined_by = JoinedBy::NOBODY;
                self.wake_in_place::<FOLLOWED>(task);
            }
            None => self.wake_listed_joiner(id),
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_listed_joiner(&mut self, id: TaskId) {
        if let Some(joiner) = self.take_joiner(id) {
            self.wake_waiter(joiner.waiter);
        }
    }

    /// Who waits for a task to end.
    pub(in super::super) fn join_for(&self, id: TaskId) -> Option<Join> {
        let joined_by = self.tasks[id.index()].joined_by;
        match joined_by.as_task() {
            Some(task) => self.aside(task).joining.join_of(task),
            None => self.joiners.get(joined_by.place()?).map(|joiner| joiner.join),
        }
    }

    /// The same, who waits no more; to be dropped while the engine is not borrowed.
    pub(in super::super) fn take_joiner(&mut self, id: TaskId) -> Option<Joiner> {
        let joined_by = std::mem::replace(&mut self.tasks[id.index()].joined_by, JoinedBy::NOBODY);
        match joined_by.as_task() {
            Some(task) => {
                let join = self.aside(task).joining.join_of(task)?;
                Some(Joiner { waiter: Waiter::Task(task), join })
            }
            None => self.joiners.remove(&mut { NIL }, joined_by.place()?),
        }
    }

    /// Gives up a join handle: what the task leaves behind is nobody's. Hands back what must be
    /// dropped while the engine is not borrowed.
    #[inline]
    pub(crate) fn detach(&mut self, id: TaskId) -> Option<(Option<TaskBody>, Option<Joiner>)> {
        let task = &mut self.tasks[id.index()];
        let leftover = std::mem::replace(&mut task.leftover, Leftover::Taken);
        if leftover == Leftover::Taken
            || (leftover == Leftover::Nothing && task.joined_by == JoinedBy::NOBODY)
        {
            return None;
        }
        if leftover == Leftover::Nothing {
            return Some((None, self.take_joiner(id)));
        }
        let body = task.body.take();
        self.left -= 1;
        self.panicked.remove(&id);
        Some((body, None))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, pending, poll_fn};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use super::*;
    use crate::Run;
    use crate::engine::with_run;
    use crate::task::{JoinHandle, spawn, yield_now};
    use crate::time::{Instant, sleep};

    /// Who waits for these tasks, and since which of its polls.
    fn known<const N: usize>(tasks: [u32; N]) -> [Option<(u32, u32)>; N] {
        let known = |core: &mut Core| {
            tasks.map(|task| core.join_for(TaskId(task)).map(|join| (join.task.0, join.polled_in)))
        };
        with_run(known).expect("it is inside of a run")
    }

    fn poll(handle: &mut JoinHandle<()>, cx: &mut Context<'_>) {
        assert!(Pin::new(handle).poll(cx).is_pending());
    }

    #[test]
    fn a_join_of_an_earlier_poll_is_known_beside_those_of_a_later_one() {
        let outcome = Run::new().plain().execute(|| async {
            let mut handles: [JoinHandle<()>; 3] = [(); 3].map(|()| spawn(pending()));
            poll_fn(|cx| {
                poll(&mut handles[0], cx);
                assert_eq!(known([1, 2, 3]), [Some((0, 1)), None, None]);
                Poll::Ready(())
            })
            .await;
            yield_now().await;
            poll_fn(|cx| {
                poll(&mut handles[1], cx);
                poll(&mut handles[2], cx);
                assert_eq!(known([1, 2, 3]), [Some((0, 1)), Some((0, 2)), Some((0, 2))]);
                Poll::Ready(())
            })
            .await;
            let [first, second, third] = handles;
            drop(third);
            assert_eq!(known([1, 2, 3]), [Some((0, 1)), Some((0, 2)), None]);
            drop((first, second));
            assert_eq!(known([1, 2, 3]), [None; 3]);
        });
        assert_eq!(outcome.result, Ok(()));
    }

    #[test]
    fn whoever_was_joined_in_an_earlier_poll_wakes_its_joiner_still() {
        let outcome = Run::new().plain().execute(|| async {
            let mut first = spawn(sleep(Duration::from_secs(1)));
            let mut second = spawn(sleep(Duration::from_secs(2)));
            let (mut polls, mut woken_at) = (0, Vec::new());
            poll_fn(|cx| {
                polls += 1;
                woken_at.push(Instant::now().as_nanos() / 1_000_000_000);
                match polls {
                    1 => {
                        poll(&mut first, cx);
                        cx.waker().wake_by_ref();
                    }
                    2..=3 => {
                        poll(&mut second, cx);
                    }
                    _ => return Poll::Ready(()),
                }
                Poll::Pending
            })
            .await;
            (woken_at, first.await.is_ok(), second.await.is_ok())
        });
        assert_eq!(outcome.result, Ok((vec![0, 0, 1, 2], true, true)));
    }

    #[test]
    fn a_join_that_is_polled_again_waits_since_the_first_time() {
        let outcome = Run::new().plain().execute(|| async {
            let mut joined = spawn(sleep(Duration::from_secs(5)));
            for second in 0..3 {
                poll_fn(|cx| {
                    poll(&mut joined, cx);
                    Poll::Ready(())
                })
                .await;
                let since = |core: &mut Core| core.join_for(TaskId(1)).map(|join| join.since_ns);
                assert_eq!(with_run(since).flatten(), Some(0), "in second {second}");
                sleep(Duration::from_secs(1)).await;
            }
            joined.await
        });
        assert_eq!(outcome.result, Ok(Ok(())));
    }
}
