//! Channels.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use unpick_sim::finding::Kind;
use unpick_sim::{Run, Shared, spawn, task, yield_now};
use unpick_tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};
use unpick_tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::{all, check_always, found};

#[test]
fn messages_arrive_once_and_in_the_order_of_their_sender() {
    check_always(&(), || async {
        let (sender, mut receiver) = mpsc::channel(2);
        let senders: Vec<_> = (0..3)
            .map(|number| {
                let sender = sender.clone();
                spawn(async move {
                    for message in 0..4 {
                        sender.send((number, message)).await.expect("it is open");
                    }
                })
            })
            .collect();
        drop(sender);
        let mut next = [0; 3];
        while let Some((number, message)) = receiver.recv().await {
            assert_eq!(message, next[number]);
            next[number] += 1;
        }
        assert_eq!(next, [4; 3]);
        for sender in senders {
            sender.await.expect("it returns");
        }
    });
}

#[test]
fn channels_that_are_both_full_are_a_deadlock_that_says_who_receives() {
    let finding = found(|| async {
        let (requests, mut requested) = mpsc::channel(1);
        let (replies, mut replied) = mpsc::channel(1);
        let server = task().named("server").spawn(async move {
            while let Some(request) = requested.recv().await {
                replies.send(request).await.expect("it is open");
            }
        });
        for request in 0..4 {
            requests.send(request).await.expect("it is open");
        }
        drop(requests);
        while replied.recv().await.is_some() {}
        server.await.expect("it returns");
    });
    assert_eq!(finding.kind, Kind::Deadlock);
    insta::assert_snapshot!("both_full", finding);
}

#[test]
fn a_message_orders_what_its_sender_did_and_nothing_else() {
    let kinds = |is_other: bool| {
        let kinds = (0..60).map(move |seed| {
            let outcome = Run::new().seed(seed).execute(|| async move {
                let value = Rc::new(Shared::new(0));
                let (sender, mut receiver) = mpsc::unbounded_channel();
                let (writer, other) = (value.clone(), sender.clone());
                let writing = spawn(async move {
                    writer.set(1);
                    sender.send(1).expect("it is open");
                });
                if is_other {
                    drop(spawn(async move { other.send(2).expect("it is open") }));
                }
                let message = receiver.recv().await;
                if message.is_some() {
                    let _seen = value.get();
                }
                writing.await.expect("it returns");
            });
            outcome.result.err().map(|finding| finding.kind)
        });
        kinds.collect::<Vec<_>>()
    };
    assert!(kinds(false).iter().all(Option::is_none));
    // The other's message may come first, and says nothing of the writer.
    assert!(kinds(true).contains(&Some(Kind::Race)));
}

