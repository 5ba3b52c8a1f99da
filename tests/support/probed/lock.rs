//! A lock that is handed over in the order of asking.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use unpick::sim::probe::{Access, Hold, Mode, Object, Operation, Ticket};

/// A lock around nothing.
pub(crate) struct Lock {
    object: Object,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    owner: Owner,
    waiters: VecDeque<Waiter>,
    next_number: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Owner {
    #[default]
    Nobody,
    /// A guard.
    Guard,
    /// The waiter with this number, which has not been polled since.
    Waiter(u64),
}

struct Waiter {
    number: u64,
    waker: Waker,
    ticket: Ticket,
}

impl Lock {
    #[track_caller]
    pub(crate) fn new() -> Lock {
        Lock { object: Object::new("lock"), state: RefCell::default() }
    }

    #[track_caller]
    pub(crate) fn named(name: &'static str) -> Lock {
        let mut lock = Lock::new();
        lock.object.set_name(name);
        lock
    }

    /// Waits until the lock is the caller's.
    #[track_caller]
    pub(crate) fn acquire(self: &Rc<Lock>) -> Acquire {
        let operation = Operation::new("acquire", Access::Change, Location::caller());
        Acquire { lock: Rc::clone(self), operation, number: None }
    }

    fn release(&self) {
        let next = {
            let mut state = self.state.borrow_mut();
            let next = state.waiters.pop_front();
            state.owner = next.as_ref().map_or(Owner::Nobody, |next| Owner::Waiter(next.number));
            next
        };
        if let Some(next) = next {
            next.ticket.granted();
            next.waker.wake();
        }
    }
}

/// The future of [`Lock::acquire`].
pub(crate) struct Acquire {
    lock: Rc<Lock>,
    operation: Operation,
    /// The number under which it waits.
    number: Option<u64>,
}

impl Future for Acquire {
    type Output = Guard;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard> {
        let Acquire { lock, operation, number } = self.get_mut();
        if operation.poll_announce(Some(&lock.object), cx).is_pending() {
            return Poll::Pending;
        }
        let mut state = lock.state.borrow_mut();
        let is_own = match (state.owner, *number) {
            (Owner::Nobody, _) => true,
            (Owner::Waiter(owner), Some(own)) => owner == own,
            _ => false,
        };
        if is_own {
            state.owner = Owner::Guard;
            drop(state);
            *number = None;
            operation.executed(Some(&lock.object));
            lock.object.observe();
            let hold = lock.object.hold_at(1, Mode::Exclusive, operation.site());
            return Poll::Ready(Guard { lock: Rc::clone(lock), hold: Some(hold) });
        }
        operation.blocked(Some(&lock.object), cx);
        let (waker, ticket) = (cx.waker().clone(), operation.ticket());
        let own = number.unwrap_or(state.next_number);
        match state.waiters.iter_mut().find(|waiter| waiter.number == own) {
            Some(waiter) => *waiter = Waiter { number: own, waker, ticket },
            None => {
                state.next_number += 1;
                state.waiters.push_back(Waiter { number: own, waker, ticket });
            }
        }
        *number = Some(own);
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(own) = self.number else { return };
        let mut state = self.lock.state.borrow_mut();
        state.waiters.retain(|waiter| waiter.number != own);
        let is_own = state.owner == Owner::Waiter(own);
        drop(state);
        if is_own {
            self.lock.release();
        }
    }
}

/// Releases the lock when it is dropped.
pub(crate) struct Guard {
    lock: Rc<Lock>,
    hold: Option<Hold>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.lock.object.immediate("release", Access::Change);
        self.lock.object.publish();
        self.hold = None;
        self.lock.release();
    }
}
