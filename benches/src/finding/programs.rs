//! Small programs with one bug each, in the shapes of SCTBench (Thomson, Donaldson, Betts 2016)
//! as Zhao et al. (ASPLOS 2025) measured them, for await-level interleaving.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use unpick::primitives::Lock;
use unpick::sim::{JoinHandle, spawn, yield_now};

use super::variable::Variable;

/// A program with a bug.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name in the table.
    pub name: &'static str,
    /// The program: it panics, or deadlocks, when the bug shows.
    pub run: fn() -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Every program.
pub const PROGRAMS: &[Program] = &[
    Program { name: "reorder_3", run: || Box::pin(reorder(2)) },
    Program { name: "reorder_5", run: || Box::pin(reorder(4)) },
    Program { name: "reorder_10", run: || Box::pin(reorder(9)) },
    Program { name: "reorder_20", run: || Box::pin(reorder(19)) },
    Program { name: "reorder_50", run: || Box::pin(reorder(49)) },
    Program { name: "twostage", run: || Box::pin(twostage(1)) },
    Program { name: "twostage_20", run: || Box::pin(twostage(19)) },
    Program { name: "twostage_50", run: || Box::pin(twostage(49)) },
    Program { name: "wronglock", run: || Box::pin(wronglock(3)) },
    Program { name: "account", run: || Box::pin(account()) },
    Program { name: "bluetooth", run: || Box::pin(bluetooth()) },
    Program { name: "deadlock01", run: || Box::pin(deadlock01()) },
    Program { name: "stringbuffer", run: || Box::pin(stringbuffer()) },
    Program { name: "among_20", run: || Box::pin(among_20()) },
    Program { name: "philosophers_3", run: || Box::pin(philosophers(3)) },
    Program { name: "philosophers_5", run: || Box::pin(philosophers(5)) },
];

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// Setters write a, then b; the checker reads both and fails on a mixture.
async fn reorder(setters: u32) {
    let (a, b) = (Variable::new(0), Variable::new(0));
    let set = |a: Variable<i32>, b: Variable<i32>| async move {
        a.set(1).await;
        b.set(-1).await;
    };
    let mut tasks: Vec<_> = (0..setters).map(|_| spawn(set(a.clone(), b.clone()))).collect();
    tasks.push(spawn(async move {
        let seen = (a.get().await, b.get().await);
        assert!(matches!(seen, (0, 0) | (1, -1)), "saw {seen:?}");
    }));
    join(tasks).await;
}

/// Writers set data1 under lock A and then data2 = data1 + 1 under lock B.
async fn twostage(writers: u32) {
    struct Shared {
        a: Lock<()>,
        b: Lock<()>,
        data1: Variable<i32>,
        data2: Variable<i32>,
    }
    let (data1, data2) = (Variable::new(0), Variable::new(0));
    let shared = Rc::new(Shared { a: Lock::new(()), b: Lock::new(()), data1, data2 });
    let write = |shared: Rc<Shared>| async move {
        let guard = shared.a.lock().await;
        shared.data1.set(1).await;
        drop(guard);
        let _guard = shared.b.lock().await;
        let data1 = shared.data1.get().await;
        shared.data2.set(data1 + 1).await;
    };
    let mut tasks: Vec<_> = (0..writers).map(|_| spawn(write(shared.clone()))).collect();
    tasks.push(spawn(async move {
        let guard = shared.a.lock().await;
        let first = shared.data1.get().await;
        drop(guard);
        if first == 0 {
            return;
        }
        let _guard = shared.b.lock().await;
        let second = shared.data2.get().await;
        assert_eq!(second, first + 1);
    }));
    join(tasks).await;
}

/// Some tasks guard a value with lock A, one with lock B.
async fn wronglock(right: u32) {
    let locks = Rc::new([Lock::new(()), Lock::new(())]);
    let data = Variable::new(0);
    let work = |which: usize, locks: Rc<[Lock<()>; 2]>, data: Variable<i32>| async move {
        let _guard = locks[which].lock().await;
        let seen = data.get().await;
        data.set(seen + 1).await;
        let now = data.get().await;
        assert_eq!(now, seen + 1);
    };
    let mut tasks = vec![spawn(work(1, locks.clone(), data.clone()))];
    tasks.extend((0..right).map(|_| spawn(work(0, locks.clone(), data.clone()))));
    join(tasks).await;
}