#[test]
fn a_place_that_is_reserved_is_used_or_given_back() {
    check_always(&(), || async {
        let (sender, mut receiver) = mpsc::channel(3);
        let mut places = sender.reserve_many(2).await.expect("it is open");
        assert_eq!((places.len(), sender.capacity()), (2, 1));
        places.next().expect("two are reserved").send(1);
        drop(places);
        assert_eq!(sender.capacity(), 2);
        let owned = sender.reserve_owned().await.expect("it is open");
        let sender = owned.send(2);
        sender.try_reserve().expect("one is free").send(3);
        assert!(matches!(sender.try_send(4), Err(TrySendError::Full(4))));
        let full = sender.send_timeout(4, Duration::from_millis(1)).await;
        assert_eq!(full, Err(SendTimeoutError::Timeout(4)));
        let mut received = Vec::new();
        assert_eq!(receiver.recv_many(&mut received, 2).await, 2);
        assert_eq!(receiver.recv().await, Some(3));
        assert_eq!(received, [1, 2]);
        let weak = sender.downgrade();
        drop(sender);
        assert!(weak.upgrade().is_none());
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn closing_a_channel_ends_every_wait_for_a_place() {
    check_always(&(true, 1), || async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(1).await.expect("it is open");
        let waiting = sender.clone();
        let waiting = spawn(async move { waiting.send(2).await.is_err() });
        let closed = spawn(async move { sender.closed().await });
        yield_now().await;
        receiver.close();
        let first = receiver.recv().await.expect("it was sent before");
        closed.await.expect("it returns");
        // It may have sent before the channel was closed and after the first was received.
        (waiting.await.expect("it returns"), first)
    });
}

#[test]
fn a_sender_that_is_gone_is_told_of_when_nothing_can_come() {
    let finding = found(|| async {
        let (sender, receiver) = oneshot::channel::<u32>();
        let keeper = task().named("keeper").spawn(async move {
            let _kept = sender;
            std::future::pending::<()>().await;
        });
        assert!(receiver.await.is_err());
        drop(keeper);
    });
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
    assert!(finding.to_string().contains("recv oneshot#1"), "{finding}");
}

#[test]
fn a_value_is_received_or_comes_back() {
    check_always(&5, || async {
        let (sender, receiver) = oneshot::channel();
        let (mut other, gone) = oneshot::channel::<u32>();
        let dropping = spawn(async move { drop(gone) });
        other.closed().await;
        assert_eq!(other.send(1), Err(1));
        dropping.await.expect("it returns");
        drop(spawn(async move { sender.send(5) }));
        receiver.await.expect("it was sent")
    });
}

#[test]
fn every_receiver_gets_every_message_or_is_told_what_it_missed() {
    check_always(&(), || async {
        let (sender, receiver) = broadcast::channel(2);
        let receivers = (0..3).map(|_| {
            let mut receiver = receiver.resubscribe();
            async move {
                let mut next = 0;
                loop {
                    match receiver.recv().await {
                        Ok(message) => {
                            assert_eq!(message, next);
                            next += 1;
                        }
                        Err(broadcast::error::RecvError::Lagged(missed)) => next += missed,
                        Err(broadcast::error::RecvError::Closed) => break,
                    }
                }
                assert_eq!(next, 5);
            }
        });
        let receivers: Vec<_> = receivers.collect();
        drop(receiver);
        let sending = spawn(async move {
            for message in 0..5 {
                drop(sender.send(message));
                yield_now().await;
            }
        });
        all(receivers).await;
        sending.await.expect("it returns");
    });
}

#[test]
fn whoever_watches_sees_the_last_value() {
    check_always(&(), || async {
        let (sender, receiver) = watch::channel(0);
        let receivers = (0..3).map(|_| {
            let mut receiver = receiver.clone();
            async move {
                assert_eq!(*receiver.wait_for(|value| *value >= 3).await.expect("it comes"), 3);
            }
        });
        let receivers: Vec<_> = receivers.collect();
        drop(receiver);
        let sending = spawn(async move {
            sender.send_modify(|value| *value += 1);
            assert!(!sender.send_if_modified(|_| false));
            assert_eq!(sender.send_replace(3), 1);
            sender.closed().await;
        });
        all(receivers).await;
        sending.await.expect("it returns");
    });
}

/// Tokio draws the order in which the receivers of one `send` are woken from a generator that
/// nobody can seed.
#[test]
fn receivers_are_woken_in_the_order_in_which_they_began_to_wait() {
    for _ in 0..20 {
        let outcome = Run::new().plain().execute(|| async {
            let (sender, receiver) = watch::channel(0);
            let order = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..40)
                .map(|number| {
                    let (mut receiver, order) = (receiver.clone(), order.clone());
                    spawn(async move {
                        receiver.changed().await.expect("it is open");
                        order.borrow_mut().push(number);
                    })
                })
                .collect();
            yield_now().await;
            sender.send(1).expect("somebody watches");
            for task in tasks {
                task.await.expect("it returns");
            }
            order.take()
        });
        assert_eq!(outcome.result, Ok((0..40).collect::<Vec<u32>>()));
    }
}

#[test]
fn receivers_see_that_the_sender_is_gone_in_the_order_in_which_they_began_to_wait() {
    for _ in 0..20 {
        let outcome = Run::new().plain().execute(|| async {
            let (sender, receiver) = watch::channel(0);
            let order = Rc::new(RefCell::new(Vec::new()));
            let tasks: Vec<_> = (0..40)
                .map(|number| {
                    let (mut receiver, order) = (receiver.clone(), order.clone());
                    spawn(async move {
                        assert!(receiver.changed().await.is_err());
                        order.borrow_mut().push(number);
                    })
                })
                .collect();
            yield_now().await;
            drop(sender);
            for task in tasks {
                task.await.expect("it returns");
            }
            order.take()
        });
        assert_eq!(outcome.result, Ok((0..40).collect::<Vec<u32>>()));
    }
}

#[test]
fn a_ref_that_is_kept_across_an_await_is_reported_where_it_would_block() {
    let finding = found(|| async {
        let (sender, receiver) = watch::channel(0);
        let watching = spawn(async move {
            let value = receiver.borrow();
            yield_now().await;
            assert_eq!(*value, 0);
        });
        yield_now().await;
        let _sent = sender.send(1);
        watching.await.expect("it returns");
    });
    assert_eq!(finding.kind, Kind::Panic);
    assert!(finding.message.contains("there are 1 Refs of its value"), "{finding}");
}

#[test]
fn a_blocking_call_that_need_not_wait_returns() {
    check_always(&3, || async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.blocking_send(1).expect("one is free");
        let first = receiver.blocking_recv().expect("it was sent");
        let (sender, receiver) = oneshot::channel();
        sender.send(2).expect("somebody receives");
        first + receiver.blocking_recv().expect("it was sent")
    });
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| {
        let outcome = Run::new().seed(seed).traced().execute(|| async {
            let (sender, receiver) = watch::channel(0);
            let (events, mut log) = mpsc::channel(3);
            let received = Rc::new(Cell::new(0));
            let tasks = (0..9).map(|number| {
                let (mut receiver, events) = (receiver.clone(), events.clone());
                async move {
                    while receiver.changed().await.is_ok() {
                        let seen = *receiver.borrow_and_update();
                        events.send((number, seen)).await.expect("it is open");
                    }
                }
            });
            let tasks: Vec<_> = tasks.map(spawn).collect();
            drop((events, receiver));
            let sending = spawn(async move {
                for value in 1..4 {
                    sender.send(value).expect("somebody watches");
                    yield_now().await;
                }
            });
            while log.recv().await.is_some() {
                received.set(received.get() + 1);
            }
            for task in tasks {
                task.await.expect("it returns");
            }
            sending.await.expect("it returns");
        });
        outcome.result.expect("nothing is found");
        outcome.trace.expect("it is traced").to_text()
    };
    assert!((0..20).all(|seed| trace(seed) == trace(seed)));
    assert_ne!(trace(1), trace(2));
}
