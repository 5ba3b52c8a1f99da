//! Channels.

use std::sync::Arc;

use unpick_primitives::mpsc::{self, Sender};
use unpick_primitives::{CancellationToken, broadcast, oneshot, watch};

use crate::load::{ROUNDS, TASKS, disturb, join, runtime};

#[test]
fn bounded_channel_keeps_each_senders_order_although_others_are_aborted() {
    runtime().block_on(async {
        let (sender, mut receiver) = mpsc::channel(2);
        let send = |sender: Sender<(usize, usize)>, task: usize| async move {
            for number in 0..ROUNDS {
                match number % 3 {
                    0 => sender.reserve().await.expect("it is open").send((task, number)),
                    _ => sender.send((task, number)).await.expect("it is open"),
                }
            }
        };
        let receive = tokio::spawn(async move {
            let mut next = [0; TASKS];
            while let Some((task, number)) = receiver.recv().await {
                if task < TASKS {
                    assert_eq!(number, next[task]);
                    next[task] += 1;
                }
            }
            next
        });
        let senders = (0..TASKS).map(|task| tokio::spawn(send(sender.clone(), task))).collect();
        disturb(senders, || {
            let sender = sender.clone();
            async move {
                loop {
                    let _ = sender.reserve().await.map(drop);
                    sender.send((TASKS, 0)).await.expect("it is open");
                }
            }
        })
        .await;
        drop(sender);
        assert_eq!(join(vec![receive]).await, [[ROUNDS; TASKS]]);
    });
}

#[test]
fn unbounded_channel_keeps_each_senders_order() {
    runtime().block_on(async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let senders: Vec<_> = (0..TASKS)
            .map(|task| {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for number in 0..ROUNDS {
                        sender.send((task, number)).expect("it is open");
                    }
                })
            })
            .collect();
        drop(sender);
        let mut next = [0; TASKS];
        while let Some((task, number)) = receiver.recv().await {
            assert_eq!(number, next[task]);
            next[task] += 1;
        }
        join(senders).await;
        assert_eq!(next, [ROUNDS; TASKS]);
    });
}

#[test]
fn oneshot_delivers_across_threads() {
    runtime().block_on(async {
        for number in 0..ROUNDS {
            let (sender, receiver) = oneshot::channel();
            let task = tokio::spawn(receiver);
            sender.send(number).expect("the receiver is there");
            assert_eq!(join(vec![task]).await, [Ok(number)]);
        }
    });
}

#[test]
fn broadcast_counts_what_each_receiver_has_missed() {
    runtime().block_on(async {
        let (sender, first) = broadcast::channel(4);
        let receivers: Vec<_> = (0..TASKS).map(|_| first.resubscribe()).collect();
        drop(first);
        let tasks = receivers
            .into_iter()
            .map(|mut receiver| {
                tokio::spawn(async move {
                    let mut next = 0;
                    loop {
                        match receiver.recv().await {
                            Ok(number) => {
                                assert_eq!(number, next);
                                next += 1;
                            }
                            Err(broadcast::RecvError::Lagged(missed)) => next += missed,
                            Err(broadcast::RecvError::Closed) => return next,
                        }
                    }
                })
            })
            .collect();
        let total = (TASKS * ROUNDS) as u64;
        for number in 0..total {
            sender.send(number).expect("the receivers are there");
            if number % 3 == 0 {
                tokio::task::yield_now().await;
            }
        }
        drop(sender);
        assert_eq!(join(tasks).await, [total; TASKS]);
    });
}

#[test]
fn watch_never_goes_back_and_ends_with_the_last_value() {
    runtime().block_on(async {
        let (sender, receiver) = watch::channel(0);
        let tasks = (0..TASKS)
            .map(|_| {
                let mut receiver = receiver.clone();
                tokio::spawn(async move {
                    let mut last = 0;
                    while receiver.changed().await.is_ok() {
                        let value = *receiver.borrow_and_update();
                        assert!(value >= last);
                        last = value;
                    }
                    last
                })
            })
            .collect();
        let waits = receiver.clone();
        let found = tokio::spawn(async move {
            let mut waits = waits;
            waits.wait_for(|value| *value >= ROUNDS / 2).await.map(|value| *value)
        });
        drop(receiver);
        for number in 1..=ROUNDS {
            sender.send_replace(number);
            tokio::task::yield_now().await;
        }
        drop(sender);
        assert_eq!(join(tasks).await, [ROUNDS; TASKS]);
        assert!(join(vec![found]).await[0].is_ok_and(|value| value >= ROUNDS / 2));
    });
}

#[test]
fn cancellation_reaches_every_descendant() {
    runtime().block_on(async {
        for _ in 0..ROUNDS {
            let root = Arc::new(CancellationToken::new());
            let tasks = (0..TASKS)
                .map(|_| {
                    let root = root.clone();
                    // Children are made while the root is being cancelled.
                    tokio::spawn(async move { root.child_token().child_token().cancelled().await })
                })
                .collect();
            root.cancel();
            join(tasks).await;
        }
    });
}
