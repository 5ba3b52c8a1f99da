//! A bounded buffer with one condition for both sides.
//!
//! - Symptom: with two consumers and a producer on a buffer of one place, all of them wait.
//! - Cause: producers and consumers wait on the same condition, and a change notifies one waiter.
//!   When a consumer has made place, the one that it wakes may be another consumer, which goes
//!   back to waiting; the producer is never told.
//! - Shortest schedule: a producer comes to wait behind a second consumer.
//! - Fix: notify all, who look again; or one condition for each side.

use std::collections::VecDeque;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Condition;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Two producers, two consumers, one place.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "wrong-side-notified",
    summary: "a bounded buffer with one condition wakes a consumer when there is place",
    variants: &[
        Variant::buggy(&|| program(exchange(1)), Kind::LostWakeup, 1),
        Variant::fixed(&|| program(exchange(usize::MAX))),
    ],
};

const CAPACITY: usize = 1;

struct Buffer {
    items: Condition<VecDeque<u32>>,
    /// How many waiters a change notifies.
    notified: usize,
}

impl Buffer {
    async fn put(&self, item: u32) {
        let items = self.items.lock().await;
        let mut items = self.items.wait_for(items, |items| items.len() < CAPACITY).await;
        items.push_back(item);
        event!("put {item}");
        self.items.notify(self.notified);
    }

    async fn take(&self) -> u32 {
        let items = self.items.lock().await;
        let mut items = self.items.wait_for(items, |items| !items.is_empty()).await;
        let item = items.pop_front().expect("it has been waited for");
        event!("took {item}");
        self.items.notify(self.notified);
        item
    }
}

async fn exchange(notified: usize) -> Result<(), String> {
    let items = Condition::new(VecDeque::new()).named("buffer");
    let buffer = Rc::new(Buffer { items, notified });
    let consumers: [_; 2] = std::array::from_fn(|number| {
        let buffer = buffer.clone();
        let name = format!("consumer-{number}");
        task().named(name).spawn(async move { buffer.take().await + buffer.take().await })
    });
    let producers: [_; 2] = std::array::from_fn(|number| {
        let buffer = buffer.clone();
        let name = format!("producer-{number}");
        task().named(name).spawn(async move {
            buffer.put(1).await;
            buffer.put(10).await;
        })
    });
    for producer in producers {
        producer.await.map_err(|error| error.to_string())?;
    }
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await.map_err(|error| error.to_string())?;
    }
    if sum == 22 { Ok(()) } else { Err(format!("the items add up to {sum}, not 22")) }
}
