//! Channels from many to one.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use unpick_primitives::mpsc::{self, SendError, SendTimeoutError, TryRecvError, TrySendError};
use unpick_primitives::task::{Instant, sleep, spawn};
use unpick_sim::Run;

use crate::hand::{check_always, ready, waiting};

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
fn a_sender_that_was_handed_a_place_and_has_not_run_is_refused_when_the_channel_is_closed() {
    let (sender, mut receiver) = mpsc::channel(1);
    ready(sender.send(1)).expect("it is open");
    let mut next = waiting(sender.send(2));
    assert_eq!(ready(receiver.recv()), Some(1));
    receiver.close();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "it might be a permit");
    let mut recv = waiting(receiver.recv());
    assert_eq!(next.assert_ready(), Err(SendError(2)));
    assert_eq!((recv.wakes(), recv.assert_ready()), (1, None));
}

#[test]
fn messages_of_an_abandoned_channel_are_dropped_at_once() {
    let message = Rc::new(());
    let (sender, receiver) = mpsc::channel(2);
    let permit = ready(sender.reserve()).expect("it is open");
    sender.try_send(message.clone()).expect("it is open");
    let mut closed = waiting(sender.closed());
    drop(receiver);
    assert_eq!(Rc::strong_count(&message), 1);
    closed.assert_ready();
    permit.send(message.clone());
    assert_eq!(Rc::strong_count(&message), 1);
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

#[test]
fn places_that_are_wanted_together_are_kept_together() {
    let (sender, mut receiver) = mpsc::channel(3);
    ready(sender.send(1)).expect("it is open");
    ready(sender.send(2)).expect("it is open");
    let mut two = waiting(sender.reserve_many(2));
    let mut one = waiting(sender.reserve());
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)), "nobody overtakes");
    assert!(matches!(sender.try_reserve_many(1), Err(TrySendError::Full(()))));
    assert_eq!(ready(receiver.recv()), Some(1));
    assert_eq!((two.wakes(), one.wakes()), (1, 0));
    assert_eq!(ready(receiver.recv()), Some(2));
    assert_eq!((two.wakes(), one.wakes()), (1, 1));
    let mut permits = two.assert_ready().expect("it is open");
    assert_eq!((permits.len(), sender.capacity()), (2, 0));
    permits.next().expect("there are two").send(3);
    drop(permits);
    assert_eq!(sender.capacity(), 1, "what is left is given back");
    drop(one.assert_ready());
    assert_eq!(receiver.try_recv(), Ok(3));
    assert_eq!(sender.capacity(), 3);
}

#[test]
fn whoever_gives_up_waiting_for_many_places_lets_others_have_those_that_are_free() {
    let (sender, _receiver) = mpsc::channel(2);
    ready(sender.send(1)).expect("it is open");
    let many = waiting(sender.reserve_many(2));
    let mut behind = waiting(sender.send(2));
    drop(many);
    assert_eq!((behind.wakes(), behind.assert_ready()), (1, Ok(())));
}

#[test]
fn permits_that_were_granted_and_not_taken_go_to_the_next() {
    let (sender, mut receiver) = mpsc::channel(2);
    assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Ok(())));
    let many = waiting(sender.reserve_many(2));
    let mut behind = [waiting(sender.send(3)), waiting(sender.send(4))];
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
    drop(many);
    assert_eq!(behind.each_mut().map(|sending| sending.assert_ready()), [Ok(()), Ok(())]);
}

#[test]
fn more_places_than_a_channel_has_cannot_be_kept_and_none_always_can() {
    let (sender, receiver) = mpsc::channel::<u8>(2);
    assert!(ready(sender.reserve_many(3)).is_err());
    assert!(matches!(sender.try_reserve_many(3), Err(TrySendError::Full(()))));
    let mut all = ready(sender.reserve_many(2)).expect("it is open");
    let none = ready(sender.reserve_many(0)).expect("it is open");
    assert_eq!((none.len(), all.by_ref().count(), all.next().is_none()), (0, 2, true));
    drop(receiver);
    assert_eq!(ready(sender.reserve_many(1)).err(), Some(SendError(())));
}

#[test]
fn a_closed_channel_ends_when_the_last_of_many_permits_is_dropped() {
    let (sender, mut receiver) = mpsc::channel(2);
    let mut permits = ready(sender.reserve_many(2)).expect("it is open");
    let mut refused = waiting(sender.reserve_many(1));
    receiver.close();
    assert!(refused.assert_ready().is_err());
    permits.next().expect("there are two").send(1);
    assert_eq!(ready(receiver.recv()), Some(1));
    let mut recv = waiting(receiver.recv());
    drop(permits);
    assert_eq!(recv.wakes(), 1);
    assert_eq!(recv.assert_ready(), None);
}

#[test]
fn a_receiver_that_polls_for_many_by_hand_is_woken() {
    let (sender, mut receiver) = mpsc::channel(2);
    let mut buffer = Vec::new();
    assert!(waiting(poll_fn(|cx| receiver.poll_recv(cx))).poll().is_pending());
    assert_eq!(ready(poll_fn(|cx| receiver.poll_recv_many(cx, &mut buffer, 0))), 0);
    let mut many = waiting(poll_fn(|cx| receiver.poll_recv_many(cx, &mut buffer, 9)));
    assert_eq!((sender.try_send(1), sender.try_send(2)), (Ok(()), Ok(())));
    assert_eq!((many.wakes(), many.assert_ready()), (1, 2));
    drop(many);
    drop(sender);
    assert_eq!(ready(poll_fn(|cx| receiver.poll_recv_many(cx, &mut buffer, 9))), 0);
    assert_eq!(buffer, [1, 2]);
}

#[test]
fn a_message_comes_back_when_there_is_no_place_in_time() {
    check_always(&(), || async {
        let (sender, mut receiver) = mpsc::channel(1);
        let sent = Rc::new(RefCell::new(vec![0]));
        assert_eq!(sender.send(0).await, Ok(()));
        let tasks = [1, 2].map(|message| {
            let (sender, sent) = (sender.clone(), sent.clone());
            spawn(async move {
                match sender.send_timeout(message, Duration::from_millis(2)).await {
                    Ok(()) => sent.borrow_mut().push(message),
                    Err(error) => assert_eq!(error, SendTimeoutError::Timeout(message)),
                }
            })
        });
        let mut received = Vec::new();
        for millis in [1, 1, 1] {
            sleep(Duration::from_millis(millis)).await;
            received.extend(receiver.try_recv());
        }
        for task in tasks {
            task.await.expect("it returns");
        }
        received.extend(receiver.try_recv());
        assert_eq!(sender.capacity(), 1, "no place is lost");
        received.sort_unstable();
        sent.borrow_mut().sort_unstable();
        assert_eq!(received, *sent.borrow());
    });
}

#[test]
fn a_time_limit_ends_with_the_channel() {
    let outcome = Run::new().execute(|| async {
        let (sender, mut receiver) = mpsc::channel(1);
        assert_eq!(sender.send_timeout(1, Duration::ZERO).await, Ok(()), "there is a place");
        let other = sender.clone();
        let late = spawn(async move { other.send_timeout(2, Duration::from_secs(9)).await });
        sleep(Duration::from_secs(1)).await;
        receiver.close();
        assert_eq!(late.await, Ok(Err(SendTimeoutError::Closed(2))));
        Instant::now().to_string()
    });
    assert_eq!(outcome.result.as_deref(), Ok("1.000"));
}
