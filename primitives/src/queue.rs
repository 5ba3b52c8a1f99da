//! Queues between tasks: asyncio's `Queue`, `LifoQueue` and `PriorityQueue`, as of Python 3.13.
//!
//! Newcomers barge. An item that is put wakes the getter that has waited longest, but is not
//! kept for it: whoever gets there first takes it, and a woken getter that comes too late queues
//! again, behind the others. Likewise with putters and free places. A getter or putter that is
//! dropped after it was woken wakes the next one, if there still is something to take.
//!
//! [`join`](BaseQueue::join) waits until [`task_done`](BaseQueue::task_done) was called for
//! every item that was put.

mod errors;
mod operations;
mod storage;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

pub use errors::{GetError, PutError, QueueShutDown, TaskDoneError};
pub use operations::{Get, Join, Put};
pub use storage::{Fifo, Lifo, Priority, Storage};

use self::storage::Stamped;
use crate::instrumented::{Count, Instrumented, Waiting, show};
use crate::probe::{Access, Cause, Effect, Passage, Stamp};
use crate::waiters::{Waiters, Wakeup, Wakeups};

/// Who ends whose wait.
static CAUSES: [Cause; 3] = [
    Cause { wait: "get", by: &["put", "put_nowait", "shutdown"], owed: &[] },
    Cause { wait: "put", by: &["get", "get_nowait", "shutdown"], owed: &[] },
    Cause { wait: "join", by: &["task_done", "shutdown"], owed: &["get", "get_nowait"] },
];

/// What moves things through it.
static PASSAGE: Passage = Passage { takes: &["get", "get_nowait"], gives: &["put", "put_nowait"] };

/// A queue that gives the oldest item first.
///
/// # Examples
/// ```
/// use unpick_primitives::Queue;
///
/// let jobs = Queue::new(2).named("jobs");
/// futures::executor::block_on(async {
///     jobs.put("first").await.expect("it is not shut down");
///     jobs.put("second").await.expect("it is not shut down");
///     assert_eq!(jobs.get().await, Ok("first"));
/// });
/// assert_eq!(format!("{jobs:?}"), "<Queue jobs [maxsize:2, items:1, unfinished:2]>");
/// ```
pub type Queue<T> = BaseQueue<T, Fifo<T>>;

/// A queue that gives the newest item first.
///
/// # Examples
/// ```
/// let queue = unpick_primitives::LifoQueue::new(0);
/// queue.put_nowait(1).expect("it has no bound");
/// queue.put_nowait(2).expect("it has no bound");
/// assert_eq!(queue.get_nowait(), Ok(2));
/// ```
pub type LifoQueue<T> = BaseQueue<T, Lifo<T>>;

/// A queue that gives the least item first, and the oldest of equal ones.
///
/// Items are compared while the queue is locked: their `Ord` must not use it.
///
/// # Examples
/// ```
/// let queue = unpick_primitives::PriorityQueue::new(0);
/// queue.put_nowait((2, "later")).expect("it has no bound");
/// queue.put_nowait((1, "sooner")).expect("it has no bound");
/// assert_eq!(queue.get_nowait(), Ok((1, "sooner")));
/// ```
pub type PriorityQueue<T> = BaseQueue<T, Priority<T>>;

/// What [`Queue`], [`LifoQueue`] and [`PriorityQueue`] have in common: all but the order in
/// which items leave.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{BaseQueue, PriorityQueue, Queue, QueueShutDown, Storage};
///
/// /// Works until the queue is shut down, whichever kind of queue it is.
/// async fn work<S: Storage<u32>>(jobs: &BaseQueue<u32, S>) -> u32 {
///     let mut sum = 0;
///     while let Ok(job) = jobs.get().await {
///         sum += job;
///         jobs.task_done().expect("it was put");
///     }
///     sum
/// }
///
/// # async fn check<S: Storage<u32>>(jobs: BaseQueue<u32, S>) -> Result<(), QueueShutDown<u32>> {
/// #     use unpick_primitives::queue::Shutdown;
/// jobs.put(1).await?;
/// jobs.put(2).await?;
/// jobs.shutdown(Shutdown::Drain);
/// assert_eq!(work(&jobs).await, 3);
/// #     Ok(())
/// # }
/// # futures::executor::block_on(async {
/// #     check(Queue::new(2)).await.expect("it is open");
/// #     check(PriorityQueue::new(2)).await.expect("it is open");
/// # });
/// ```
pub struct BaseQueue<T, S: Storage<T>> {
    base: Instrumented<State<T, S>>,
    maxsize: usize,
    items: std::marker::PhantomData<fn(T) -> T>,
}

