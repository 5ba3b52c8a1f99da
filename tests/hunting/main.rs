//! Hunts: what a hunt finds follows from its seed and its number of runs alone.

mod classes;
mod environment;
mod green;
mod isolation;
mod jobs;
mod kept_crashes;
mod limits;
mod misuse;
mod repetitions;
mod switching;

#[path = "../support/child.rs"]
mod child;

use std::rc::Rc;

use unpick::primitives::Lock;
use unpick::sim::{Shared, spawn, yield_now};

/// Two tasks take two locks in opposite orders, and do something else in between.
async fn opposite_locks() {
    let locks = [Rc::new(Lock::new(())), Rc::new(Lock::new(()))];
    let take = |first: Rc<Lock<()>>, second: Rc<Lock<()>>| async move {
        let _first = first.lock().await;
        let _second = second.lock().await;
    };
    let [left, right] = locks;
    let tasks = [spawn(take(left.clone(), right.clone())), spawn(take(right, left))];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// The same, after a step each, beside an update that may get lost.
async fn two_bugs() {
    let counter = Rc::new(Shared::synchronized(0));
    let add = |counter: Rc<Shared<u32>>| async move {
        let seen = counter.get();
        yield_now().await;
        counter.set(seen + 1);
    };
    let tasks = [spawn(add(counter.clone())), spawn(add(counter))];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
    opposite_locks().await;
}

/// Nothing to be found, and many schedules.
async fn sound() {
    let lock = Rc::new(Lock::new(0_u32));
    let add = |lock: Rc<Lock<u32>>| async move {
        for _ in 0..3 {
            *lock.lock().await += 1;
        }
    };
    let tasks: Vec<_> = (0..3).map(|_| spawn(add(lock.clone()))).collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}