/// A deposit and a withdrawal, each step under the lock, but not the whole.
async fn account() {
    let lock = Rc::new(Lock::new(()));
    let balance = Variable::new(100);
    let change = |lock: Rc<Lock<()>>, balance: Variable<i32>, by: i32| async move {
        let guard = lock.lock().await;
        let seen = balance.get().await;
        drop(guard);
        let _guard = lock.lock().await;
        balance.set(seen + by).await;
    };
    let tasks = vec![
        spawn(change(lock.clone(), balance.clone(), 50)),
        spawn(change(lock.clone(), balance.clone(), -30)),
    ];
    join(tasks).await;
    assert_eq!(balance.peek(), 120);
}

/// A request to stop races with somebody who is about to use the driver.
async fn bluetooth() {
    struct Driver {
        pending: Variable<i32>,
        is_stopping: Variable<bool>,
        is_stopped: Variable<bool>,
    }
    async fn release(driver: &Driver) {
        let pending = driver.pending.get().await - 1;
        driver.pending.set(pending).await;
        if pending == 0 {
            driver.is_stopped.set(true).await;
        }
    }
    let driver = Rc::new(Driver {
        pending: Variable::new(1),
        is_stopping: Variable::new(false),
        is_stopped: Variable::new(false),
    });
    let user = driver.clone();
    let adder = spawn(async move {
        if user.is_stopping.get().await {
            return;
        }
        let pending = user.pending.get().await;
        user.pending.set(pending + 1).await;
        assert!(!user.is_stopped.get().await, "a stopped driver is used");
        release(&user).await;
    });
    let stopper = spawn(async move {
        driver.is_stopping.set(true).await;
        release(&driver).await;
    });
    join(vec![adder, stopper]).await;
}

/// Two locks taken in opposite orders.
async fn deadlock01() {
    let locks = Rc::new([Lock::new(()), Lock::new(())]);
    let take = |first: usize, locks: Rc<[Lock<()>; 2]>| async move {
        let _first = locks[first].lock().await;
        let _second = locks[1 - first].lock().await;
    };
    join(vec![spawn(take(0, locks.clone())), spawn(take(1, locks))]).await;
}

/// Append reads the other buffer's length, then its characters, while another task deletes some.
async fn stringbuffer() {
    struct Buffer {
        lock: Lock<()>,
        length: Variable<usize>,
    }
    let buffer = Rc::new(Buffer { lock: Lock::new(()), length: Variable::new(3) });
    let other = buffer.clone();
    let append = spawn(async move {
        let guard = other.lock.lock().await;
        let length = other.length.get().await;
        drop(guard);
        let _guard = other.lock.lock().await;
        assert!(length <= other.length.get().await, "characters that are gone are read");
    });
    let delete = spawn(async move {
        let _guard = buffer.lock.lock().await;
        buffer.length.set(0).await;
    });
    join(vec![append, delete]).await;
}

/// B exactly after A's 10th of 20 yields, and C exactly after its 15th: one out of the 506
/// interleavings of 21, 1 and 1 events, since A's start is one too.
async fn among_20() {
    let count = Rc::new(Cell::new(0));
    let counter = count.clone();
    let mut tasks = vec![spawn(async move {
        for step in 1..=20 {
            yield_now().await;
            counter.set(step);
        }
    })];
    let seen: [Rc<Cell<i32>>; 2] = Default::default();
    for seen in &seen {
        let (count, seen) = (count.clone(), seen.clone());
        tasks.push(spawn(async move { seen.set(count.get()) }));
    }
    join(tasks).await;
    assert!((seen[0].get(), seen[1].get()) != (10, 15), "the one schedule");
}

/// Dining philosophers, with no await between the forks but the locks themselves.
async fn philosophers(count: usize) {
    let forks: Rc<Vec<Lock<()>>> = Rc::new((0..count).map(|_| Lock::new(())).collect());
    let dine = |seat: usize, forks: Rc<Vec<Lock<()>>>| async move {
        let _left = forks[seat].lock().await;
        let _right = forks[(seat + 1) % forks.len()].lock().await;
    };
    join((0..count).map(|seat| spawn(dine(seat, forks.clone()))).collect()).await;
}
