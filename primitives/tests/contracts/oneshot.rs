//! Channels for one value.

use unpick_primitives::oneshot::{self, RecvError, TryRecvError};

use crate::hand::{ready, waiting};

#[test]
fn sending_wakes_the_receiver() {
    let (sender, receiver) = oneshot::channel();
    let mut recv = waiting(receiver);
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.assert_ready(), Ok(1));
}

#[test]
fn dropping_the_sender_wakes_the_receiver() {
    let (sender, receiver) = oneshot::channel::<u8>();
    let mut recv = waiting(receiver);
    drop(sender);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.assert_ready(), Err(RecvError));
}

#[test]
fn a_value_that_was_sent_before_closing_is_received() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(sender.send(1), Ok(()));
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn closing_tells_the_sender() {
    let (mut sender, mut receiver) = oneshot::channel();
    let mut closed = waiting(sender.closed());
    receiver.close();
    closed.assert_ready();
    drop(closed);
    assert_eq!(sender.send(1), Err(1));
    assert_eq!(ready(receiver), Err(RecvError));
}

#[test]
fn a_value_that_nobody_receives_is_dropped_with_the_receiver() {
    let value = std::rc::Rc::new(());
    let (sender, receiver) = oneshot::channel();
    assert_eq!(sender.send(value.clone()), Ok(()));
    drop(receiver);
    assert_eq!(std::rc::Rc::strong_count(&value), 1);
}

#[test]
fn a_receiver_that_was_polled_and_closed_ends() {
    let (sender, mut receiver) = oneshot::channel::<u8>();
    drop(waiting(&mut receiver));
    receiver.close();
    assert_eq!(ready(receiver), Err(RecvError));
    assert!(sender.is_closed());
}
