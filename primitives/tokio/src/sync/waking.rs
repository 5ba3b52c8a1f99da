//! Who is woken by what is done, and in which order.
//!
//! Tokio's types wake whoever waits while they are being called. Inside of a run those wake-ups
//! are kept until the call is over and recorded. Then they are made in the order in which the
//! waits began: [`watch`](super::watch) and [`Barrier`](super::Barrier) wake in an order that
//! tokio draws from a generator of its own, which no tape controls.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Wake, Waker};

use unpick_sim::probe::{Ticket, is_inside_run};

/// What whoever waits is given when it is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// The object itself, or permits of it: nobody else can have them.
    Object,
    /// The news that there is something to look at. Whoever gets it observes the object.
    News,
    /// A message, or the news that there is one.
    Message,
}

/// The waker that tokio gets of a wait inside of a run.
#[derive(Debug)]
pub(super) struct Waking {
    ticket: Ticket,
    gives: Gives,
    /// The how-manieth of its thread it is.
    number: u64,
    waker: Waker,
}

thread_local! {
    /// How many were made on this thread.
    static MADE: Cell<u64> = const { Cell::new(0) };
    /// How many calls are going on.
    static CALLS: Cell<u32> = const { Cell::new(0) };
    /// Who is to be woken when the calls that are going on are over.
    static WOKEN: RefCell<Vec<Arc<Waking>>> = const { RefCell::new(Vec::new()) };
}

impl Waking {
    #[cold]
    pub(super) fn new(ticket: Ticket, gives: Gives, waker: Waker) -> Arc<Waking> {
        let number = MADE.get();
        MADE.set(number + 1);
        Arc::new(Waking { ticket, gives, number, waker })
    }

    /// Whether it wakes what this one wakes.
    pub(super) fn will_wake(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    fn go_on(&self) {
        match self.gives {
            Gives::Object => self.ticket.granted(),
            Gives::News | Gives::Message => self.ticket.woken(),
        }
        self.waker.wake_by_ref();
    }
}

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        if CALLS.get() == 0 {
            self.go_on();
        } else {
            WOKEN.with_borrow_mut(|woken| woken.push(self));
        }
    }
}

/// A call into tokio. Dropping it wakes whoever the call has woken.
#[must_use = "whoever is woken is woken when this is dropped"]
pub(super) struct Call {
    /// How many the calls around this one have woken.
    before: usize,
}

impl Call {
    pub(super) fn begin() -> Call {
        CALLS.set(CALLS.get() + 1);
        Call { before: WOKEN.with_borrow(Vec::len) }
    }

    /// How many it has woken so far.
    pub(super) fn woken(&self) -> usize {
        WOKEN.with_borrow(Vec::len) - self.before
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        CALLS.set(CALLS.get() - 1);
        if self.woken() == 0 {
            return;
        }
        // Waking may call code of others, a combinator's: the list is not borrowed meanwhile.
        let mut woken = WOKEN.with_borrow_mut(|woken| woken.split_off(self.before));
        woken.sort_unstable_by_key(|waking| waking.number);
        woken.iter().for_each(|waking| waking.go_on());
    }
}

/// What wakes others when it is dropped: that is a call, too.
pub(super) struct InCall<T> {
    // Invariant: there until it is dropped.
    inner: Option<T>,
}

impl<T> InCall<T> {
    pub(super) const fn new(inner: T) -> InCall<T> {
        InCall { inner: Some(inner) }
    }
}

impl<T> Deref for InCall<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.as_ref().expect("it is there until it is dropped")
    }
}

impl<T> Drop for InCall<T> {
    fn drop(&mut self) {
        let _call = is_inside_run().then(Call::begin);
        drop(self.inner.take());
    }
}
