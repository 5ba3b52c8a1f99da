//! Channels from many to one.

use std::future::poll_fn;

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

#[test]
fn receiving_many_takes_what_is_there_and_frees_as_many_places() {
    let (sender, mut receiver) = mpsc::channel(2);
    let mut buffer = vec![0];
    assert_eq!(ready(receiver.recv_many(&mut buffer, 0)), 0);
    ready(sender.send(1)).expect("it is open");
    ready(sender.send(2)).expect("it is open");
    let (mut third, mut fourth) = (waiting(sender.send(3)), waiting(sender.send(4)));
    assert_eq!(ready(receiver.recv_many(&mut buffer, 9)), 2);
    assert_eq!((third.assert_ready(), fourth.assert_ready()), (Ok(()), Ok(())));
    assert_eq!(ready(receiver.recv_many(&mut buffer, 1)), 1);
    drop((third, fourth));
    drop(sender);
    assert_eq!(ready(receiver.recv_many(&mut buffer, 9)), 1);
    assert_eq!(ready(receiver.recv_many(&mut buffer, 9)), 0, "it is over");
    assert_eq!(buffer, [0, 1, 2, 3, 4]);
}

#[test]
fn a_receiver_that_waits_for_many_is_woken_by_one() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut buffer = Vec::new();
    let mut many = waiting(receiver.recv_many(&mut buffer, 9));
    sender.send(1).expect("it is open");
    assert_eq!((many.wakes(), many.assert_ready()), (1, 1));
}

#[test]
fn a_weak_sender_does_not_keep_a_channel_open() {
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    let weak = sender.downgrade();
    let again = weak.upgrade().expect("a sender is there");
    let mut recv = waiting(receiver.recv());
    drop(sender);
    recv.assert_pending();
    drop(again);
    assert_eq!(recv.assert_ready(), None);
    assert!(weak.clone().upgrade().is_none());
}

#[test]
fn an_owned_permit_keeps_its_place_and_its_sender() {
    let (sender, mut receiver) = mpsc::channel(1);
    let cancelled = ready(sender.reserve_owned()).expect("it is open");
    assert_eq!((receiver.capacity(), receiver.sender_strong_count()), (0, 1));
    let sender = cancelled.release();
    let permit = ready(sender.clone().reserve_owned()).expect("one is free");
    let mut next = waiting(sender.clone().reserve_owned());
    drop(permit);
    let permit = next.assert_ready().expect("the place was passed on");
    let sender_again = permit.send(1);
    assert_eq!(receiver.try_recv(), Ok(1));
    receiver.close();
    assert_eq!(ready(sender_again.reserve_owned()).err(), Some(SendError(())));
    drop(sender);
}

#[test]
fn a_receiver_that_is_polled_by_hand_is_woken() {
    let (sender, mut receiver) = mpsc::channel(1);
    for message in 1..=2 {
        let mut polled = waiting(poll_fn(|cx| receiver.poll_recv(cx)));
        assert_eq!(sender.try_send(message), Ok(()));
        assert_eq!((polled.wakes(), polled.assert_ready()), (1, Some(message)));
    }
    drop(waiting(poll_fn(|cx| receiver.poll_recv(cx))));
    assert_eq!(sender.try_send(3), Ok(()));
    assert_eq!(ready(receiver.recv()), Some(3), "nothing is kept for who is not polled");
}

#[test]
fn a_receiver_that_is_polled_by_hand_and_closed_ends() {
    let (_sender, mut receiver) = mpsc::channel::<u8>(1);
    drop(waiting(poll_fn(|cx| receiver.poll_recv(cx))));
    receiver.close();
    assert_eq!(ready(poll_fn(|cx| receiver.poll_recv(cx))), None);
}

#[test]
fn weak_senders_are_counted_apart() {
    let (sender, receiver) = mpsc::unbounded_channel::<u8>();
    let weak = sender.downgrade();
    let again = weak.clone();
    assert_eq!((sender.strong_count(), sender.weak_count()), (1, 2));
    let upgraded = weak.upgrade();
    drop(again);
    assert_eq!((weak.strong_count(), weak.weak_count()), (2, 1));
    drop((sender, upgraded, weak));
    assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (0, 0));
}

#[test]
fn owned_permits_know_their_channel() {
    let [(one, _one), (other, _other)] = [1, 2].map(mpsc::channel::<u8>);
    let permit = ready(one.clone().reserve_owned()).expect("it is open");
    let [first, second] =
        [(); 2].map(|()| ready(other.clone().reserve_owned()).expect("it is open"));
    assert!(first.same_channel(&second) && !first.same_channel(&permit));
    assert!(permit.same_channel_as_sender(&one) && !permit.same_channel_as_sender(&other));
}

#[test]
fn results_can_be_unwrapped_whatever_the_message_is() {
    struct Silent;

    let (sender, receiver) = mpsc::channel(1);
    ready(sender.send(Silent)).expect("it is open");
    let full = sender.try_send(Silent).expect_err("it is full");
    drop(receiver);
    let closed = TrySendError::from(ready(sender.send(Silent)).expect_err("it is closed"));
    assert_eq!(format!("{full:?} {closed:?}"), "Full(..) Closed(..)");
    let Silent = closed.into_inner();
}
