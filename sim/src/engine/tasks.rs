//! Tasks: how they are spawned, woken, aborted, and what they leave behind.

use std::any::Any;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Core;
use super::beacon::Identity;
use super::ids::{INDEX_MAX, TaskId, Turn};
use super::table::NIL;
use super::waker::Waiter;
use crate::strategy::Notice;
use crate::trace::{Ending, EventKind};

/// A task's output, whatever its type.
pub(crate) type Output = Box<dyn Any>;
/// A task's future, whatever its type.
pub(crate) type TaskFuture = Pin<Box<dyn Future<Output = Output>>>;

pin_project! {
    /// Boxes the output of a future, so that tasks are of one type.
    struct Erased<F> {
        #[pin]
        future: F,
    }
}

impl<F> Future for Erased<F>
where
    F: Future,
    F::Output: 'static,
{
    type Output = Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.project().future.poll(cx).map(|output| Box::new(output) as Output)
    }
}

/// A future of a task, in the one allocation that a task costs.
pub(crate) fn erase<F>(future: F) -> TaskFuture
where
    F: Future + 'static,
    F::Output: 'static,
{
    Box::pin(Erased { future })
}

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

/// What a task left for whoever joins it.
#[derive(Debug)]
pub(crate) enum Leftover {
    /// It has not ended.
    Nothing,
    /// It returned this.
    Output(Output),
    /// It was aborted.
    Cancelled,
    /// It panicked with this message.
    Panicked(String),
    /// The handle has taken it, or was dropped.
    Taken,
}

/// Who waits for a task to end.
#[derive(Debug)]
pub(crate) struct Joiner {
    pub(crate) waiter: Waiter,
    pub(crate) task: TaskId,
    pub(crate) site: &'static Location<'static>,
    pub(crate) since_ns: u64,
    /// Which poll of the joining task polled it last.
    pub(crate) polled_in: u32,
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
}

/// One task of a run.
pub(crate) struct Task {
    pub(crate) state: State,
    pub(crate) aborted: bool,
    pub(crate) on_panic: OnPanic,
    pub(crate) duty: Duty,
    /// Whether random cancellation may strike it.
    pub(crate) is_cancellable: bool,
    /// Invariant: `None` for the main task, while running, and after the end.
    pub(crate) future: Option<TaskFuture>,
    pub(crate) leftover: Leftover,
    pub(crate) joiner: Option<Joiner>,
    /// The newest of its operations that are announced or blocked.
    pub(crate) operations: u32,
    /// How many children it has spawned.
    pub(crate) children: u32,
    /// How many times it was polled.
    pub(crate) polls: u32,
    /// How many holds it has that a guard stands for.
    pub(crate) held: u32,
    /// A hash of its path from the main task.
    pub(crate) path: u64,
    /// How many clones of its waker are about.
    pub(crate) wakers: u32,
    pub(crate) joining: Joining,
    /// The sleep whose timer was the last to fire, until that is polled or dropped.
    pub(crate) unpolled_sleep: Option<&'static Location<'static>>,
    pub(crate) ended_ns: u64,
    /// How it ended; `None` while it goes on.
    pub(crate) ending: Option<Ending>,
    /// For the hash of the run's class: the last thing that it did.
    pub(crate) past: u64,
    /// Whether its last poll returned in an await that nothing is known of.
    pub(crate) waits_unknown: bool,
}