struct State<T, S> {
    items: S,
    maxsize: usize,
    /// How many items were put and not reported done.
    unfinished: usize,
    stage: Stage,
    getters: Waiters,
    putters: Waiters,
    joiners: Waiters,
    item: std::marker::PhantomData<fn(T) -> T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Takes items. Left when the queue is shut down.
    Open,
    /// Takes none any more.
    ShutDown,
}

/// Whether a queue that is shut down still gives what is in it.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{Queue, Shutdown};
///
/// let (drained, emptied) = (Queue::new(0), Queue::new(0));
/// for (queue, how) in [(&drained, Shutdown::Drain), (&emptied, Shutdown::Immediate)] {
///     queue.put_nowait("job").expect("it has no bound");
///     queue.shutdown(how);
/// }
/// assert_eq!((drained.qsize(), emptied.qsize()), (1, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Items that are in the queue can still be got: asyncio's `shutdown()`.
    Drain,
    /// Items that are in the queue are dropped, and count as done: asyncio's
    /// `shutdown(immediate=True)`.
    Immediate,
}

impl<T, S: Storage<T>> State<T, S> {
    const fn getters(&mut self) -> &mut Waiters {
        &mut self.getters
    }

    const fn putters(&mut self) -> &mut Waiters {
        &mut self.putters
    }

    const fn joiners(&mut self) -> &mut Waiters {
        &mut self.joiners
    }

    fn is_full(&self) -> bool {
        self.maxsize > 0 && self.items.count() >= self.maxsize
    }

    #[inline(always)]
    fn try_put(
        &mut self,
        item: T,
        stamp: impl FnOnce() -> Stamp,
    ) -> Result<Option<Wakeup>, PutError<T>> {
        if self.stage == Stage::ShutDown {
            return Err(PutError::ShutDown(item));
        }
        if self.is_full() {
            return Err(PutError::Full(item));
        }
        self.items.push(Stamped { item, stamp: stamp() });
        self.unfinished += 1;
        Ok(self.getters.grant_first(()).ok())
    }

    #[inline(always)]
    fn try_get(&mut self) -> Option<(Stamped<T>, Option<Wakeup>)> {
        let item = self.items.pop()?;
        Some((item, self.putters.grant_first(()).ok()))
    }

    /// Why nothing was got.
    const fn nothing(&self) -> GetError {
        match self.stage {
            Stage::Open => GetError::Empty,
            Stage::ShutDown => GetError::ShutDown,
        }
    }

    /// A getter was woken, and dropped before it has looked.
    fn pass_on_get(&mut self, (): ()) -> Option<Wakeup> {
        match self.items.count() {
            0 => None,
            _ => self.getters.grant_first(()).ok(),
        }
    }

    /// A putter was woken, and dropped before it has looked.
    fn pass_on_put(&mut self, (): ()) -> Option<Wakeup> {
        match self.is_full() {
            true => None,
            false => self.putters.grant_first(()).ok(),
        }
    }

    fn task_done(&mut self) -> Result<Wakeups, TaskDoneError> {
        self.unfinished = self.unfinished.checked_sub(1).ok_or(TaskDoneError)?;
        Ok(self.wake_joiners())
    }

    fn wake_joiners(&mut self) -> Wakeups {
        match self.unfinished {
            0 => self.joiners.grant_all(()),
            _ => Wakeups::none(),
        }
    }

    /// Shuts the queue down. What is left comes back, to be dropped outside of the mutex.
    fn shut_down(&mut self, how: Shutdown) -> (Vec<Stamped<T>>, Wakeups) {
        self.stage = Stage::ShutDown;
        let mut woken = Wakeups::none();
        let mut dropped = Vec::new();
        if how == Shutdown::Immediate {
            while let Some(item) = self.items.pop() {
                dropped.push(item);
                self.unfinished = self.unfinished.saturating_sub(1);
            }
            woken.append(self.wake_joiners());
        }
        woken.append(self.getters.grant_all(()));
        woken.append(self.putters.grant_all(()));
        (dropped, woken)
    }
}

