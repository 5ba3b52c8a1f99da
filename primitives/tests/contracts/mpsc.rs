//! Channels from many to one.

use unpick_primitives::mpsc::{self, SendError, TryRecvError, TrySendError};

use crate::hand::{ready, waiting};

#[test]
fn a_free_place_is_handed_to_the_first_sender() {
    let (sender, mut receiver) = mpsc::channel(1);
    ready(sender.send(1)).expect("it is open");
    let mut first = waiting(sender.send(2));
    let second = waiting(sender.send(3));
    assert_eq!(ready(receiver.recv()), Some(1));
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    assert_eq!(sender.try_send(4), Err(TrySendError::Full(4)), "nobody overtakes");
    assert_eq!(first.assert_ready(), Ok(()));
}

#[test]
fn cancelled_sender_passes_its_place_on() {
    let (sender, mut receiver) = mpsc::channel(1);
    ready(sender.send(1)).expect("it is open");
    let first = waiting(sender.reserve());
    let mut second = waiting(sender.send(3));
    assert_eq!(ready(receiver.recv()), Some(1));
    drop(first);
    assert_eq!(second.assert_ready(), Ok(()));
    assert_eq!(ready(receiver.recv()), Some(3));
}

#[test]
fn a_permit_that_is_dropped_gives_its_place_to_the_next() {
    let (sender, _receiver) = mpsc::channel(1);
    let permit = ready(sender.reserve()).expect("it is open");
    let mut next = waiting(sender.send(1));
    drop(permit);
    assert_eq!(next.assert_ready(), Ok(()));
}

#[test]
fn the_receiver_ends_when_the_last_sender_goes() {
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    let other = sender.clone();
    let mut recv = waiting(receiver.recv());
    drop(sender);
    assert_eq!(recv.wakes(), 0);
    drop(other);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.assert_ready(), None);
}

#[test]
fn closing_refuses_those_who_wait_and_lets_permits_be_used() {
    let (sender, mut receiver) = mpsc::channel(1);
    let permit = ready(sender.reserve()).expect("it is open");
    let mut refused = waiting(sender.send(2));
    receiver.close();
    assert_eq!(refused.assert_ready(), Err(SendError(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "the permit may still be used");
    permit.send(1);
    assert_eq!(ready(receiver.recv()), Some(1));
    assert_eq!(ready(receiver.recv()), None);
}

#[test]
fn a_closed_channel_ends_when_the_last_permit_is_dropped() {
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    let permit = ready(sender.reserve()).expect("it is open");
    receiver.close();
    let mut recv = waiting(receiver.recv());
    drop(permit);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.assert_ready(), None);
}

#[test]
fn a_place_handed_over_before_the_channel_is_closed_can_be_used() {
    let (sender, mut receiver) = mpsc::channel(1);
    ready(sender.send(1)).expect("it is open");
    let mut next = waiting(sender.send(2));
    assert_eq!(ready(receiver.recv()), Some(1));
    receiver.close();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(next.assert_ready(), Ok(()));
    assert_eq!(ready(receiver.recv()), Some(2));
}

#[test]
fn messages_of_an_abandoned_channel_are_dropped_at_once() {
    let message = std::rc::Rc::new(());
    let (sender, receiver) = mpsc::channel(2);
    let permit = ready(sender.reserve()).expect("it is open");
    sender.try_send(message.clone()).expect("it is open");
    let mut closed = waiting(sender.closed());
    drop(receiver);
    assert_eq!(std::rc::Rc::strong_count(&message), 1);
    closed.assert_ready();
    permit.send(message.clone());
    assert_eq!(std::rc::Rc::strong_count(&message), 1);
}
