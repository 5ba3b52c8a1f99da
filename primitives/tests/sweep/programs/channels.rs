//! Channels, cells that are set once, and tokens.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use unpick_primitives::{CancellationToken, OnceCell, broadcast, mpsc, oneshot, watch};
use unpick_sim::time::sleep;
use unpick_sim::yield_now;

use crate::sweep;
use crate::victim::all;

/// Three senders through a channel with one place: what was sent is received, in each sender's
/// order, and the receiver ends when all senders are gone.
#[test]
fn every_message_that_was_sent_is_received() {
    sweep(3, |victim| async move {
        let (sender, mut receiver) = mpsc::channel(1);
        let sent = Rc::new(RefCell::new(Vec::new()));
        let senders = (0..3).map(|number| {
            let (sender, sent) = (sender.clone(), sent.clone());
            victim.spawn(number, async move {
                for message in 0..3 {
                    match message {
                        0 => sender.send((number, message)).await.expect("the receiver is there"),
                        1 => {
                            let permit = sender.reserve().await.expect("the receiver is there");
                            yield_now().await;
                            permit.send((number, message));
                        }
                        _ => {
                            let permit = sender.clone().reserve_owned().await;
                            let permit = permit.expect("the receiver is there");
                            yield_now().await;
                            drop(permit.send((number, message)));
                        }
                    }
                    sent.borrow_mut().push((number, message));
                }
            })
        });
        let senders: Vec<_> = senders.collect();
        drop(sender);
        let mut received = Vec::new();
        while let Some(message) = receiver.recv().await {
            received.push(message);
        }
        all(senders).await;
        let mut sent = sent.take();
        sent.sort_unstable();
        received.sort_unstable();
        assert_eq!(sent, received);
    });
}

/// Three senders through a channel with two places, each of which keeps both at once.
#[test]
fn places_that_are_kept_together_are_given_back_together() {
    sweep(3, |victim| async move {
        let (sender, mut receiver) = mpsc::channel(2);
        let senders = (0..3).map(|number| {
            let sender = sender.clone();
            victim.spawn(number, async move {
                let mut permits = sender.reserve_many(2).await.expect("the receiver is there");
                yield_now().await;
                permits.next().expect("there are two").send(number);
                yield_now().await;
                drop(permits);
                sender.send(number).await.expect("the receiver is there");
            })
        });
        let senders: Vec<_> = senders.collect();
        drop(sender);
        let mut received = 0;
        while receiver.recv().await.is_some() {
            received += 1;
        }
        all(senders).await;
        assert_eq!(receiver.capacity(), 2, "nobody has a place");
        assert!(received >= 4, "two of three are left, and sent {received}");
    });
}

#[test]
fn a_message_reaches_the_receiver_unless_that_is_cancelled() {
    sweep(2, |victim| async move {
        let (sender, receiver) = oneshot::channel();
        let receiving = victim.spawn(0, async move {
            let _ = receiver.await;
        });
        let sending = victim.spawn(1, async move {
            yield_now().await;
            let _ = sender.send(1);
        });
        all(vec![receiving, sending]).await;
    });
}

#[test]
fn a_broadcast_reaches_whoever_is_left() {
    sweep(2, |victim| async move {
        let (sender, _first) = broadcast::channel(8);
        let receivers = (0..2).map(|number| {
            let mut receiver = sender.subscribe();
            victim.spawn(number, async move {
                for expected in 0..3 {
                    assert_eq!(receiver.recv().await, Ok(expected));
                }
            })
        });
        let receivers: Vec<_> = receivers.collect();
        for value in 0..3 {
            sender.send(value).expect("one receiver is kept");
            yield_now().await;
        }
        all(receivers).await;
    });
}

#[test]
fn a_change_is_noticed_by_whoever_is_left() {
    sweep(2, |victim| async move {
        let (sender, receiver) = watch::channel(0);
        let watchers = (0..2).map(|number| {
            let mut receiver = receiver.clone();
            victim.spawn(number, async move {
                while *receiver.borrow_and_update() < 2 {
                    receiver.changed().await.expect("the sender is there");
                }
            })
        });
        let watchers: Vec<_> = watchers.collect();
        for value in 1..3 {
            yield_now().await;
            sender.send(value).expect("a receiver is kept");
        }
        all(watchers).await;
    });
}

#[test]
fn a_cell_is_initialised_by_whoever_is_left() {
    sweep(3, |victim| async move {
        let cell = Rc::new(OnceCell::new());
        let tasks = (0..3).map(|number| {
            let cell = cell.clone();
            victim.spawn(number, async move {
                let initialise = || async {
                    sleep(Duration::from_millis(1)).await;
                    number
                };
                cell.get_or_init(initialise).await;
            })
        });
        all(tasks.collect()).await;
        assert!(cell.initialized(), "two of three are left: {cell:?}");
    });
}

#[test]
fn a_token_wakes_whoever_is_left() {
    sweep(3, |victim| async move {
        let token = CancellationToken::new();
        let waiters = (0..3).map(|number| {
            let child = token.child_token();
            victim.spawn(number, async move { child.cancelled().await })
        });
        let waiters: Vec<_> = waiters.collect();
        yield_now().await;
        token.cancel();
        all(waiters).await;
    });
}
