//! Channels and combinators of `futures`, and `async-channel`.

use futures::channel::{mpsc, oneshot};
use futures::future::{FutureExt, Shared};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{SinkExt, select_biased};
use unpick::sim::{spawn, step, yield_now};

use super::{check, join_all, spawn_each};

#[test]
fn futures_bounded_channel() {
    check(&45, || async {
        let (sender, mut receiver) = mpsc::channel(1);
        let senders = spawn_each(0..10, |number| {
            let mut sender = sender.clone();
            async move {
                step().await;
                sender.send(number).await.expect("the receiver is there");
            }
        });
        drop(sender);
        let mut sum = 0;
        while let Some(number) = receiver.next().await {
            sum += number;
        }
        join_all(senders).await;
        sum
    });
}

#[test]
fn futures_oneshot_and_a_dropped_sender() {
    check(&(Ok(7), true), || async {
        let (sender, receiver) = oneshot::channel();
        let (dropped, waits) = oneshot::channel::<()>();
        spawn(async move {
            yield_now().await;
            sender.send(7).expect("the receiver is there");
            step().await;
            drop(dropped);
        });
        (receiver.await, waits.await.is_err())
    });
}

#[test]
fn futures_unordered_gives_everything_once() {
    check(&(0..20).collect::<Vec<u32>>(), || async {
        let mut all: FuturesUnordered<_> = (0..20)
            .map(|number| async move {
                for _ in 0..number % 4 {
                    yield_now().await;
                    step().await;
                }
                number
            })
            .collect();
        let mut seen = Vec::new();
        while let Some(number) = all.next().await {
            seen.push(number);
        }
        seen.sort_unstable();
        seen
    });
}

#[test]
fn a_shared_future_is_polled_by_whoever_wants_it() {
    check(&vec![6; 4], || async {
        let work = async {
            step().await;
            yield_now().await;
            6_u32
        };
        let shared: Shared<_> = work.boxed_local().shared();
        join_all(spawn_each(0..4, |_| shared.clone())).await
    });
}

#[test]
fn a_biased_select_over_a_stream_and_an_end() {
    check(&10, || async {
        let (sender, receiver) = mpsc::unbounded();
        let (end, ended) = oneshot::channel::<()>();
        spawn(async move {
            for _ in 0..10 {
                sender.unbounded_send(1).expect("the receiver is there");
                step().await;
            }
            end.send(()).expect("the receiver is there");
        });
        let (mut numbers, mut ended) = (receiver.fuse(), ended.fuse());
        let mut sum = 0;
        loop {
            select_biased! {
                number = numbers.next() => match number {
                    Some(number) => sum += number,
                    None => break sum,
                },
                _ = ended => {},
            }
        }
    });
}

#[test]
fn async_channel_with_many_on_both_sides() {
    check(&(0..12).collect::<Vec<u32>>(), || async {
        let (sender, receiver) = async_channel::bounded(2);
        let senders = spawn_each(0..4, |number| {
            let sender = sender.clone();
            async move {
                for more in 0..3 {
                    sender.send(3 * number + more).await.expect("there are receivers");
                }
            }
        });
        drop(sender);
        let receivers = spawn_each(0..3, |_| {
            let receiver = receiver.clone();
            async move {
                let mut seen = Vec::new();
                while let Ok(number) = receiver.recv().await {
                    seen.push(number);
                    step().await;
                }
                seen
            }
        });
        join_all(senders).await;
        let mut seen = join_all(receivers).await.concat();
        seen.sort_unstable();
        seen
    });
}
