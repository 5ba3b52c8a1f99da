//! Watched values.

use std::cell::RefCell;

use unpick_primitives::watch::{self, RecvError, SendError};
use unpick_sim::Run;
use unpick_sim::finding::Kind;

use crate::hand::{Hand, ready, waiting};

#[test]
fn a_change_wakes_everybody_who_watches() {
    let (sender, mut first) = watch::channel(0);
    let mut second = first.clone();
    let mut waiters = [waiting(first.changed()), waiting(second.changed())];
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(waiters.each_mut().map(|waiter| waiter.assert_ready()), [Ok(()), Ok(())]);
}

#[test]
fn the_last_value_is_seen_even_if_the_senders_are_gone() {
    let (sender, mut receiver) = watch::channel(0);
    let mut changed = waiting(receiver.changed());
    drop(sender);
    assert_eq!(changed.assert_ready(), Err(RecvError));
    drop(changed);
    let (sender, mut receiver) = watch::channel(0);
    sender.send_replace(1);
    drop(sender);
    assert_eq!(ready(receiver.wait_for(|value| *value == 1)).map(|value| *value), Ok(1));
    assert!(ready(receiver.wait_for(|value| *value == 2)).is_err());
}

#[test]
fn sending_to_nobody_gives_the_value_back() {
    let (sender, receiver) = watch::channel(0);
    let mut closed = waiting(sender.closed());
    drop(receiver);
    closed.assert_ready();
    assert_eq!(sender.send(1), Err(SendError(1)));
    assert_eq!(*sender.borrow(), 0);
    let late = sender.subscribe();
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(*late.borrow(), 1);
}

#[test]
fn a_change_that_panics_tells_nobody() {
    let (sender, receiver) = watch::channel(0);
    let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sender.send_modify(|value| {
            *value = 1;
            panic!("half-way");
        });
    }));
    assert!(changed.is_err());
    assert_eq!(receiver.has_changed(), Ok(false));
    assert_eq!(*receiver.borrow(), 1);
}

#[test]
fn sending_inside_of_a_run_while_the_value_is_borrowed_is_a_finding() {
    let outcome = Run::new().execute(|| async {
        let (sender, receiver) = watch::named_channel("config", 0);
        let kept = receiver.borrow();
        sender.send_replace(*kept + 1);
    });
    let finding = outcome.result.expect_err("it can never go on");
    assert_eq!(finding.kind, Kind::Panic);
    assert!(finding.message.contains("watch config was sent while somebody borrows it"));
}

/// As tokio's documentation has it: an error if, and only if, the senders are gone.
#[test]
fn a_change_is_seen_although_the_sender_is_gone() {
    let (sender, mut receiver) = watch::channel(1);
    sender.send_replace(2);
    drop(sender);
    assert!(receiver.is_closed());
    assert_eq!(receiver.has_changed(), Err(RecvError));
    assert!(receiver.borrow().has_changed());
    assert_eq!(ready(receiver.changed()), Ok(()));
    assert!(!receiver.borrow().has_changed());
    assert_eq!(ready(receiver.changed()), Err(RecvError));
}

#[test]
fn a_channel_that_begins_without_receivers_has_none() {
    let sender = watch::Sender::new(0);
    assert_eq!((sender.receiver_count(), sender.send(1)), (0, Err(SendError(1))));
    ready(sender.closed());
    let mut receiver = sender.subscribe();
    assert_eq!((sender.send(2), *receiver.borrow_and_update()), (Ok(()), 2));
}

#[test]
fn a_predicate_is_asked_of_the_value_that_is_there_and_then_of_the_last_one_alone() {
    let (sender, mut receiver) = watch::channel(0);
    assert_eq!(ready(receiver.wait_for(|value| *value == 0)).map(|value| *value), Ok(0));
    let asked = RefCell::new(Vec::new());
    let mut exceeded = waiting(receiver.wait_for(|value| {
        asked.borrow_mut().push(*value);
        *value > 2
    }));
    sender.send_replace(1);
    sender.send_replace(2);
    exceeded.assert_pending();
    sender.send_replace(3);
    assert_eq!(exceeded.assert_ready().map(|value| *value), Ok(3));
    drop(exceeded);
    assert_eq!(receiver.has_changed(), Ok(false), "what was returned counts as seen");
    assert_eq!(*asked.borrow(), [0, 2, 3]);
}

#[test]
fn a_predicate_that_the_last_value_does_not_fulfil_fails_when_the_senders_are_gone() {
    let (sender, mut receiver) = watch::channel(0);
    let mut exceeded = waiting(receiver.wait_for(|value| *value > 1));
    sender.send_replace(1);
    drop(sender);
    assert_eq!(exceeded.assert_ready().map(|value| *value), Err(RecvError));
    drop(exceeded);
    assert_eq!(ready(receiver.wait_for(|value| *value == 1)).map(|value| *value), Ok(1));
}

#[test]
fn a_predicate_that_panics_harms_nobody() {
    let (sender, mut receiver) = watch::channel(0);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut waits = Hand::new(receiver.wait_for(|_| panic!("half-way")));
        waits.poll().map_ok(|_| ())
    }));
    assert!(panicked.is_err());
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(*receiver.borrow_and_update(), 1);
}
