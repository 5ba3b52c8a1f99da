//! What every primitive is made of: its identity for the engine, its state behind a mutex, and
//! the one way in which its futures wait.
//!
//! Invariant: no code of others (a waker, a clone or a drop of the user's values, a predicate)
//! is called while the mutex is locked. The one exception is how the items of a priority queue
//! compare, which its documentation says.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use crate::probe::{Access, Cause, Object, Operation, Passage, Spurious};
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
        waiting.is_over = true;
        true
    }

    pub(crate) fn set_name(&mut self, name: impl Into<Cow<'static, str>>) {
        self.object.set_name(name);
    }

    /// The state, locked. A poisoned mutex is as good as any: whatever is done under it either
    /// cannot panic or has not changed anything before it does.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_inner(self) -> S {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls an operation once: announces it, tries it, or lets it wait in `queue`.
    ///
    /// `attempt` is called with what the waiter was granted, or `None` if it has not waited yet,
    /// and returns `None` if it has to wait (again). It is not called while the waiter waits.
    pub(crate) fn poll<G, W: Copy, T>(
        &self,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        attempt: impl FnMut(&mut S, Option<G>) -> Option<T>,
    ) -> Poll<T> {
        self.poll_with(waiting, cx, queue, attempt, |operation, value| {
            operation.executed(Some(&self.object));
            value
        })
    }

    /// The same, where `executed` tells the engine that the operation was executed, and what
    /// follows from it at once.
    #[inline]
    pub(crate) fn poll_with<G, W: Copy, A: Attempt<S, G>, R>(
        &self,
        waiting: &mut Waiting<W>,
        cx: &mut Context<'_>,
        queue: impl Fn(&mut S) -> &mut Waiters<G, W>,
        mut attempt: A,
        executed: impl FnOnce(&mut Operation, A::Value) -> R,
    ) -> Poll<R> {
        assert!(!waiting.is_over, "a future was polled after it had returned");
        if waiting.key.is_none() && waiting.announcement == Announcement::Due {
            ready!(waiting.operation.poll_announce(Some(&self.object), cx));
        }
        let mut state = self.lock();
        let value = match waiting.try_now(&mut *state, &queue, &mut attempt) {
            Some(value) => {
                drop(state);
                value
            }
            None => {
                let Waiting { operation, key, wants, .. } = waiting;
                let parked = operation.try_park(Some(&self.object), cx, |wakeup| match key {
                    None => {
                        *key = Some(queue(&mut state).push(wakeup, *wants));
                        None
                    }
                    Some(key) => Some(queue(&mut state).refresh(key, wakeup)),
                });
                drop(state);
                match parked {
                    Some(None) => return Poll::Pending,
                    Some(old) => {
                        drop(old);
                        return Poll::Pending;
                    }
                    None => ready!(self.poll_by_waker(waiting, cx, queue, attempt)),
                }
            }
        };
        // In one place, of which it becomes a part.
        Poll::Ready(executed(&mut waiting.operation, value))
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
        mut attempt: A,
    ) -> Poll<A::Value> {
        let wakeup = waiting.operation.park(Some(&self.object), cx);
        let mut state = self.lock();
        if let Some(value) = waiting.try_now(&mut *state, &queue, &mut attempt) {
            drop(state);
            drop(wakeup);
            return Poll::Ready(value);
        }
        let old = waiting.wait_in(queue(&mut state), wakeup);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Ends an operation that has got what it is for without being polled.
    pub(crate) fn end<W>(&self, waiting: &mut Waiting<W>) {
        waiting.operation.executed(Some(&self.object));
        waiting.is_over = true;
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
        let key = waiting.key.take()?;
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
    /// What comes of it.
    type Value;

    fn attempt(&mut self, state: &mut S, granted: Option<G>) -> Option<Self::Value>;
}

impl<S, G, T, F: FnMut(&mut S, Option<G>) -> Option<T>> Attempt<S, G> for F {
    type Value = T;

    #[inline(always)]
    fn attempt(&mut self, state: &mut S, granted: Option<G>) -> Option<T> {
        self(state, granted)
    }
}

/// Whether other tasks may come in before an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announcement {
    /// It is announced, which lets them.
    Due,
    /// It is the other half of an operation that was executed in the same step.
    Needless,
}

/// What a future keeps of the operation that it carries out.
pub(crate) struct Waiting<W = ()> {
    operation: Operation,
    announcement: Announcement,
    /// Its place in a queue, while it has one.
    key: Option<Key>,
    wants: W,
    is_over: bool,
}

impl Waiting {
    pub(crate) const fn new(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Waiting {
        Waiting::wanting(name, access, site, ())
    }

    /// For what goes on in the same step as an operation that was announced and executed.
    pub(crate) const fn unannounced(
        name: &'static str,
        access: Access,
        site: &'static Location<'static>,
    ) -> Waiting {
        let mut waiting = Waiting::new(name, access, site);
        waiting.announcement = Announcement::Needless;
        waiting
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
        let announcement = Announcement::Due;
        Waiting { operation, announcement, key: None, wants, is_over: false }
    }

    /// Where the operation was called.
    pub(crate) const fn site(&self) -> &'static Location<'static> {
        self.operation.site()
    }

    /// Whether it has a place in a queue, or something that it was granted there.
    pub(crate) const fn is_queued(&self) -> bool {
        self.key.is_some()
    }
}

impl<W: Copy> Waiting<W> {
    /// Whether the operation was executed.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
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
        if let Some(key) = &self.key {
            granted = Some(queue(state).take_granted(key)?);
            self.key = None;
        }
        let value = attempt.attempt(state, granted)?;
        self.is_over = true;
        Some(value)
    }

    /// Waits in a queue, or waits on with another waker. The one that is not needed comes back.
    #[inline(always)]
    fn wait_in<G>(&mut self, queue: &mut Waiters<G, W>, wakeup: Wakeup) -> Option<Wakeup> {
        match &self.key {
            Some(key) => Some(queue.refresh(key, wakeup)),
            None => {
                self.key = Some(queue.push(wakeup, self.wants));
                None
            }
        }
    }

    /// Goes into a queue without being polled, where nobody is woken yet.
    pub(crate) fn enqueue<G>(&mut self, queue: &mut Waiters<G, W>) {
        self.key = Some(queue.push(Wakeup::nobody(&self.operation), self.wants));
    }

    /// Takes what it was granted in a queue, if it was: then it has no place there any more.
    pub(crate) fn take_granted<G>(&mut self, queue: &mut Waiters<G, W>) -> Option<G> {
        let granted = queue.take_granted(self.key.as_ref()?)?;
        self.key = None;
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
