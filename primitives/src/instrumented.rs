//! What every primitive is made of: its identity for the engine, its state behind a mutex, and
//! the one way in which its futures wait.
//!
//! Invariant: no code of others (a waker, a clone or a drop of the user's values, a predicate)
//! is called while the mutex is locked. The one exception is how the items of a priority queue
//! compare, which its documentation says.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::task::{Context, Poll, ready};

use parking_lot::{Mutex, MutexGuard};

use crate::probe::{
    Access, Announced, Cause, Door, Entry, Object, Operation, Passage, Spurious, Stamp, enter,
};
use crate::waiters::{Key, Removed, Waiters, Wakeup};

/// An object that the engine knows, and its state.
pub(crate) struct Instrumented<S> {
    pub(crate) object: Object,
    state: Mutex<S>,
}

impl<S> Instrumented<S> {
    #[track_caller]
    pub(crate) fn new(kind: &'static str, state: S) -> Instrumented<S> {
        Instrumented { object: Object::new(kind), state: Mutex::new(state) }
    }

    /// The same, with what ends which waits at it.
    pub(crate) fn with_causes(mut self, causes: &'static [Cause]) -> Instrumented<S> {
        self.object.set_causes(causes);
        self
    }

    /// The same, with what moves things through it.
    pub(crate) fn with_passage(mut self, passage: &'static Passage) -> Instrumented<S> {
        self.object.set_passage(passage);
        self
    }

    /// The same, for one whose waits may end for nothing.
    pub(crate) fn with_spurious_wakes(mut self, spurious: Spurious) -> Instrumented<S> {
        self.object.set_spurious(spurious);
        self
    }

    /// Whether a wait that may end for nothing is to end so: then it is over.
    pub(crate) fn ends_by_hand<G, W: Copy>(
        &self,
        waiting: &mut Waiting<W>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
    ) -> bool {
        if !waiting.is_queued() || !waiting.operation.is_woken_by_hand() {
            return false;
        }
        drop(self.cancel(waiting, queue, |_, grant| grant));
        waiting.operation.executed(Some(&self.object));
        waiting.place = Place::Over;
        true
    }

    pub(crate) fn set_name(&mut self, name: impl Into<Cow<'static, str>>) {
        self.object.set_name(name);
    }

