//! What a lock is made of, and how it is acquired and released.
//!
//! In a run whoever waits does so in the line of the lock, which the engine keeps; outside of runs,
//! and for a lock that somebody outside has, in the lock's own queue. Those who are in the queue go
//! first: they have come first, or from other threads.

use std::panic::Location;
use std::task::{Context, Poll, ready};

use super::Lock;
use crate::instrumented::{Attempt, Place, Waiting};
use crate::probe::{
    Access, Announced, Door, Entry, Hold, Mode, Object, Operation, Stamp, Ticket, enter,
};
use crate::waiters::{Waiters, Wakeup};

pub(super) struct State<T> {
    // Invariant: `None` while somebody has it: a guard, or a waiter that was handed the lock.
    value: Option<Box<T>>,
    /// What the first in the line was handed, until it takes it or is dropped.
    handed: Option<Box<T>>,
    /// Who that is.
    heir: Ticket,
    waiters: Waiters<Box<T>>,
}

impl<T> State<T> {
    pub(super) const fn new(value: Box<T>) -> State<T> {
        State { value: Some(value), handed: None, heir: Ticket::NONE, waiters: Waiters::new() }
    }

    pub(super) const fn take(&mut self) -> Option<Box<T>> {
        self.value.take()
    }

    pub(super) fn value_mut(&mut self) -> Option<&mut T> {
        self.value.as_deref_mut()
    }

    pub(super) fn into_value(self) -> Option<Box<T>> {
        self.value
    }

    /// Whether somebody has the lock, and how many wait in its own queue.
    pub(super) const fn standing(&self) -> (bool, usize) {
        (self.value.is_none(), self.waiters.len())
    }

    const fn waiters(&mut self) -> &mut Waiters<Box<T>> {
        &mut self.waiters
    }

    /// Hands the value to whoever comes next, or puts it back.
    #[inline(always)]
    fn release(
        &mut self,
        value: Box<T>,
        next_in_line: impl FnOnce() -> Option<Wakeup>,
    ) -> Option<Wakeup> {
        let value = match self.waiters.grant_first(value) {
            Ok(wakeup) => return Some(wakeup),
            Err(value) => value,
        };
        let next = next_in_line();
        match &next {
            Some(heir) => (self.handed, self.heir) = (Some(value), heir.ticket()),
            None => self.value = Some(value),
        }
        next
    }

    /// Takes what this operation was handed in the line, if it was.
    #[inline(always)]
    fn take_handed(&mut self, operation: &Operation) -> Option<Box<T>> {
        if self.heir != operation.ticket() || !operation.is_noted() {
            return None;
        }
        self.heir = Ticket::NONE;
        self.handed.take()
    }
}

/// The operation that a lock is acquired by.
pub(super) const fn acquisition(site: &'static Location<'static>) -> Operation {
    Operation::new("acquire", Access::Change, site).lining_up()
}

impl<T> Lock<T> {
    /// Polls an acquisition once.
    ///
    /// In a run it is one entry into the engine, in which the mutex is locked as well.
    #[inline(always)]
    pub(super) fn poll_acquire(
        &self,
        waiting: &mut Waiting,
        cx: &mut Context<'_>,
    ) -> Poll<(Box<T>, Hold)> {
        match self.poll_in_run(Door::here(), waiting, cx) {
            Poll::Pending if waiting.is_unsettled => {
                waiting.is_unsettled = false;
                self.poll_otherwise(waiting, cx)
            }
            polled => polled,
        }
    }

    /// A poll by a task of a run, with its own waker. Any other is left unsettled, and pending.
    #[inline(never)]
    fn poll_in_run(
        &self,
        door: Door,
        waiting: &mut Waiting,
        cx: &mut Context<'_>,
    ) -> Poll<(Box<T>, Hold)> {
        let object = &self.base.object;
        door.enter(|entry| {
            let Some(mut entry) = entry.inside() else { return waiting.unsettled() };
            let Waiting { operation, place: place @ Place::Outside, .. } = waiting else {
                return waiting.unsettled();
            };
            let value = match operation.poll_announce_in(&mut entry, object, cx) {
                Announced::Go => {
                    let mut state = self.base.lock();
                    match state.value.take() {
                        Some(value) => value,
                        None if operation.line_up_in(&mut entry, object, cx) => {
                            return Poll::Pending;
                        }
                        None => return waiting.unsettled(),
                    }
                }
                Announced::GivesWay => return Poll::Pending,
                Announced::Unsettled => {
                    let handed = self.base.lock().take_handed(operation);
                    let Some(value) = handed else { return waiting.unsettled() };
                    *place = Place::Over;
                    let hold = operation.taken_over_in(&mut entry, object, 1, Mode::Exclusive);
                    return Poll::Ready((value, hold));
                }
            };
            *place = Place::Over;
            let hold = operation.executed_holding_in(&mut entry, object, 1, Mode::Exclusive);
            Poll::Ready((value, hold))
        })
    }

