//! The workloads as a user of tokio writes them, on whatever is called `tokio` here.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{spawn_local, yield_now};

pub async fn steps(tasks: u32, count: u32) {
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            spawn_local(async move {
                for _ in 0..count {
                    yield_now().await;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

pub async fn timers(tasks: u64, count: u64) {
    let handles: Vec<_> = (0..tasks)
        .map(|task| {
            spawn_local(async move {
                for round in 0..count {
                    let nanos = 1 + (task * 7 + round * 13) % 1000;
                    tokio::time::sleep(Duration::from_millis(nanos)).await;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

pub async fn spawns(tasks: u32) {
    let handles: Vec<_> = (0..tasks).map(|_| spawn_local(yield_now())).collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

/// Ten tasks read a counter, give way, and write it back.
pub async fn lost_update() {
    let counter = Rc::new(Cell::new(0));
    let handles: Vec<_> = (0..10)
        .map(|_| {
            let counter = counter.clone();
            spawn_local(async move {
                let seen = counter.get();
                yield_now().await;
                counter.set(seen + 1);
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

/// Ten tasks hold a lock over a yield.
pub async fn lock_over_yield() {
    let counter = Arc::new(Mutex::new(0));
    let handles: Vec<_> = (0..10)
        .map(|_| {
            let counter = counter.clone();
            spawn_local(async move {
                let mut held = counter.lock().await;
                yield_now().await;
                *held += 1;
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
}

/// Two producers put ten items each into a queue with two places, and two consumers get them.
pub async fn bounded_queue() {
    let (sender, receiver) = async_channel::bounded(2);
    let produce = |sender: async_channel::Sender<u32>| async move {
        for item in 0..10 {
            sender.send(item).await.unwrap();
        }
    };
    let consume = |receiver: async_channel::Receiver<u32>| async move {
        for _ in 0..10 {
            receiver.recv().await.unwrap();
        }
    };
    let handles = [
        spawn_local(produce(sender.clone())),
        spawn_local(produce(sender)),
        spawn_local(consume(receiver.clone())),
        spawn_local(consume(receiver)),
    ];
    for handle in handles {
        handle.await.unwrap();
    }
}

/// Dining philosophers, with no await between the forks but the locks themselves. Panics at a
/// deadlock.
pub async fn philosophers(count: usize) {
    let forks: Rc<Vec<Mutex<()>>> = Rc::new((0..count).map(|_| Mutex::new(())).collect());
    let handles: Vec<_> = (0..count)
        .map(|seat| {
            let forks = forks.clone();
            spawn_local(async move {
                let _left = forks[seat].lock().await;
                let _right = forks[(seat + 1) % forks.len()].lock().await;
            })
        })
        .collect();
    for handle in handles {
        let finished = tokio::time::timeout(Duration::from_secs(1), handle).await;
        finished.expect("a deadlock").unwrap();
    }
}

/// B exactly after A's 10th of 20 steps and C exactly after its 15th.
pub async fn among_20() {
    let count = Rc::new(Cell::new(0));
    let counter = count.clone();
    let mut handles = vec![spawn_local(async move {
        for step in 1..=20 {
            yield_now().await;
            counter.set(step);
        }
    })];
    let seen: [Rc<Cell<i32>>; 2] = Default::default();
    for seen in &seen {
        let (count, seen) = (count.clone(), seen.clone());
        handles.push(spawn_local(async move { seen.set(count.get()) }));
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert!((seen[0].get(), seen[1].get()) != (10, 15), "the one schedule");
}
