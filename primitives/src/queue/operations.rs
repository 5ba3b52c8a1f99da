//! The futures of a queue.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{BaseQueue, GetError, PutError, QueueShutDown, Stamped, State, Storage};
use crate::instrumented::{Attempt, Waiting};
use crate::probe::{Entry, Object, Operation, Stamp};
use crate::waiters::Wakeup;

/// The future of [`BaseQueue::put`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Put<'a, T, S: Storage<T>> {
    queue: &'a BaseQueue<T, S>,
    item: Option<T>,
    waiting: Waiting,
}

impl<'a, T, S: Storage<T>> Put<'a, T, S> {
    pub(super) const fn new(queue: &'a BaseQueue<T, S>, item: T, waiting: Waiting) -> Self {
        Put { queue, item: Some(item), waiting }
    }
}

/// Puts the item of a [`Put`], if there is a place for it.
struct TryPut<'a, T, S: Storage<T>>(&'a BaseQueue<T, S>, &'a mut Option<T>);

impl<T, S: Storage<T>> Attempt<State<T, S>, ()> for TryPut<'_, T, S> {
    const CALLS_OTHERS: bool = S::COMPARES;

    type Value = Result<Option<Wakeup>, QueueShutDown<T>>;
    type Output = Result<Option<Wakeup>, QueueShutDown<T>>;

    #[inline(always)]
    fn attempt(
        &mut self,
        state: &mut State<T, S>,
        _woken: Option<()>,
        stamp: impl FnOnce() -> Stamp,
    ) -> Option<Self::Value> {
        let taken = self.1.take().expect("the item is there until the put is over");
        match state.try_put(taken, stamp) {
            Ok(woken) => Some(Ok(woken)),
            Err(PutError::ShutDown(item)) => Some(Err(QueueShutDown(item))),
            Err(PutError::Full(back)) => {
                *self.1 = Some(back);
                None
            }
        }
    }

    #[inline(always)]
    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        (operation, object): (&mut Operation, &Object),
        put: Self::Value,
    ) -> Self::Output {
        match put {
            Ok(wakes) => {
                let effect = || self.0.has_put(None);
                Ok(operation.executed_waking_in(entry, object, wakes, effect))
            }
            Err(error) => {
                operation.executed_in(entry, object);
                Err(error)
            }
        }
    }
}

// The item is never pinned: it is moved into the queue.
impl<T, S: Storage<T>> Unpin for Put<'_, T, S> {}

impl<T, S: Storage<T>> Future for Put<'_, T, S> {
    type Output = Result<(), QueueShutDown<T>>;

    // Inlined, because it only calls what polls.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Put { queue, item, waiting } = &mut *self;
        let attempt = TryPut(queue, item);
        let polled = queue.base.poll_by(waiting, cx, State::putters, attempt);
        polled.map_ok(|rest| rest.into_iter().for_each(Wakeup::woken))
    }
}

impl<T, S: Storage<T>> Drop for Put<'_, T, S> {
    fn drop(&mut self) {
        let base = &self.queue.base;
        let woken = base.cancel(&mut self.waiting, State::putters, State::pass_on_put);
        if let Some(wakeup) = woken.flatten() {
            wakeup.woken();
        }
    }
}

/// The future of [`BaseQueue::get`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Get<'a, T, S: Storage<T>> {
    queue: &'a BaseQueue<T, S>,
    waiting: Waiting,
}

impl<'a, T, S: Storage<T>> Get<'a, T, S> {
    pub(super) const fn new(queue: &'a BaseQueue<T, S>, waiting: Waiting) -> Self {
        Get { queue, waiting }
    }
}

/// Gets an item, if there is one.
struct TryGet<'a, T, S: Storage<T>>(&'a BaseQueue<T, S>);

impl<T, S: Storage<T>> Attempt<State<T, S>, ()> for TryGet<'_, T, S> {
    const CALLS_OTHERS: bool = S::COMPARES;

    type Value = Result<(Stamped<T>, Option<Wakeup>), QueueShutDown>;
    type Output = Result<(T, Option<Wakeup>), QueueShutDown>;

    #[inline(always)]
    fn attempt(
        &mut self,
        state: &mut State<T, S>,
        _woken: Option<()>,
        _stamp: impl FnOnce() -> Stamp,
    ) -> Option<Self::Value> {
        match state.try_get() {
            Some(got) => Some(Ok(got)),
            None if state.nothing() == GetError::ShutDown => Some(Err(QueueShutDown(()))),
            None => None,
        }
    }

    #[inline(always)]
    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        (operation, object): (&mut Operation, &Object),
        got: Self::Value,
    ) -> Self::Output {
        match got {
            Ok((Stamped { item, stamp }, wakes)) => {
                let effect = || self.0.has_got(stamp, None);
                Ok((item, operation.executed_waking_in(entry, object, wakes, effect)))
            }
            Err(error) => {
                operation.executed_in(entry, object);
                Err(error)
            }
        }
    }
}

impl<T, S: Storage<T>> Future for Get<'_, T, S> {
    type Output = Result<T, QueueShutDown>;

    // Inlined, because it only calls what polls.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Get { queue, waiting } = &mut *self;
        let polled = queue.base.poll_by(waiting, cx, State::getters, TryGet(queue));
        polled.map_ok(|(item, rest)| {
            rest.into_iter().for_each(Wakeup::woken);
            item
        })
    }
}

impl<T, S: Storage<T>> Drop for Get<'_, T, S> {
    fn drop(&mut self) {
        let base = &self.queue.base;
        let woken = base.cancel(&mut self.waiting, State::getters, State::pass_on_get);
        if let Some(wakeup) = woken.flatten() {
            wakeup.woken();
        }
    }
}

/// The future of [`BaseQueue::join`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Join<'a, T, S: Storage<T>> {
    queue: &'a BaseQueue<T, S>,
    waiting: Waiting,
}

impl<'a, T, S: Storage<T>> Join<'a, T, S> {
    pub(super) const fn new(queue: &'a BaseQueue<T, S>, waiting: Waiting) -> Self {
        Join { queue, waiting }
    }
}

impl<T, S: Storage<T>> Future for Join<'_, T, S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Join { queue, waiting } = &mut *self;
        let attempt = |state: &mut State<T, S>, woken: Option<()>| {
            woken.or_else(|| (state.unfinished == 0).then_some(()))
        };
        let polled = queue.base.poll(waiting, cx, State::joiners, attempt);
        polled.map(|()| queue.base.object.observe())
    }
}

impl<T, S: Storage<T>> Drop for Join<'_, T, S> {
    fn drop(&mut self) {
        self.queue.base.cancel(&mut self.waiting, State::joiners, |_, ()| ());
    }
}

impl<T, S: Storage<T>> fmt::Debug for Put<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Put of {:?}>", self.queue)
    }
}

impl<T, S: Storage<T>> fmt::Debug for Get<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Get of {:?}>", self.queue)
    }
}

impl<T, S: Storage<T>> fmt::Debug for Join<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Join of {:?}>", self.queue)
    }
}
