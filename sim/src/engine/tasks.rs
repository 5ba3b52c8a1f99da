//! Tasks: how they are spawned, woken, aborted, and what they leave behind.

#![expect(unsafe_code, reason = "a future is moved into its body at the one place that spawns")]

mod body;
mod joins;
mod records;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;

use self::body::fill;
pub(crate) use self::body::{PolledBody, TaskBody};
use self::joins::JoinedBy;
pub(crate) use self::joins::{JoinPoll, Joiner, Joining};
pub(crate) use self::records::Tasks;
use super::ids::{INDEX_MAX, TaskId, Turn};
use super::waker::Waiter;
use super::{Core, Heed, Stamp, engine};
use crate::strategy::Notice;
use crate::trace::{Ending, EventKind};

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits to be woken. Left by `wake` and `abort`.
    Idle,
    /// Has a turn in the ready set. Left when the turn is taken.
    Ready,
    /// Is being polled or dropped. Left when that returns.
    Running,
    /// Returned, was cancelled, or panicked. Never left.
    Ended,
}

/// How a panic in a task is dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnPanic {
    /// The run fails.
    #[default]
    Fail,
    /// Whoever joins the task is told.
    TellJoiner,
}

/// Whether a task may run for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Duty {
    /// It is expected to end.
    #[default]
    Finite,
    /// It may run for ever.
    Daemon,
}

/// What a task has left for whoever joins it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// Nothing: it has not ended. Left when it does, or when its handle is dropped.
    Nothing,
    /// Its output, which is in its body. Left when the handle takes it or is dropped.
    Output,
    /// That it was aborted. Left like an output.
    Cancelled,
    /// That it panicked, with a message that is in the core. Left like an output.
    Panicked,
    /// The handle has taken it, or was dropped.
    Taken,
}

impl Leftover {
    /// What a task that ended in this way leaves.
    #[inline]
    const fn of(how: Ending) -> Leftover {
        match how {
            Ending::Returned => Leftover::Output,
            Ending::Cancelled | Ending::LeftBehind => Leftover::Cancelled,
            Ending::Panicked => Leftover::Panicked,
        }
    }
}

/// One task of a run: what a step looks at, in one line of the processor's cache.
#[repr(align(64))]
pub(crate) struct Task {
    pub(crate) state: State,
    pub(crate) aborted: bool,
    /// What it was to be when it was spawned.
    pub(crate) new: NewTask,
    pub(crate) leftover: Leftover,
    /// How it ended; `None` while it goes on.
    pub(crate) ending: Option<Ending>,
    /// Whether its last poll returned in an await that nothing is known of.
    pub(crate) waits_unknown: bool,
    /// Of a task of which nothing is left, what the task of the same number in a later run may use.
    /// Invariant: `None` for the main task, and while it is dropped. While it is polled, it stays
    /// there and nobody looks at it: whoever does so sees first that the task has ended or rests.
    pub(crate) body: Option<TaskBody>,
    /// Who waits for its end.
    joined_by: JoinedBy,
    /// How many children it has spawned.
    pub(crate) children: u32,
    /// How many times it was polled.
    pub(crate) polls: u32,
    /// How many holds it has that a guard stands for.
    pub(crate) held: u32,
    /// How many clones of its waker are about.
    pub(crate) wakers: u32,
    /// A hash of its path from the main task, or zero if nobody has wanted to know it: see
    /// [`path_hash`](Core::path_hash).
    pub(crate) path: u64,
    /// For the hash of the run's class, where there is one: the last thing that it did.
    pub(crate) past: u64,
}

/// What is known of a task beside that; of most tasks, nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Aside {
    pub(crate) joining: Joining,
    /// The sleep whose timer was the last to fire, until that is polled or dropped.
    pub(crate) unpolled_sleep: Option<&'static Location<'static>>,
    pub(crate) ended_ns: u64,
}

/// How many bodies are kept for tasks of later runs.
pub(super) const SPARE_MAX: usize = 1 << 17;

