//! A permit that is given back by hand.
//!
//! One of the losses by cancellation of which Oxide Computer Company's RFD 400 tells.
//!
//! - Symptom: a service that handles two requests at a time handles fewer and fewer, then none.
//! - Cause: a request releases its permit in its last line. A request whose client has gone is
//!   aborted, and never comes to it.
//! - Shortest schedule: one switch, to the abort, while the request has the permit.
//! - Fix: hold the permit as a guard, which is dropped with the request.

use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{Lock, Semaphore};
use unpick::{Kind, event};

/// A request whose client goes away, and one after it.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "permit-leak",
    summary: "a request that is aborted does not release its permit",
    variants: &[
        Variant::buggy(&|| program(serve(handle_buggy)), Kind::Deadlock, 150),
        Variant::fixed(&|| program(serve(handle_fixed))),
    ],
};

struct Service {
    permits: Semaphore,
    database: Lock<u32>,
}

async fn handle_buggy(service: &Service) {
    service.permits.acquire_unguarded().await;
    *service.database.lock().await += 1;
    event!("handled");
    service.permits.release();
}

async fn handle_fixed(service: &Service) {
    let _permit = service.permits.acquire().await;
    *service.database.lock().await += 1;
    event!("handled");
}

async fn serve(handle: impl AsyncFn(&Service) + Copy + 'static) -> Result<(), String> {
    let service = Rc::new(Service {
        permits: Semaphore::new(1).named("permits"),
        database: Lock::new(0).named("database"),
    });
    let [first, second] = ["first", "second"].map(|name| {
        let service = service.clone();
        task().named(name).spawn(async move { handle(&service).await })
    });
    let client = task().named("client").spawn(async move {
        first.abort();
        match first.await {
            Err(error) if error.is_cancelled() => event!("the first request was aborted"),
            _ => event!("the first request had been handled"),
        }
    });
    client.await.map_err(|error| error.to_string())?;
    second.await.map_err(|error| error.to_string())
}