impl<T, S: Storage<T>> BaseQueue<T, S> {
    /// Makes an empty queue for `maxsize` items at the most; 0 is no bound.
    ///
    /// # Examples
    /// ```
    /// let queue = unpick_primitives::Queue::<u8>::new(3);
    /// assert_eq!(queue.maxsize(), 3);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(maxsize: usize) -> BaseQueue<T, S> {
        let state = State {
            items: S::default(),
            maxsize,
            unfinished: 0,
            stage: Stage::Open,
            getters: Waiters::new(),
            putters: Waiters::new(),
            joiners: Waiters::new(),
            item: std::marker::PhantomData,
        };
        let items = std::marker::PhantomData;
        BaseQueue {
            base: Instrumented::new(S::KIND, state).with_causes(&CAUSES).with_passage(&PASSAGE),
            maxsize,
            items,
        }
    }

    /// Gives it a name, for traces, reports and `Debug`.
    ///
    /// # Examples
    /// ```
    /// let queue = unpick_primitives::LifoQueue::<u8>::new(0).named("undo");
    /// assert_eq!(format!("{queue:?}"), "<LifoQueue undo [maxsize:0, items:0]>");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> BaseQueue<T, S> {
        self.base.set_name(name);
        self
    }

    /// How many items it holds at the most; 0 is no bound.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(unpick_primitives::Queue::<u8>::new(0).maxsize(), 0);
    /// ```
    #[must_use]
    pub const fn maxsize(&self) -> usize {
        self.maxsize
    }

    /// How many items are in it.
    ///
    /// # Examples
    /// ```
    /// let queue = unpick_primitives::Queue::new(0);
    /// queue.put_nowait('a').expect("it has no bound");
    /// assert_eq!(queue.qsize(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn qsize(&self) -> usize {
        self.base.object.immediate("qsize", Access::Read);
        self.base.lock().items.count()
    }

    /// Whether nothing is in it.
    ///
    /// # Examples
    /// ```
    /// assert!(unpick_primitives::Queue::<u8>::new(0).empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether it holds as many items as it can: never, if it has no bound.
    ///
    /// # Examples
    /// ```
    /// assert!(!unpick_primitives::Queue::<u8>::new(0).full());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn full(&self) -> bool {
        self.base.object.immediate("full", Access::Read);
        self.base.lock().is_full()
    }

    /// Waits until there is room, and puts an item.
    ///
    /// # Cancel safety
    /// Dropping the future drops the item; the queue is as if it had not been called. If it was
    /// woken meanwhile, the next putter is.
    ///
    /// # Errors
    /// If the queue is shut down, before or while waiting: the item comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Queue;
    ///
    /// let queue = Queue::new(1);
    /// futures::executor::block_on(async {
    ///     queue.put(1).await.expect("it is not shut down");
    ///     let (put, got) = futures::join!(queue.put(2), queue.get());
    ///     assert_eq!((put, got), (Ok(()), Ok(1)));
    /// });
    /// ```
    #[track_caller]
    pub fn put(&self, item: T) -> Put<'_, T, S> {
        Put::new(self, item, Waiting::new("put", Access::Change, Location::caller()))
    }

    /// Puts an item, if there is room.
    ///
    /// # Errors
    /// If the queue is full or shut down: the item comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::queue::PutError;
    ///
    /// let queue = unpick_primitives::Queue::new(1);
    /// assert_eq!(queue.put_nowait(1), Ok(()));
    /// assert_eq!(queue.put_nowait(2), Err(PutError::Full(2)));
    /// ```
    #[track_caller]
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        self.base.object.immediate("put_nowait", Access::Change);
        let put = self.base.lock().try_put(item, Stamp::here);
        put.map(|woken| self.base.object.bring_about(self.has_put(woken)))
    }

    /// Waits until there is an item, and takes it.
    ///
    /// # Cancel safety
    /// Dropping the future takes nothing. If it was woken meanwhile, the next getter is.
    ///
    /// # Errors
    /// If the queue is shut down and empty, before or while waiting.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Queue;
    ///
    /// let queue = Queue::new(0);
    /// queue.put_nowait("job").expect("it has no bound");
    /// assert_eq!(futures::executor::block_on(queue.get()), Ok("job"));
    /// ```
    #[track_caller]
    pub fn get(&self) -> Get<'_, T, S> {
        Get::new(self, Waiting::new("get", Access::Change, Location::caller()))
    }

    /// Takes an item, if there is one.
    ///
    /// # Errors
    /// If the queue is empty; and whether it is shut down, too.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::queue::GetError;
    ///
    /// let queue = unpick_primitives::Queue::<u8>::new(0);
    /// assert_eq!(queue.get_nowait(), Err(GetError::Empty));
    /// ```
    #[track_caller]
    pub fn get_nowait(&self) -> Result<T, GetError> {
        self.base.object.immediate("get_nowait", Access::Change);
        let got = {
            let mut state = self.base.lock();
            state.try_get().ok_or_else(|| state.nothing())
        };
        got.map(|(Stamped { item, stamp }, woken)| {
            self.base.object.bring_about(self.has_got(stamp, woken));
            item
        })
    }

    /// Says that the work on an item that was got is done. When it is for all that were put,
    /// whoever is in [`join`](Self::join) goes on.
    ///
    /// # Errors
    /// If it was called for every item already.
    ///
    /// # Examples
    /// ```
    /// let queue = unpick_primitives::Queue::new(0);
    /// queue.put_nowait('a').expect("it has no bound");
    /// assert!(queue.task_done().is_ok());
    /// assert!(queue.task_done().is_err());
    /// ```
    #[track_caller]
    pub fn task_done(&self) -> Result<(), TaskDoneError> {
        self.base.object.immediate("task_done", Access::Change);
        self.base.object.publish();
        let woken = self.base.lock().task_done()?;
        woken.wake();
        Ok(())
    }

    /// Waits until the work on every item that was put is done. Whoever was woken returns, even
    /// if more is put before it has run.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect on the queue or on others.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::Queue;
    ///
    /// let queue = Queue::new(0);
    /// queue.put_nowait('a').expect("it has no bound");
    /// futures::executor::block_on(async {
    ///     futures::join!(queue.join(), async {
    ///         queue.get().await.expect("there is one");
    ///         queue.task_done().expect("it was put");
    ///     });
    /// });
    /// ```
    #[track_caller]
    pub fn join(&self) -> Join<'_, T, S> {
        Join::new(self, Waiting::new("join", Access::Read, Location::caller()))
    }

    /// Shuts the queue down: nothing can be put any more, and nothing got once it is empty.
    /// Whoever waits to put or to get looks again.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::{Queue, queue::{GetError, PutError, Shutdown}};
    ///
    /// let queue = Queue::new(0);
    /// queue.put_nowait(1).expect("it has no bound");
    /// queue.shutdown(Shutdown::Drain);
    /// assert_eq!(queue.put_nowait(2), Err(PutError::ShutDown(2)));
    /// assert_eq!(queue.get_nowait(), Ok(1));
    /// assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
    /// ```
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown) {
        self.base.object.immediate("shutdown", Access::Change);
        self.base.object.publish();
        let (dropped, woken) = self.base.lock().shut_down(how);
        self.base.object.notified(woken.len());
        woken.wake();
        drop(dropped);
    }

    /// What follows when an item was put.
    fn has_put(&self, wakes: Option<Wakeup>) -> Effect {
        // A place in a bounded queue was freed by whoever took what was in it.
        Effect { observes: self.maxsize > 0, wakes, ..Effect::default() }
    }

    /// What follows when an item was got.
    fn has_got(&self, received: Stamp, wakes: Option<Wakeup>) -> Effect {
        Effect { received, publishes: self.maxsize > 0, wakes, ..Effect::default() }
    }
}

impl<T, S: Storage<T>> Default for BaseQueue<T, S> {
    #[track_caller]
    fn default() -> BaseQueue<T, S> {
        BaseQueue::new(0)
    }
}

impl<T, S: Storage<T>> fmt::Debug for BaseQueue<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (items, counts, stage) = {
            let state = self.base.lock();
            let counts = [
                Count("getters", state.getters.len()),
                Count("putters", state.putters.len()),
                Count("unfinished", state.unfinished),
            ];
            (state.items.count(), counts, state.stage)
        };
        let [getters, putters, unfinished] = counts;
        let stage = if stage == Stage::ShutDown { ", shut down" } else { "" };
        let details = format_args!(
            "maxsize:{}, items:{items}{getters}{putters}{unfinished}{stage}",
            self.maxsize
        );
        show(f, S::NAME, &self.base.object, details)
    }
}