/// The hash of the path of a task's `ordinal`-th child: SplitMix64's finaliser (Steele, Lea,
/// Flood 2014) over both.
const fn child_path(parent: u64, ordinal: u32) -> u64 {
    let mut hash = parent.wrapping_add((ordinal as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

/// The hash of the main task's path.
const MAIN_PATH: u64 = 1;

impl Task {
    /// The main task. It has no handle.
    pub(crate) const MAIN: Task = Task {
        state: State::Ready,
        aborted: false,
        new: NewTask { on_panic: OnPanic::Fail, duty: Duty::Finite, is_cancellable: false },
        leftover: Leftover::Taken,
        ending: None,
        waits_unknown: false,
        body: None,
        joined_by: JoinedBy::NOBODY,
        children: 0,
        polls: 0,
        held: 0,
        wakers: 0,
        path: MAIN_PATH,
        past: MAIN_PATH,
    };
}

/// What a new task is to be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewTask {
    pub(crate) on_panic: OnPanic,
    pub(crate) duty: Duty,
    /// Whether random cancellation may strike it.
    pub(crate) is_cancellable: bool,
}

/// Adds a task to the run on this thread: see [`Core::spawn`]. `None` outside of a run.
///
/// # Safety
/// Inside of a run, `future` is moved from: it must not be used or dropped any more.
#[inline(always)]
pub(crate) unsafe fn spawn<F>(
    future: &ManuallyDrop<F>,
    site: &'static Location<'static>,
    new: NewTask,
) -> Option<(Stamp, TaskId)>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let engine = engine();
    let stamp = engine.stamp.get();
    if stamp == Stamp::NONE {
        return None;
    }
    // SAFETY: The future is not used any more.
    Some((stamp, unsafe { engine.core.borrow_mut().spawn(future, site, new) }))
}

impl Core {
    /// Adds a task behind all ready turns. The run's limit of tasks is 2^24.
    ///
    /// Its body is one that a task of an earlier run has left, if that fits, or a new one.
    ///
    /// # Safety
    /// `future` is moved from: it must not be used or dropped any more.
    #[inline(always)]
    unsafe fn spawn<F>(
        &mut self,
        future: &ManuallyDrop<F>,
        site: &'static Location<'static>,
        new: NewTask,
    ) -> TaskId
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // SAFETY: The future is not used any more.
        unsafe { fill(&mut self.tasks.next_mut().body, future) };
        self.spawn_filled(site, new)
    }

    /// Keeps a body of which nothing is left for a task of a later run, if it is worth that.
    pub(super) fn keep_body(&mut self, id: TaskId, body: TaskBody) {
        if body.is_small() && id.index() < SPARE_MAX {
            self.tasks[id.index()].body = Some(body);
        }
    }

    /// Adds the task whose body is in the next record. In one piece with what fills that, of which a
    /// program has one for each place that spawns.
    #[inline(always)]
    fn spawn_filled(&mut self, site: &'static Location<'static>, new: NewTask) -> TaskId {
        let id = TaskId(self.tasks.len() as u32);
        assert!(id.0 < INDEX_MAX, "a run has at most {INDEX_MAX} tasks");
        let parent = self.current.unwrap_or(TaskId::MAIN);
        let parent_task = &mut self.tasks[parent.index()];
        parent_task.children += 1;
        let origin = (parent, parent_task.children);
        let task = self.tasks.filled_mut();
        // One by one, and not the body: it is there.
        let NewTask { on_panic, duty, is_cancellable } = new;
        (task.leftover, task.ending, task.state) = (Leftover::Nothing, None, State::Ready);
        (task.new.on_panic, task.new.duty) = (on_panic, duty);
        (task.new.is_cancellable, task.aborted, task.waits_unknown) =
            (is_cancellable, false, false);
        task.joined_by = JoinedBy::NOBODY;
        (task.children, task.polls, task.held, task.wakers) = (0, 0, 0, 0);
        task.path = 0;
        self.tasks.add();
        self.left += 1;
        self.is_lively();
        if !self.origins.note(id, origin, site) {
            self.note_origin_anew(id, origin, site);
        }
        if self.heed.has(Heed::WATCHED.or(Heed::FOLLOWED)) {
            self.spawn_watched(id, origin, site);
        } else {
            self.ready.push(Turn::Resume(id));
        }
        id
    }

    #[cold]
    #[inline(never)]
    fn note_origin_anew(
        &mut self,
        id: TaskId,
        origin: (TaskId, u32),
        site: &'static Location<'static>,
    ) {
        let beacon = self.beacon().clone();
        beacon.add_origins(&mut self.origins);
        let is_noted = self.origins.note(id, origin, site);
        assert!(is_noted, "tasks are numbered one after the other; a bug in unpick");
    }

    /// A task was spawned, and somebody looks at what happens.
    #[inline(never)]
    fn spawn_watched(
        &mut self,
        id: TaskId,
        (parent, ordinal): (TaskId, u32),
        site: &'static Location<'static>,
    ) {
        let path = child_path(self.path_hash(parent), ordinal);
        let past = self.classes.past_of_child(self.tasks[parent.index()].past, path);
        let task = &mut self.tasks[id.index()];
        (task.path, task.past) = (path, past);
        if self.is_asking {
            self.tell(Notice::Spawned { task: id.0, parent: parent.0, path });
        }
        self.make_ready(Turn::Resume(id));
        if self.is_heard() || self.detectors.is_some() {
            self.order_spawn(id);
            self.record(move |_| EventKind::Spawned { task: id.into(), site: site.into() });
        }
    }

    /// A hash of a task's path from the main one.
    #[inline]
    pub(crate) fn path_hash(&self, id: TaskId) -> u64 {
        match self.tasks[id.index()].path {
            0 => self.derive_path_hash(id),
            path => path,
        }
    }

    #[cold]
    #[inline(never)]
    fn derive_path_hash(&self, id: TaskId) -> u64 {
        self.origins.ordinals(id).into_iter().fold(MAIN_PATH, child_path)
    }

    /// Gives a task a name.
    #[cold]
    #[inline(never)]
    pub(crate) fn name(&self, id: TaskId, name: Box<str>) {
        self.names().of.insert(id, name);
    }

    /// Makes a task ready, unless it is, has ended, or is being polled: then it is polled once
    /// more, behind everything that this poll woke.
    #[inline]
    pub(crate) fn wake(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(id.index()) else { return };
        match task.state {
            State::Running => {
                self.poll.woken = true;
                self.record(move |_| EventKind::Woken { task: id.into() });
            }
            State::Ended => {}
            State::Idle | State::Ready => self.wake_resting(id),
        }
    }

    /// The same, in one piece with what comes before it, if the task waits. `FOLLOWED` says whether
    /// anybody may follow that.
    #[inline(always)]
    pub(crate) fn wake_in_place<const FOLLOWED: bool>(&mut self, id: TaskId) {
        if !FOLLOWED && self.rests_idle(id) {
            if self.current.is_some_and(|current| current != id) {
                self.is_lively();
            }
            self.tasks[id.index()].state = State::Ready;
            self.ready.push(Turn::Resume(id));
        } else if self.rests_idle(id) {
            self.wake_idle(id);
        } else {
            self.wake_otherwise(id);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_otherwise(&mut self, id: TaskId) {
        self.wake(id);
    }

    #[inline(never)]
    fn wake_resting(&mut self, id: TaskId) {
        if self.rests_idle(id) {
            self.wake_idle(id);
            return;
        }
        self.note_waking(id);
        self.record(move |_| EventKind::WokenAgain { task: id.into() });
    }

    /// Whether a task waits to be woken.
    #[inline]
    pub(super) fn rests_idle(&self, id: TaskId) -> bool {
        self.tasks[id.index()].state == State::Idle
    }

    /// Makes a task ready that waits to be woken.
    #[inline]
    pub(super) fn wake_idle(&mut self, id: TaskId) {
        self.note_waking(id);
        self.tasks[id.index()].state = State::Ready;
        self.make_ready(Turn::Resume(id));
        self.record(move |_| EventKind::Woken { task: id.into() });
    }

    #[inline]
    fn note_waking(&mut self, id: TaskId) {
        if self.current.is_some_and(|current| current != id) {
            self.is_lively();
        }
        if self.detectors.is_some() {
            self.order_wake(id);
        }
    }

    /// Wakes whoever `waiter` stands for: a task now, anything else once the engine is not
    /// borrowed any more.
    pub(crate) fn wake_waiter(&mut self, waiter: Waiter) {
        match waiter {
            Waiter::Task(task) => self.wake(task),
            Waiter::Other(waker) => {
                self.wakes.push(waker);
                self.heed.add(Heed::ATTENTION);
            }
        }
    }

    /// Asks for a task to be dropped when it is next scheduled; says whether it was unfinished.
    pub(crate) fn abort(&mut self, id: TaskId) -> bool {
        let task = &mut self.tasks[id.index()];
        if task.state == State::Ended {
            self.order_after_end(id);
            return false;
        }
        if task.aborted {
            return true;
        }
        task.aborted = true;
        self.order_between(id);
        self.record(move |_| EventKind::AbortRequested { task: id.into() });
        self.withdraw_turns(id);
        let task = &mut self.tasks[id.index()];
        match task.state {
            State::Idle => {
                task.state = State::Ready;
                self.make_ready(Turn::Resume(id));
            }
            State::Running => self.poll.woken = true,
            State::Ready | State::Ended => {}
        }
        true
    }

    /// Marks a task as ended and wakes whoever joins it. Says whether somebody may take what it
    /// leaves; if not, an output is to be dropped while the engine is not borrowed.
    #[inline(never)]
    pub(crate) fn end_task(&mut self, id: TaskId, how: Ending) -> bool {
        self.end_task_in_place::<true>(id, how)
    }

    /// The same, where most tasks end. `FOLLOWED` says whether anybody may follow that.
    #[inline(always)]
    pub(super) fn end_task_in_place<const FOLLOWED: bool>(
        &mut self,
        id: TaskId,
        how: Ending,
    ) -> bool {
        if FOLLOWED && self.is_heard() {
            self.tell_end(id, how);
        }
        self.is_lively();
        if self.now_ns > 0 {
            self.aside_mut(id).ended_ns = self.now_ns;
        }
        if self.operations.has_any(id.0) {
            // They are in futures that outlive the task, and would have it polled again.
            self.withdraw_turns(id);
        }
        let task = &mut self.tasks[id.index()];
        task.state = State::Ended;
        task.ending = Some(how);
        let is_joined = task.joined_by != JoinedBy::NOBODY;
        let is_wanted = task.leftover != Leftover::Taken;
        if is_wanted {
            task.leftover = Leftover::of(how);
        } else if id != TaskId::MAIN {
            self.left -= 1;
        }
        if is_joined {
            self.wake_joiner::<FOLLOWED>(id);
        }
        is_wanted
    }

    #[inline(never)]
    fn tell_end(&mut self, id: TaskId, how: Ending) {
        self.record(move |_| EventKind::Ended { task: id.into(), how });
        if self.losses.is_some() && how != Ending::Returned {
            self.note_units_gone(id);
        }
    }

    /// What is known of a task beside what its record has.
    #[inline]
    pub(super) fn aside(&self, id: TaskId) -> Aside {
        self.asides.get(id.index()).copied().unwrap_or_default()
    }

    /// The same, to be written.
    #[inline]
    pub(super) fn aside_mut(&mut self, id: TaskId) -> &mut Aside {
        if id.index() >= self.asides.len() {
            self.add_asides(id);
        }
        &mut self.asides[id.index()]
    }

    /// At least as many again, but for no more tasks than there are.
    #[cold]
    #[inline(never)]
    fn add_asides(&mut self, id: TaskId) {
        let more = (self.asides.len() * 2).clamp(id.index() + 1, self.tasks.len());
        self.asides.resize(more, Aside::default());
    }

    /// Notes that a sleep of the current task's was polled, or dropped.
    #[inline]
    pub(crate) fn sleep_was_polled(&mut self) {
        if let Some(task) = self.current
            && let Some(aside) = self.asides.get_mut(task.index())
        {
            aside.unpolled_sleep = None;
        }
    }

    pub(super) fn has_ended(&self, id: TaskId) -> bool {
        self.tasks[id.index()].state == State::Ended
    }

    /// Tells the current task whether a task has ended.
    pub(crate) fn is_finished(&mut self, id: TaskId) -> bool {
        let is_finished = self.tasks[id.index()].state == State::Ended;
        if is_finished {
            self.order_join(id);
            self.order_after_end(id);
        } else {
            self.order_choice(0);
        }
        is_finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::with_run;
    use crate::options::{Detection, Options};
    use crate::task::{spawn, yield_now};
    use crate::{JoinHandle, Run};

    /// The hash of each task's path, as it is told and as it is derived from the origins.
    fn path_hashes(classes: Detection) -> Vec<(u64, u64, u64)> {
        let outcome = Run::with(Options { classes, ..Options::default() }).execute(|| async {
            let sub = || spawn(async { drop([spawn(yield_now()), spawn(yield_now())]) });
            let subs: [JoinHandle<()>; 2] = [sub(), sub()];
            for sub in subs {
                sub.await.expect("nobody aborts it");
            }
            with_run(|core| {
                let all = (0..core.tasks.len() as u32).map(TaskId);
                let hashes = |id: TaskId| {
                    let kept = core.tasks[id.index()].path;
                    (kept, core.path_hash(id), core.derive_path_hash(id))
                };
                all.map(hashes).collect()
            })
        });
        outcome.result.expect("it passes").expect("it is inside of a run")
    }

    #[test]
    fn a_path_is_hashed_alike_as_its_task_is_spawned_and_when_somebody_asks() {
        let (kept, derived) = (path_hashes(Detection::On), path_hashes(Detection::Off));
        assert_eq!((kept.len(), derived.len()), (7, 7));
        assert!(kept.iter().all(|&(kept, told, derived)| kept == told && kept == derived));
        assert!(derived[1..].iter().all(|&(kept, told, derived)| kept == 0 && told == derived));
        let distinct: std::collections::BTreeSet<u64> = kept.iter().map(|hash| hash.0).collect();
        assert_eq!(distinct.len(), 7);
    }
}
