//! `Lock`: ten tasks increment a counter across an await, with the lock and without.
//!
//! - Symptom: without the lock the counter ends at 1 under plain scheduling, after 0.1 s.
//! - Cause: every task reads the counter before any has written it back.
//! - Fix: hold the lock from reading to writing. The counter ends at 10, after 1.0 s.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::{sleep, spawn};
use unpick::{Kind, event};

/// Ten tasks and one counter.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "counter",
    summary: "ten tasks increment a counter across an await, with a lock and without",
    variants: &[
        Variant::buggy(&|| program(count(Guarding::Without)), Kind::Error, 1),
        Variant::fixed(&|| program(count(Guarding::With))),
    ],
};

#[derive(Clone, Copy)]
enum Guarding {
    With,
    Without,
}

struct Counter {
    value: Cell<u32>,
    lock: Lock<()>,
}

async fn increment(counter: Rc<Counter>, guarding: Guarding) {
    let _guard = match guarding {
        Guarding::With => Some(counter.lock.lock().await),
        Guarding::Without => None,
    };
    let seen = counter.value.get();
    sleep(Duration::from_millis(100)).await;
    counter.value.set(seen + 1);
}

async fn count(guarding: Guarding) -> Result<(), String> {
    let lock = Lock::new(()).named("counter");
    let counter = Rc::new(Counter { value: Cell::new(0), lock });
    let tasks: Vec<_> = (0..10).map(|_| spawn(increment(counter.clone(), guarding))).collect();
    for task in tasks {
        task.await.map_err(|error| error.to_string())?;
    }
    event!("Counter: {}", counter.value.get());
    match counter.value.get() {
        10 => Ok(()),
        value => Err(format!("the counter is {value}, not 10")),
    }
}
