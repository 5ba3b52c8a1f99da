//! A channel of numbers, with a bound or without, in which newcomers may barge in.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use unpick::sim::probe::{Access, Object, Operation, Stamp};

/// A channel of numbers.
pub(crate) struct Channel {
    object: Object,
    capacity: Option<usize>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    messages: VecDeque<(u64, Stamp)>,
    senders: VecDeque<(u64, Waker)>,
    receivers: VecDeque<(u64, Waker)>,
    next_number: u64,
}

/// Which of the two queues of waiters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Sender(u64),
    Receiver,
}

impl State {
    fn waiters(&mut self, side: Side) -> &mut VecDeque<(u64, Waker)> {
        match side {
            Side::Sender(_) => &mut self.senders,
            Side::Receiver => &mut self.receivers,
        }
    }
}

impl Channel {
    #[track_caller]
    pub(crate) fn new(capacity: Option<usize>) -> Channel {
        Channel { object: Object::new("channel"), capacity, state: RefCell::default() }
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.capacity.is_some()
    }

    /// Sends, whether there is room or not.
    #[track_caller]
    pub(crate) fn send_now(&self, message: u64) {
        self.object.immediate("send", Access::Change);
        self.state.borrow_mut().messages.push_back((message, Stamp::here()));
        self.wake_first(Side::Receiver);
    }

    /// Waits until there is room, and sends.
    #[track_caller]
    pub(crate) fn send(self: &Rc<Channel>, message: u64) -> impl Future<Output = ()> + use<> {
        let transfer = self.transfer("send", Side::Sender(message));
        async {
            transfer.await;
        }
    }

    /// Waits until there is a message.
    #[track_caller]
    pub(crate) fn receive(self: &Rc<Channel>) -> Transfer {
        self.transfer("receive", Side::Receiver)
    }

    #[track_caller]
    fn transfer(self: &Rc<Channel>, name: &'static str, side: Side) -> Transfer {
        let operation = Operation::new(name, Access::Change, Location::caller());
        Transfer { channel: Rc::clone(self), operation, side, number: None }
    }

    fn try_transfer(&self, side: Side) -> Option<u64> {
        let mut state = self.state.borrow_mut();
        match side {
            Side::Receiver => {
                let (message, stamp) = state.messages.pop_front()?;
                stamp.observe();
                Some(message)
            }
            Side::Sender(_) if self.capacity.is_some_and(|c| state.messages.len() >= c) => None,
            Side::Sender(message) => {
                state.messages.push_back((message, Stamp::here()));
                Some(message)
            }
        }
    }

    fn wake_first(&self, side: Side) {
        let first = self.state.borrow_mut().waiters(side).pop_front();
        if let Some((_, waker)) = first {
            waker.wake();
        }
    }
}

/// The future of [`Channel::send`] and [`Channel::receive`].
pub(crate) struct Transfer {
    channel: Rc<Channel>,
    operation: Operation,
    side: Side,
    /// The number under which it waits, or has waited until it was woken.
    number: Option<u64>,
}

impl Future for Transfer {
    type Output = u64;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let Transfer { channel, operation, side, number } = self.get_mut();
        if operation.poll_announce(Some(&channel.object), cx).is_pending() {
            return Poll::Pending;
        }
        if let Some(message) = channel.try_transfer(*side) {
            operation.executed(Some(&channel.object));
            if let Some(own) = number.take() {
                channel.state.borrow_mut().waiters(*side).retain(|(other, _)| *other != own);
            }
            channel.wake_first(match side {
                Side::Sender(_) => Side::Receiver,
                Side::Receiver => Side::Sender(0),
            });
            return Poll::Ready(message);
        }
        operation.blocked(Some(&channel.object), cx);
        let waker = cx.waker().clone();
        let mut state = channel.state.borrow_mut();
        let next = state.next_number;
        let own = *number.get_or_insert(next);
        match state.waiters(*side).iter_mut().find(|(other, _)| *other == own) {
            Some(waiter) => waiter.1 = waker,
            None => {
                state.waiters(*side).push_back((own, waker));
                state.next_number = next + 1;
            }
        }
        Poll::Pending
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let Some(own) = self.number else { return };
        let mut state = self.channel.state.borrow_mut();
        let waiters = state.waiters(self.side);
        let before = waiters.len();
        waiters.retain(|(other, _)| *other != own);
        let was_woken = waiters.len() == before;
        drop(state);
        if was_woken {
            self.channel.wake_first(self.side);
        }
    }
}
