//! tokio 1.4.0: a waiter that leaves takes a notification with it that was meant for another.
//!
//! - Symptom: a row is written, and never gets to disk: the flusher sleeps.
//! - Cause: dropping a `Notified` whose waiter `notify_waiters` had woken marks the `Notify` as
//!   empty, even when `notify_one` has stored a permit in the meantime.
//! - Upstream: <https://github.com/tokio-rs/tokio/pull/3652>.
//! - Fix: tokio 1.5.0 leaves the permit where it is.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, oneshot};
use unpick::sim::{JoinHandle, task};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// Rows that are not on disk yet, each with somebody who waits for that.
#[derive(Default)]
struct Store {
    rows: Mutex<Vec<oneshot::Sender<()>>>,
    flush: Notify,
}

impl Store {
    async fn write(&self) -> Result<(), String> {
        let (flushed, on_disk) = oneshot::channel();
        self.rows.lock().expect("nobody panics").push(flushed);
        self.flush.notify_one();
        on_disk.await.map_err(|error| error.to_string())
    }

    /// Writes to disk whenever it is told to.
    async fn flusher(&self) {
        loop {
            self.flush.notified().await;
            for flushed in self.rows.lock().expect("nobody panics").drain(..) {
                // Who wrote the row may have gone.
                let _ = flushed.send(());
            }
        }
    }
}

fn flusher(name: &str, store: &Arc<Store>) -> JoinHandle<()> {
    let store = Arc::clone(store);
    task().named(name).daemon().spawn(async move { store.flusher().await })
}

/// The flusher is replaced, while somebody asks all flushers for a checkpoint, and a row comes in.
async fn program() -> Result<(), String> {
    let store = Arc::new(Store::default());
    let old = flusher("old flusher", &store);
    let owner = Arc::clone(&store);
    let operator = task().named("operator").spawn(async move {
        old.abort();
        let _ = old.await;
        flusher("new flusher", &owner)
    });
    let written = Arc::clone(&store);
    let writer = task().named("writer").spawn(async move { written.write().await });
    task().named("checkpoint").spawn(async move { store.flush.notify_waiters() });
    writer.await.map_err(|error| error.to_string())??;
    let _new = operator.await.map_err(|error| error.to_string())?;
    Ok(())
}