/// The hash of the path of a task's `ordinal`-th child: SplitMix64's finaliser (Steele, Lea,
/// Flood 2014) over both.
const fn child_path(parent: u64, ordinal: u32) -> u64 {
    let mut hash = parent.wrapping_add((ordinal as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

impl Task {
    pub(crate) fn new(
        future: Option<TaskFuture>,
        on_panic: OnPanic,
        duty: Duty,
        path: u64,
    ) -> Task {
        Task {
            state: State::Ready,
            aborted: false,
            on_panic,
            duty,
            is_cancellable: false,
            future,
            leftover: Leftover::Nothing,
            joiner: None,
            operations: NIL,
            children: 0,
            polls: 0,
            held: 0,
            path,
            wakers: 0,
            joining: Joining::default(),
            unpolled_sleep: None,
            ended_ns: 0,
            ending: None,
            past: path,
            waits_unknown: false,
        }
    }
}

/// What a new task is to be.
pub(crate) struct NewTask {
    pub(crate) future: TaskFuture,
    pub(crate) name: Option<String>,
    pub(crate) site: &'static Location<'static>,
    pub(crate) on_panic: OnPanic,
    pub(crate) duty: Duty,
    pub(crate) is_cancellable: bool,
}

impl Core {
    /// Adds a task behind all ready turns. The run's limit of tasks is 2^24.
    pub(crate) fn spawn(&mut self, new: NewTask) -> TaskId {
        let id = TaskId(self.tasks.len() as u32);
        assert!(id.0 < INDEX_MAX, "a run has at most {INDEX_MAX} tasks");
        let parent = self.current.unwrap_or(TaskId::MAIN);
        let parent_task = &mut self.tasks[parent.index()];
        parent_task.children += 1;
        let path = child_path(parent_task.path, parent_task.children);
        let past = Core::past_of_child(parent_task.past, path);
        let identity = Identity {
            parent,
            ordinal: parent_task.children,
            site: Some(new.site),
            name: new.name.map(String::into_boxed_str),
        };
        self.beacon().lock_identities().push(identity);
        let mut task = Task::new(Some(new.future), new.on_panic, new.duty, path);
        task.is_cancellable = new.is_cancellable;
        task.past = past;
        self.tasks.push(task);
        if self.is_asking {
            self.tell(Notice::Spawned { task: id.0, parent: parent.0, path });
        }
        self.make_ready(Turn::Resume(id));
        self.is_lively();
        self.order_spawn(id);
        self.record(move |_| EventKind::Spawned { task: id.into(), site: new.site.into() });
        id
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

    #[inline(never)]
    fn wake_resting(&mut self, id: TaskId) {
        if self.current.is_some_and(|current| current != id) {
            self.is_lively();
        }
        if self.detectors.is_some() {
            self.order_wake(id);
        }
        let task = &mut self.tasks[id.index()];
        if task.state == State::Idle {
            task.state = State::Ready;
            self.make_ready(Turn::Resume(id));
            self.record(move |_| EventKind::Woken { task: id.into() });
        } else {
            self.record(move |_| EventKind::WokenAgain { task: id.into() });
        }
    }

    /// Wakes whoever `waiter` stands for: a task now, anything else once the engine is not
    /// borrowed any more.
    pub(crate) fn wake_waiter(&mut self, waiter: Waiter) {
        match waiter {
            Waiter::Task(task) => self.wake(task),
            Waiter::Other(waker) => {
                self.wakes.push(waker);
                self.attention = true;
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

    /// Marks a task as ended and wakes whoever joins it. Hands back what nobody will take, to be
    /// dropped while the engine is not borrowed.
    pub(crate) fn end_task(&mut self, id: TaskId, leftover: Leftover) -> Option<Leftover> {
        let how = match &leftover {
            Leftover::Cancelled => Ending::Cancelled,
            Leftover::Panicked(_) => Ending::Panicked,
            _ => Ending::Returned,
        };
        self.record(move |_| EventKind::Ended { task: id.into(), how });
        if self.losses.is_some() && how != Ending::Returned {
            self.note_units_gone(id);
        }
        self.is_lively();
        let ended_ns = self.now_ns;
        let task = &mut self.tasks[id.index()];
        task.state = State::Ended;
        (task.ended_ns, task.ending) = (ended_ns, Some(how));
        let joiner = task.joiner.take();
        let unwanted = match task.leftover {
            Leftover::Taken => Some(leftover),
            _ => {
                task.leftover = leftover;
                None
            }
        };
        if let Some(joiner) = joiner {
            self.wake_waiter(joiner.waiter);
        }
        unwanted
    }

    /// What whoever joins a task finds. A pending join is woken through `waiter`.
    pub(crate) fn join(
        &mut self,
        id: TaskId,
        waiter: Waiter,
        site: &'static Location<'static>,
    ) -> (JoinPoll, Option<Waiter>) {
        let (since_ns, joiner) = (self.now_ns, self.current.unwrap_or(TaskId::MAIN));
        let polled_in = self.tasks[joiner.index()].polls;
        let task = &mut self.tasks[id.index()];
        if task.state != State::Ended {
            self.poll.is_known = true;
            let since_ns = task.joiner.as_ref().map_or(since_ns, |earlier| earlier.since_ns);
            let new = Joiner { waiter, task: joiner, site, since_ns, polled_in };
            let earlier = task.joiner.replace(new);
            self.note_joining(joiner, id, polled_in);
            self.note_wait("join", site);
            return (JoinPoll::Pending, earlier.map(|earlier| earlier.waiter));
        }
        let leftover = std::mem::replace(&mut task.leftover, Leftover::Taken);
        self.order_join(id);
        self.record(move |_| EventKind::Joined { task: id.into() });
        self.order_after_end(id);
        match leftover {
            Leftover::Output(output) => (JoinPoll::Returned(output), Some(waiter)),
            Leftover::Cancelled => (JoinPoll::Cancelled, Some(waiter)),
            Leftover::Panicked(message) => (JoinPoll::Panicked(message), Some(waiter)),
            Leftover::Nothing | Leftover::Taken => (JoinPoll::AlreadyTaken, Some(waiter)),
        }
    }

    /// Gives up a join handle: what the task leaves behind is nobody's. Hands back what must be
    /// dropped while the engine is not borrowed.
    #[inline]
    pub(crate) fn detach(&mut self, id: TaskId) -> Option<(Leftover, Option<Joiner>)> {
        let task = &mut self.tasks[id.index()];
        if matches!(task.leftover, Leftover::Taken) && task.joiner.is_none() {
            return None;
        }
        Some((std::mem::replace(&mut task.leftover, Leftover::Taken), task.joiner.take()))
    }

    /// Notes that a sleep of the current task's was polled, or dropped.
    #[inline]
    pub(crate) fn sleep_was_polled(&mut self) {
        if let Some(task) = self.current {
            self.tasks[task.index()].unpolled_sleep = None;
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

/// What whoever joins a task finds.
pub(crate) enum JoinPoll {
    /// The task has not ended.
    Pending,
    /// It returned this.
    Returned(Output),
    /// It was aborted.
    Cancelled,
    /// It panicked with this message.
    Panicked(String),
    /// Its output was taken before.
    AlreadyTaken,
}
