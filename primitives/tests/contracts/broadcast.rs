//! Broadcasts.

use std::rc::Rc;

use unpick_primitives::broadcast::{self, RecvError, TryRecvError};

use crate::hand::{ready, waiting};

#[test]
fn sending_wakes_every_receiver() {
    let (sender, mut first) = broadcast::channel(1);
    let mut second = sender.subscribe();
    let mut waiters = [waiting(first.recv()), waiting(second.recv())];
    assert_eq!(sender.send(1), Ok(2));
    assert_eq!(waiters.each_mut().map(|waiter| waiter.assert_ready()), [Ok(1), Ok(1)]);
}

#[test]
fn dropping_the_last_sender_wakes_every_receiver() {
    let (sender, mut first) = broadcast::channel::<u8>(1);
    let mut second = first.resubscribe();
    let mut waiters = [waiting(first.recv()), waiting(second.recv())];
    drop(sender);
    let closed = Err(RecvError::Closed);
    assert_eq!(waiters.each_mut().map(|waiter| waiter.assert_ready()), [closed, closed]);
}

#[test]
fn a_message_is_dropped_when_all_have_got_it() {
    let message = Rc::new(());
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    assert_eq!(sender.send(message.clone()), Ok(2));
    drop(ready(first.recv()));
    assert_eq!(Rc::strong_count(&message), 2);
    drop(ready(second.recv()));
    assert_eq!(Rc::strong_count(&message), 1);
}

#[test]
fn a_receiver_that_goes_takes_what_it_has_not_read_with_it() {
    let message = Rc::new(());
    let (sender, mut first) = broadcast::channel(4);
    let second = sender.subscribe();
    assert_eq!(sender.send(message.clone()), Ok(2));
    assert_eq!(sender.send(message.clone()), Ok(2));
    drop(ready(first.recv()));
    drop(second);
    assert_eq!(Rc::strong_count(&message), 2);
    assert!(first.try_recv().is_ok());
    assert_eq!(Rc::strong_count(&message), 1);
    assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_message_that_falls_out_is_dropped() {
    let message = Rc::new(());
    let (sender, _receiver) = broadcast::channel(2);
    for _ in 0..10 {
        assert!(sender.send(message.clone()).is_ok());
    }
    assert_eq!(Rc::strong_count(&message), 3);
}

#[test]
fn a_sender_waits_for_the_last_receiver_to_go() {
    let (sender, first) = broadcast::channel::<u8>(1);
    let second = first.resubscribe();
    let mut closed = waiting(sender.closed());
    drop(first);
    assert_eq!(closed.wakes(), 0);
    drop(second);
    assert_eq!(closed.wakes(), 1);
    closed.assert_ready();
}

#[test]
fn a_weak_sender_does_not_keep_a_broadcast_open() {
    let (sender, mut receiver) = broadcast::channel::<u8>(1);
    let weak = sender.downgrade();
    let again = weak.upgrade().expect("a sender is there");
    let mut recv = waiting(receiver.recv());
    drop(sender);
    recv.assert_pending();
    drop(again);
    assert_eq!(recv.assert_ready(), Err(RecvError::Closed));
    assert!(weak.clone().upgrade().is_none());
}

#[test]
fn a_channel_that_begins_without_receivers_has_none() {
    let sender = broadcast::Sender::new(2);
    assert_eq!((sender.receiver_count(), sender.send(1)), (0, Err(broadcast::SendError(1))));
    let mut receiver = sender.subscribe();
    assert_eq!((sender.send(2), receiver.try_recv()), (Ok(1), Ok(2)));
    assert!(sender.is_empty());
}

#[test]
fn a_capacity_is_rounded_up_to_a_power_of_two() {
    for (capacity, kept) in [(1, 1), (2, 2), (3, 4), (5, 8)] {
        let (sender, mut receiver) = broadcast::channel(capacity);
        for number in 0..kept {
            assert_eq!(sender.send(number), Ok(1));
        }
        assert_eq!(sender.len(), kept);
        assert_eq!(ready(receiver.recv()), Ok(0), "capacity {capacity}");
        assert_eq!((sender.send(kept), sender.send(kept + 1)), (Ok(1), Ok(1)));
        assert_eq!(ready(receiver.recv()), Err(RecvError::Lagged(1)), "capacity {capacity}");
    }
}

#[test]
fn weak_senders_are_counted_apart() {
    let (sender, receiver) = broadcast::channel::<u8>(1);
    let weak = sender.downgrade();
    let again = weak.clone();
    assert_eq!((sender.strong_count(), sender.weak_count()), (1, 2));
    let upgraded = weak.upgrade();
    drop(again);
    assert_eq!((weak.strong_count(), weak.weak_count()), (2, 1));
    drop((sender, upgraded, weak));
    assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (0, 0));
}