    /// The state, locked. A poisoned mutex is as good as any: whatever is done under it either
    /// cannot panic or has not changed anything before it does.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock()
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.state.get_mut()
    }

    pub(crate) fn into_inner(self) -> S {
        self.state.into_inner()
    }

    /// Polls an operation once: announces it, tries it, or lets it wait in `queue`.
    ///
    /// `attempt` is called with what the waiter was granted, or `None` if it has not waited yet,
    /// and returns `None` if it has to wait (again). It is not called while the waiter waits.
    pub(crate) fn poll<G, W: Copy, T>(
        &self,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W> + Copy,
        attempt: impl FnMut(&mut S, Option<G>) -> Option<T>,
    ) -> Poll<T> {
        self.poll_by(waiting, cx, queue, attempt)
    }

    /// The same, tried by a type of its own.
    ///
    /// In a run it is one entry into the engine, in which the mutex is locked and the operation
    /// tried as well.
    #[inline(always)]
    pub(crate) fn poll_by<G, W: Copy, A: Attempt<S, G>>(
        &self,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W> + Copy,
        mut attempt: A,
    ) -> Poll<A::Output> {
        match self.poll_at(Door::here(), waiting, cx, queue, &mut attempt) {
            Poll::Pending if waiting.is_unsettled => {
                waiting.is_unsettled = false;
                self.poll_outside(waiting, cx, queue, attempt)
            }
            polled => polled,
        }
    }

    /// A poll with the engine entered. One that takes code of others, or is outside of runs, is left
    /// unsettled, and pending.
    #[inline(never)]
    fn poll_at<G, W: Copy, A: Attempt<S, G>>(
        &self,
        door: Door,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        attempt: &mut A,
    ) -> Poll<A::Output> {
        door.enter(|entry| {
            let Some(mut entry) = entry.inside() else { return waiting.unsettled() };
            if A::CALLS_OTHERS {
                return waiting.unsettled();
            }
            let Waiting { operation, place, wants, .. } = waiting;
            let value;
            match place {
                Place::Outside => {
                    match operation.poll_announce_in(&mut entry, &self.object, cx) {
                        Announced::Go => {}
                        Announced::GivesWay => return Poll::Pending,
                        Announced::Unsettled => return waiting.unsettled(),
                    }
                    let mut state = self.lock();
                    match attempt.attempt(&mut *state, None, || entry.stamp()) {
                        Some(it) => value = it,
                        None => {
                            let wakeup = operation.park_in(&mut entry, &self.object, cx);
                            let Some(wakeup) = wakeup else { return waiting.unsettled() };
                            *place = Place::Queued(queue(&mut state).push(wakeup, *wants));
                            return Poll::Pending;
                        }
                    }
                }
                Place::Queued(key) => {
                    let mut state = self.lock();
                    let Some(granted) = queue(&mut state).take_granted(key) else {
                        let wakeup = operation.wakeup_in(&entry, cx);
                        let queue = queue(&mut state);
                        let is_there =
                            wakeup.is_some_and(|wakeup| queue.is_woken_alike(key, &wakeup));
                        if !is_there || !operation.parks_again_in(&mut entry, &self.object, cx) {
                            return waiting.unsettled();
                        }
                        return Poll::Pending;
                    };
                    *place = Place::Outside;
                    match attempt.attempt(&mut *state, Some(granted), || entry.stamp()) {
                        Some(it) => value = it,
                        // Somebody was faster.
                        None => return waiting.unsettled(),
                    }
                }
                Place::Over => panic!("a future was polled after it had returned"),
            }
            *place = Place::Over;
            Poll::Ready(attempt.executed(&mut entry, (operation, &self.object), value))
        })
    }

    /// The same, where the engine is entered for each thing that it is told; and outside of runs.
    #[cold]
    #[inline(never)]
    pub(crate) fn poll_outside<G, W: Copy, A: Attempt<S, G>>(
        &self,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W> + Copy,
        mut attempt: A,
    ) -> Poll<A::Output> {
        match waiting.place {
            Place::Outside => ready!(waiting.operation.poll_announce(Some(&self.object), cx)),
            Place::Queued(_) => {}
            Place::Over => panic!("a future was polled after it had returned"),
        }
        let mut state = self.lock();
        let value = match waiting.try_now(&mut *state, queue, &mut attempt) {
            Some(value) => {
                drop(state);
                value
            }
            None => {
                let Waiting { operation, place, wants, .. } = waiting;
                let parked = operation.try_park(Some(&self.object), cx, |wakeup| {
                    place.wait_in(queue(&mut state), wakeup, *wants)
                });
                drop(state);
                match parked {
                    Some(old) => {
                        drop(old);
                        return Poll::Pending;
                    }
                    None => ready!(self.poll_by_waker(waiting, cx, queue, &mut attempt)),
                }
            }
        };
        Poll::Ready(enter(|mut entry| {
            attempt.executed(&mut entry, (&mut waiting.operation, &self.object), value)
        }))
    }

    /// The same with a waker of others, which is cloned and dropped outside of the mutex: the
    /// operation is tried again once it is at hand.
    #[cold]
    #[inline(never)]
    fn poll_by_waker<G, W: Copy, A: Attempt<S, G>>(
        &self,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        attempt: &mut A,
    ) -> Poll<A::Value> {
        let wakeup = waiting.operation.park(Some(&self.object), cx);
        let mut state = self.lock();
        if let Some(value) = waiting.try_now(&mut *state, &queue, attempt) {
            drop(state);
            drop(wakeup);
            return Poll::Ready(value);
        }
        let old = waiting.place.wait_in(queue(&mut state), wakeup, waiting.wants);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Ends an operation that has got what it is for without being polled.
    pub(crate) fn end<W>(&self, waiting: &mut Waiting<W>) {
        waiting.operation.executed(Some(&self.object));
        waiting.place = Place::Over;
    }

    /// Gives up an operation whose future is dropped. What it was granted and has not taken goes
    /// through `pass_on`.
    #[inline]
    pub(crate) fn cancel<G, W, R>(
        &self,
        waiting: &mut Waiting<W>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        pass_on: impl FnOnce(&mut S, G) -> R,
    ) -> Option<R> {
        let key = waiting.place.leave()?;
        self.cancel_queued(key, queue, pass_on)
    }

    #[inline(never)]
    fn cancel_queued<G, W, R>(
        &self,
        key: Key,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        pass_on: impl FnOnce(&mut S, G) -> R,
    ) -> Option<R> {
        let mut state = self.lock();
        match queue(&mut state).remove(key) {
            Removed::Granted(grant) => Some(pass_on(&mut state, grant)),
            Removed::Waiting(wakeup) => {
                drop(state);
                drop(wakeup);
                None
            }
        }
    }
}

/// How an operation is tried, with what the waiter was granted, if it has waited; `None` if it has
/// to wait (again). Closures are such, and types of their own where it is to become a part of
/// whatever tries it: a closure does not if it is called in two places.
pub(crate) trait Attempt<S, G> {
    /// Whether it calls code of others, for which the engine must not be entered.
    const CALLS_OTHERS: bool = false;

    /// What comes of it.
    type Value;
    /// What whoever polls makes of that.
    type Output;

    /// `stamp` makes what comes with a message that is sent.
    fn attempt(
        &mut self,
        state: &mut S,
        granted: Option<G>,
        stamp: impl FnOnce() -> Stamp,
    ) -> Option<Self::Value>;

    /// Tells the engine that the operation was executed on this object, and what follows from it at
    /// once.
    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        executed: (&mut Operation, &Object),
        value: Self::Value,
    ) -> Self::Output;
}

impl<S, G, T, F: FnMut(&mut S, Option<G>) -> Option<T>> Attempt<S, G> for F {
    type Value = T;
    type Output = T;

