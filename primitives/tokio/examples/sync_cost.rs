//! What an operation of `sync` costs over tokio's own, inside and outside of a run:
//! `cargo run --release -p unpick-tokio --example sync_cost`.
//!
//! Each row is the fastest of many rounds, so that it repeats on a machine that does other things.

#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::future::{Future, poll_fn};
use std::time::Instant;

use futures::executor::block_on;
use unpick_sim::Run;
use unpick_sim::options::Switching;
use unpick_tokio::sync as ours;

/// How many operations one round has, and how many rounds there are.
const OPERATIONS: u32 = 2_000;
const ROUNDS: u32 = 300;

/// Nanoseconds an operation, in the fastest round.
async fn measure<Fut: Future<Output = ()>>(operation: impl Fn() -> Fut) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..OPERATIONS {
            operation().await;
        }
        least = least.min(begun.elapsed().as_nanos() as u64);
    }
    // In tenths.
    least * 10 / u64::from(OPERATIONS)
}

fn inside<Fut: Future<Output = u64>>(program: impl FnOnce() -> Fut) -> u64 {
    // Cooperatively nothing gives way, so that the operation alone is measured; what is asked and
    // recorded is the same.
    let run = Run::new().switching(Switching::Cooperative).steps_max(u64::MAX);
    run.execute(program).result.expect("nothing is found")
}

/// A row: an operation on what is made, by tokio's type and by ours.
macro_rules! row {
    ($name:literal, $make:expr, |$made:ident| $operation:expr) => {{
        let (outside_real, inside_real) = {
            use tokio::sync;
            let program = || async {
                use sync::*;
                let $made = &$make;
                measure(|| async move { $operation }).await
            };
            (block_on(program()), inside(program))
        };
        let (outside_ours, inside_ours) = {
            use ours as sync;
            let program = || async {
                use sync::*;
                let $made = &$make;
                measure(|| async move { $operation }).await
            };
            (block_on(program()), inside(program))
        };
        let tenths = |tenths: u64| format!("{}.{}", tenths / 10, tenths % 10);
        let over = |ours: u64, real: u64| tenths(ours.saturating_sub(real));
        println!(
            "{:24} {:>8} {:>8} {:>8}   {:>8} {:>8} {:>8}",
            $name,
            tenths(outside_real),
            tenths(outside_ours),
            over(outside_ours, outside_real),
            tenths(inside_real),
            tenths(inside_ours),
            over(inside_ours, inside_real),
        );
    }};
}

fn main() {
    println!("ns an operation           outside of a run             inside of a run");
    println!("                            tokio     ours     over      tokio     ours     over");
    row!("Mutex: lock, drop", Mutex::new(0), |made| *made.lock().await += 1);
    row!("RwLock: read, drop", RwLock::new(0), |made| drop(made.read().await));
    row!("RwLock: write, drop", RwLock::new(0), |made| *made.write().await += 1);
    row!("Semaphore: acquire, drop", Semaphore::new(2), |made| drop(made.acquire().await));
    row!("Notify: one, notified", Notify::new(), |made| {
        made.notify_one();
        made.notified().await;
    });
    row!("OnceCell: get_or_init", OnceCell::new(), |made| {
        made.get_or_init(async || 1).await;
    });
    row!(
        "mpsc: send, recv",
        {
            let (sender, receiver) = mpsc::channel(8);
            (sender, std::cell::RefCell::new(receiver))
        },
        |made| {
            made.0.send(1).await.expect("it is open");
            let _received = poll_fn(|cx| made.1.borrow_mut().poll_recv(cx)).await;
        }
    );
    row!("oneshot: make, send, recv", (), |_made| {
        let (sender, receiver) = oneshot::channel();
        sender.send(1).expect("somebody receives");
        let _received = receiver.await;
    });
    row!("watch: send, changed", watch::channel(0), |made| {
        let mut receiver = made.1.clone();
        made.0.send(1).expect("somebody watches");
        let _changed = receiver.changed().await;
    });
    row!("broadcast: send, recv", broadcast::channel(2), |made| {
        let mut receiver = made.0.subscribe();
        made.0.send(1).expect("somebody receives");
        let _received = receiver.recv().await;
    });
}
