//! A rate limiter that counts after it has let through.
//!
//! - Symptom: more requests go through in one window than the limit says.
//! - Cause: the limiter asks the shared counter how many there were, and counts the request in
//!   another request to it. All that ask in between get the same answer.
//! - Shortest schedule: one switch, between a request's question and its being counted.
//! - Fix: count first, and look at the number that the counter gives back, which no other request
//!   gets.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::task;
use unpick::{Kind, event};

/// Three requests, of which two may go through.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "rate-limiter",
    summary: "a rate limiter looks at the counter, and counts in a second request to it",
    variants: &[
        Variant::buggy(&|| program(admit(is_admitted_buggy)), Kind::Error, 10),
        Variant::fixed(&|| program(admit(is_admitted_fixed))),
    ],
};

const LIMIT: u32 = 2;
const REQUESTS: usize = 3;

/// A counter on another machine: every request is an await.
struct Counter {
    value: Lock<u32>,
}

impl Counter {
    async fn get(&self) -> u32 {
        *self.value.lock().await
    }

    /// Adds one, and gives back the sum.
    async fn increment(&self) -> u32 {
        let mut value = self.value.lock().await;
        *value += 1;
        *value
    }
}

async fn is_admitted_buggy(counter: &Counter) -> bool {
    if counter.get().await >= LIMIT {
        return false;
    }
    counter.increment().await;
    true
}

async fn is_admitted_fixed(counter: &Counter) -> bool {
    counter.increment().await <= LIMIT
}

async fn admit(is_admitted: impl AsyncFn(&Counter) -> bool + Copy + 'static) -> Result<(), String> {
    let counter = Rc::new(Counter { value: Lock::new(0).named("requests") });
    let requests: [_; REQUESTS] = std::array::from_fn(|number| {
        let counter = counter.clone();
        task().named(format!("request-{number}")).spawn(async move {
            let is_admitted = is_admitted(&counter).await;
            event!("{}", if is_admitted { "200 OK" } else { "429 Too Many Requests" });
            u32::from(is_admitted)
        })
    });
    let mut admitted = 0;
    for request in requests {
        admitted += request.await.map_err(|error| error.to_string())?;
    }
    match admitted {
        LIMIT => Ok(()),
        admitted => Err(format!("{admitted} requests went through, not {LIMIT}")),
    }
}