    #[inline(always)]
    fn attempt(
        &mut self,
        state: &mut S,
        granted: Option<G>,
        _stamp: impl FnOnce() -> Stamp,
    ) -> Option<T> {
        self(state, granted)
    }

    #[inline(always)]
    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        (operation, object): (&mut Operation, &Object),
        value: T,
    ) -> T {
        operation.executed_in(entry, object);
        value
    }
}

/// What a future keeps of the operation that it carries out.
pub(crate) struct Waiting<W = ()> {
    pub(crate) operation: Operation,
    pub(crate) place: Place,
    wants: W,
    /// Whether a poll has come to nothing, since it was in an entry: it is to be made without.
    pub(crate) is_unsettled: bool,
}

/// Where an operation stands.
pub(crate) enum Place {
    /// In no queue.
    Outside,
    /// In a queue, or out of it with what it was granted.
    Queued(Key),
    /// It was executed.
    Over,
}

impl Place {
    /// Leaves the queue for good.
    #[inline]
    const fn leave(&mut self) -> Option<Key> {
        match std::mem::replace(self, Place::Outside) {
            Place::Queued(key) => Some(key),
            rest => {
                *self = rest;
                None
            }
        }
    }

    /// Waits in a queue, or waits on with another waker. The one that is not needed comes back.
    #[inline]
    fn wait_in<G, W>(
        &mut self,
        queue: &mut Waiters<G, W>,
        wakeup: Wakeup,
        wants: W,
    ) -> Option<Wakeup> {
        if let Place::Queued(key) = self {
            return Some(queue.refresh(key, wakeup));
        }
        *self = Place::Queued(queue.push(wakeup, wants));
        None
    }
}

impl Waiting {
    pub(crate) const fn new(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Waiting {
        Waiting::wanting(name, access, site, ())
    }

    pub(crate) const fn of(operation: Operation) -> Waiting {
        Waiting { operation, place: Place::Outside, wants: (), is_unsettled: false }
    }

    /// For what goes on in the same step as an operation that was announced and executed.
    pub(crate) const fn unannounced(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Waiting {
        Waiting::of(Operation::unannounced(name, access, site))
    }
}

impl<W> Waiting<W> {
    pub(crate) const fn wanting(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
        wants: W,
    ) -> Waiting<W> {
        let operation = Operation::new(name, access, site);
        Waiting { operation, place: Place::Outside, wants, is_unsettled: false }
    }

    /// Where the operation was called.
    pub(crate) const fn site(&self) -> &'static Location<'static> {
        self.operation.site()
    }

    /// Whether anybody knows that it waits, or waits for its turn.
    pub(crate) const fn is_noted(&self) -> bool {
        self.is_queued() || self.operation.is_noted()
    }

    /// Whether it has a place in a queue, or something that it was granted there.
    pub(crate) const fn is_queued(&self) -> bool {
        matches!(self.place, Place::Queued(_))
    }
}

impl<W: Copy> Waiting<W> {
    /// Whether the operation was executed.
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.place, Place::Over)
    }

    /// Tries the operation, unless it waits. `None` if it has to wait (again).
    #[inline(always)]
    fn try_now<S, G, A: Attempt<S, G>>(
        &mut self,
        state: &mut S,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        attempt: &mut A,
    ) -> Option<A::Value> {
        let mut granted = None;
        if let Place::Queued(key) = &self.place {
            granted = Some(queue(state).take_granted(key)?);
            self.place = Place::Outside;
        }
        let value = attempt.attempt(state, granted, Stamp::here)?;
        self.place = Place::Over;
        Some(value)
    }

    /// A poll in an entry has come to nothing.
    #[cold]
    pub(crate) const fn unsettled<R>(&mut self) -> Poll<R> {
        self.is_unsettled = true;
        Poll::Pending
    }

    /// Goes into a queue without being polled, where nobody is woken yet.
    pub(crate) fn enqueue<G>(&mut self, queue: &mut Waiters<G, W>) {
        self.place = Place::Queued(queue.push(Wakeup::nobody(&self.operation), self.wants));
    }

    /// Takes what it was granted in a queue, if it was: then it has no place there any more.
    pub(crate) fn take_granted<G>(&mut self, queue: &mut Waiters<G, W>) -> Option<G> {
        let Place::Queued(key) = &self.place else { return None };
        let granted = queue.take_granted(key)?;
        self.place = Place::Outside;
        Some(granted)
    }
}

/// Shows a primitive in asyncio's manner, such as `<Lock db [locked, waiters:2]>`.
pub(crate) fn show(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    object: &Object,
    details: fmt::Arguments<'_>,
) -> fmt::Result {
    match object.name() {
        Some(name) => write!(f, "<{kind} {name} [{details}]>"),
        None => write!(f, "<{kind} [{details}]>"),
    }
}

/// How many wait, as a part of [`show`]: nothing if nobody does.
pub(crate) struct Count(pub(crate) &'static str, pub(crate) usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            0 => Ok(()),
            count => write!(f, ", {}:{count}", self.0),
        }
    }
}
