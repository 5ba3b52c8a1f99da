//! Programs that make some hundred choices before their bug can show.

use std::cell::Cell;
use std::rc::Rc;

use unpick::primitives::{Lock, Queue};
use unpick::sim::{JoinHandle, spawn, yield_now};

use crate::finding::Program;

/// Every program.
pub(super) const PROGRAMS: &[Program] = &[
    Program { name: "long_lost_update", run: || Box::pin(lost_update()) },
    Program { name: "long_deadlock", run: || Box::pin(deadlock()) },
    Program { name: "long_queue", run: || Box::pin(queue()) },
];

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// Nine tasks count under a lock, forty times each, but once: then the lock is taken between
/// reading and writing.
async fn lost_update() {
    let (count, lock) = (Rc::new(Cell::new(0)), Rc::new(Lock::new(())));
    let work = |count: Rc<Cell<u32>>, lock: Rc<Lock<()>>| async move {
        for round in 0..40 {
            yield_now().await;
            if round == 35 {
                let seen = count.get();
                drop(lock.lock().await);
                count.set(seen + 1);
            } else {
                let _guard = lock.lock().await;
                count.set(count.get() + 1);
            }
        }
    };
    join((0..9).map(|_| spawn(work(count.clone(), lock.clone()))).collect()).await;
    assert_eq!(count.get(), 9 * 40, "an update is lost");
}

/// Four tasks take two locks, each in the same order, but for one that takes them the other way
/// in its sixtieth round.
async fn deadlock() {
    let locks = Rc::new([Lock::new(()), Lock::new(())]);
    let work = |locks: Rc<[Lock<()>; 2]>, number: usize| async move {
        for round in 0..70 {
            yield_now().await;
            let first = usize::from(number == 3 && round == 60);
            let _first = locks[first].lock().await;
            let _second = locks[1 - first].lock().await;
        }
    };
    join((0..4).map(|number| spawn(work(locks.clone(), number))).collect()).await;
}

/// Two consumers look whether there is an item and take it, and towards the end give way in between.
async fn queue() {
    const ITEMS: u32 = 150;
    let queue = Rc::new(Queue::new(0));
    let taken = Rc::new(Cell::new(0));
    let consume = |queue: Rc<Queue<u32>>, taken: Rc<Cell<u32>>, log: Rc<Lock<()>>| async move {
        while taken.get() < ITEMS {
            if queue.empty() {
                yield_now().await;
            } else {
                if taken.get() > 120 {
                    drop(log.lock().await);
                }
                let item = queue.get_nowait().expect("it was there a moment ago");
                taken.set(taken.get().max(item));
            }
        }
    };
    let produce = {
        let queue = queue.clone();
        async move {
            for item in 1..=ITEMS {
                queue.put(item).await.expect("it is not shut down");
                yield_now().await;
            }
        }
    };
    let log = Rc::new(Lock::new(()));
    let mut tasks = vec![spawn(produce)];
    tasks.extend((0..2).map(|_| spawn(consume(queue.clone(), taken.clone(), log.clone()))));
    join(tasks).await;
}
