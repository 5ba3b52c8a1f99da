//! A notification between the look and the wait.
//!
//! The documentation of tokio's `Notify` warns of it.
//!
//! - Symptom: a client waits for ever for a server that is up.
//! - Cause: it looks whether the server is up, and not being so writes a line to the log before
//!   it begins to wait. `notify_waiters` in between wakes nobody, and is not stored.
//! - Shortest schedule: one switch, at the log's lock.
//! - Fix: begin to wait, then look: a `Notified` counts from where it is made.

use std::cell::Cell;
use std::rc::Rc;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{Lock, Notify};
use unpick::{Kind, event};

/// A client and a server that comes up.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "missed-notify",
    summary: "a server comes up between the client's look and its wait",
    variants: &[
        Variant::buggy(&|| program(connect(wait_buggy)), Kind::LostWakeup, 70),
        Variant::fixed(&|| program(connect(wait_fixed))),
    ],
};

struct Server {
    is_up: Cell<bool>,
    came_up: Notify,
    log: Lock<Vec<&'static str>>,
}

impl Server {
    async fn start(&self) {
        self.log.lock().await.push("starting");
        self.is_up.set(true);
        self.came_up.notify_waiters();
        event!("the server is up");
    }
}

async fn wait_buggy(server: &Server) {
    while !server.is_up.get() {
        server.log.lock().await.push("waiting for the server");
        server.came_up.notified().await;
    }
}

async fn wait_fixed(server: &Server) {
    loop {
        let came_up = server.came_up.notified();
        if server.is_up.get() {
            return;
        }
        server.log.lock().await.push("waiting for the server");
        came_up.await;
    }
}

async fn connect(wait: impl AsyncFn(&Server) + 'static) -> Result<(), String> {
    let server = Rc::new(Server {
        is_up: Cell::new(false),
        came_up: Notify::new().named("came_up"),
        log: Lock::new(Vec::new()).named("log"),
    });
    let [seen, started] = [server.clone(), server.clone()];
    let client = task().named("client").spawn(async move { wait(&seen).await });
    let server = task().named("server").spawn(async move { started.start().await });
    server.await.map_err(|error| error.to_string())?;
    client.await.map_err(|error| error.to_string())
}