    /// Any other poll.
    #[cold]
    #[inline(never)]
    fn poll_otherwise(&self, waiting: &mut Waiting, cx: &mut Context<'_>) -> Poll<(Box<T>, Hold)> {
        let object = &self.base.object;
        if !matches!(waiting.place, Place::Outside) {
            return self.base.poll_outside(waiting, cx, State::waiters, TryAcquire);
        }
        let handed = self.base.lock().take_handed(&waiting.operation);
        if let Some(value) = handed {
            return Poll::Ready(self.end(waiting, value));
        }
        if !waiting.operation.is_in_line() {
            if !object.has_line() {
                return self.base.poll_outside(waiting, cx, State::waiters, TryAcquire);
            }
            ready!(waiting.operation.poll_announce(Some(object), cx));
        }
        // Cloned outside of the mutex, and so is dropped what is not needed.
        let waker = waiting.operation.waker_in_line(cx);
        let mut state = self.base.lock();
        // It may have been handed the lock by what the clone did.
        let handed = state.take_handed(&waiting.operation);
        let is_in_line = waiting.operation.is_in_line();
        let value = handed.or_else(|| if is_in_line { None } else { state.take() });
        if let Some(value) = value {
            drop(state);
            drop(waker);
            return Poll::Ready(self.end(waiting, value));
        }
        let old = waiting.operation.line_up(object, waker);
        drop(state);
        drop(old);
        Poll::Pending
    }

    fn end(&self, waiting: &mut Waiting, value: Box<T>) -> (Box<T>, Hold) {
        waiting.place = Place::Over;
        let executed = (&mut waiting.operation, &self.base.object);
        enter(|mut entry| TryAcquire.executed(&mut entry, executed, value))
    }

    /// Hands the lock to whoever comes next. One whom the engine does not wake comes back.
    #[inline(always)]
    pub(super) fn release_in(
        &self,
        mut entry: Entry<'_>,
        value: Box<T>,
        mut hold: Hold,
    ) -> Option<Wakeup> {
        let object = &self.base.object;
        let mut state = self.base.lock();
        if state.waiters.len() == 0 {
            match object.hand_on_in(&mut entry, hold) {
                Ok(heir) => {
                    (state.handed, state.heir) = (Some(value), heir);
                    return None;
                }
                Err(held) => hold = held,
            }
        }
        let heir = state.release(value, || object.next_in_line_in(&mut entry));
        drop(state);
        object.release_in(&mut entry, hold, heir)
    }

    /// Gives up an acquisition whose future is dropped. What it was handed and has not taken goes to
    /// whoever comes next.
    pub(super) fn give_up(&self, waiting: &mut Waiting) -> Option<Wakeup> {
        let next_in_line = || enter(|mut entry| self.base.object.next_in_line_in(&mut entry));
        let pass_on = |state: &mut State<T>, value| state.release(value, next_in_line);
        if waiting.is_queued() {
            return self.base.cancel(waiting, State::waiters, pass_on).flatten();
        }
        let mut state = self.base.lock();
        let value = state.take_handed(&waiting.operation)?;
        pass_on(&mut state, value)
    }
}

/// Takes the lock, unless somebody has it.
struct TryAcquire;

impl<T> Attempt<State<T>, Box<T>> for TryAcquire {
    type Value = Box<T>;
    type Output = (Box<T>, Hold);

    #[inline(always)]
    fn attempt(
        &mut self,
        state: &mut State<T>,
        granted: Option<Box<T>>,
        _stamp: impl FnOnce() -> Stamp,
    ) -> Option<Box<T>> {
        granted.or_else(|| state.take())
    }

    #[inline(always)]
    fn executed(
        &mut self,
        entry: &mut Entry<'_>,
        (operation, object): (&mut Operation, &Object),
        value: Box<T>,
    ) -> (Box<T>, Hold) {
        (value, operation.executed_holding_in(entry, object, 1, Mode::Exclusive))
    }
}
