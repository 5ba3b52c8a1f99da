//! The workloads as a user of tokio writes them, on whatever is called `tokio` here.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::{spawn_local, yield_now};

use crate::among;

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

/// The same, but that it tells whose turn it was and never fails.
pub async fn among_told() {
    let handles: Vec<_> = [(b'a', 20), (b'b', 0), (b'c', 0)]
        .into_iter()
        .map(|(name, steps)| {
            spawn_local(async move {
                among::took(name);
                for _ in 0..steps {
                    yield_now().await;
                    among::took(name);
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
    among::ended();
}

/// A variable; to read or to write it is a step of its own.
#[derive(Clone)]
struct Variable(Rc<Cell<i32>>);

impl Variable {
    fn new(value: i32) -> Variable {
        Variable(Rc::new(Cell::new(value)))
    }

    async fn get(&self) -> i32 {
        yield_now().await;
        self.0.get()
    }

    async fn set(&self, value: i32) {
        yield_now().await;
        self.0.set(value);
    }
}

/// Panics at a deadlock.
async fn join(handles: Vec<tokio::task::JoinHandle<()>>) {
    for handle in handles {
        let finished = tokio::time::timeout(Duration::from_secs(1), handle).await;
        finished.expect("a deadlock").unwrap();
    }
}

/// Setters write a, then b; the checker reads both and fails on a mixture.
pub async fn reorder(setters: u32) {
    let (a, b) = (Variable::new(0), Variable::new(0));
    let mut handles: Vec<_> = (0..setters)
        .map(|_| {
            let (a, b) = (a.clone(), b.clone());
            spawn_local(async move {
                a.set(1).await;
                b.set(-1).await;
            })
        })
        .collect();
    handles.push(spawn_local(async move {
        let seen = (a.get().await, b.get().await);
        assert!(matches!(seen, (0, 0) | (1, -1)), "saw {seen:?}");
    }));
    join(handles).await;
}

/// Writers set data1 under lock A and then data2 = data1 + 1 under lock B.
pub async fn twostage(writers: u32) {
    let locks = Rc::new([Mutex::new(()), Mutex::new(())]);
    let (data1, data2) = (Variable::new(0), Variable::new(0));
    let mut handles: Vec<_> = (0..writers)
        .map(|_| {
            let (locks, data1, data2) = (locks.clone(), data1.clone(), data2.clone());
            spawn_local(async move {
                let guard = locks[0].lock().await;
                data1.set(1).await;
                drop(guard);
                let _guard = locks[1].lock().await;
                data2.set(data1.get().await + 1).await;
            })
        })
        .collect();
    handles.push(spawn_local(async move {
        let guard = locks[0].lock().await;
        let first = data1.get().await;
        drop(guard);
        if first == 0 {
            return;
        }
        let _guard = locks[1].lock().await;
        assert_eq!(data2.get().await, first + 1);
    }));
    join(handles).await;
}

/// Some tasks guard a value with lock A, one with lock B.
pub async fn wronglock(right: usize) {
    let locks = Rc::new([Mutex::new(()), Mutex::new(())]);
    let data = Variable::new(0);
    let handles = (0..=right)
        .map(|number| {
            let (locks, data) = (locks.clone(), data.clone());
            spawn_local(async move {
                let _guard = locks[usize::from(number == 0)].lock().await;
                let seen = data.get().await;
                data.set(seen + 1).await;
                assert_eq!(data.get().await, seen + 1);
            })
        })
        .collect();
    join(handles).await;
}

/// A deposit and a withdrawal, each step under the lock, but not the whole.
pub async fn account() {
    let lock = Rc::new(Mutex::new(()));
    let balance = Variable::new(100);
    let handles = [50, -30]
        .map(|by| {
            let (lock, balance) = (lock.clone(), balance.clone());
            spawn_local(async move {
                let guard = lock.lock().await;
                let seen = balance.get().await;
                drop(guard);
                let _guard = lock.lock().await;
                balance.set(seen + by).await;
            })
        })
        .into();
    join(handles).await;
    assert_eq!(balance.0.get(), 120);
}

/// A request to stop races with somebody who is about to use the driver.
pub async fn bluetooth() {
    async fn release(pending: &Variable, is_stopped: &Variable) {
        let left = pending.get().await - 1;
        pending.set(left).await;
        if left == 0 {
            is_stopped.set(1).await;
        }
    }
    let (pending, is_stopping, is_stopped) = (Variable::new(1), Variable::new(0), Variable::new(0));
    let user = (pending.clone(), is_stopping.clone(), is_stopped.clone());
    let adder = spawn_local(async move {
        let (pending, is_stopping, is_stopped) = user;
        if is_stopping.get().await == 1 {
            return;
        }
        let count = pending.get().await;
        pending.set(count + 1).await;
        assert!(is_stopped.get().await == 0, "a stopped driver is used");
        release(&pending, &is_stopped).await;
    });
    let stopper = spawn_local(async move {
        is_stopping.set(1).await;
        release(&pending, &is_stopped).await;
    });
    join(vec![adder, stopper]).await;
}

/// Two locks taken in opposite orders.
pub async fn deadlock01() {
    let locks = Rc::new([Mutex::new(()), Mutex::new(())]);
    let handles = [0, 1]
        .map(|first: usize| {
            let locks = locks.clone();
            spawn_local(async move {
                let _first = locks[first].lock().await;
                let _second = locks[1 - first].lock().await;
            })
        })
        .into();
    join(handles).await;
}

/// Append reads the other buffer's length, then its characters, while another task deletes some.
pub async fn stringbuffer() {
    let buffer = Rc::new((Mutex::new(()), Variable::new(3)));
    let other = buffer.clone();
    let append = spawn_local(async move {
        let guard = other.0.lock().await;
        let length = other.1.get().await;
        drop(guard);
        let _guard = other.0.lock().await;
        assert!(length <= other.1.get().await, "characters that are gone are read");
    });
    let delete = spawn_local(async move {
        let _guard = buffer.0.lock().await;
        buffer.1.set(0).await;
    });
    join(vec![append, delete]).await;
}
