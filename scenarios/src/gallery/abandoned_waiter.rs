//! A future that is polled once and kept.
//!
//! - Symptom: a request and a refresh hang, although neither uses the connection.
//! - Cause: whoever does not get the connection at once answers from the cache instead. Its wait
//!   for the connection is still in scope: it keeps its place in the queue, is handed the
//!   connection, and keeps that too, while the request goes on to wait for a refresh that needs
//!   the connection once more.
//! - Shortest schedule: one switch, to the request, while the refresh has the connection.
//! - Fix: ask with `try_lock`, which leaves nothing behind.

use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use futures::poll;
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{Event, Lock};
use unpick::sim::step;
use unpick::{Kind, event};

/// A request, and a refresh of the cache, which need the same connection.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "abandoned-waiter",
    summary: "a wait for a lock is polled once, kept, and handed the lock",
    variants: &[
        Variant::buggy(&|| program(serve(request_buggy)), Kind::Futurelock, 240),
        Variant::fixed(&|| program(serve(request_fixed))),
    ],
};

struct Server {
    connection: Lock<u32>,
    is_fresh: Event,
}

impl Server {
    async fn ping(&self) {
        *self.connection.lock().await += 1;
    }

    async fn refresh(&self) {
        // Two queries, between which others may use the connection.
        for _ in 0..2 {
            let mut connection = self.connection.lock().await;
            step().await;
            *connection += 1;
        }
        event!("the cache is fresh");
        self.is_fresh.set();
    }
}

async fn request_buggy(server: &Server) {
    let mut connection = pin!(server.connection.lock());
    match poll!(&mut connection) {
        Poll::Ready(mut connection) => *connection += 1,
        Poll::Pending => server.is_fresh.wait().await,
    }
}

async fn request_fixed(server: &Server) {
    match server.connection.try_lock() {
        Ok(mut connection) => *connection += 1,
        Err(_) => server.is_fresh.wait().await,
    }
}

async fn serve(request: impl AsyncFn(&Server) + 'static) -> Result<(), String> {
    let connection = Lock::new(0).named("connection");
    let server = Rc::new(Server { connection, is_fresh: Event::new().named("is_fresh") });
    let [refreshed, requested] = [server.clone(), server.clone()];
    let refresh = task().named("refresh").spawn(async move { refreshed.refresh().await });
    let request = task().named("request").spawn(async move { request(&requested).await });
    request.await.map_err(|error| error.to_string())?;
    refresh.await.map_err(|error| error.to_string())?;
    server.ping().await;
    Ok(())
}
