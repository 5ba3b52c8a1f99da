//! tokio 1.50.0: whoever was told together with all others takes what is meant for one of them.
//!
//! - Symptom: a job is there, and a worker that could do it sleeps.
//! - Cause: a `Notified` that is there when `notify_waiters` is called, but was not polled before, is
//!   over with that call. It looks for the permit of a `notify_one` first, and takes it away.
//! - Upstream: <https://github.com/tokio-rs/tokio/issues/7965>.
//! - Fix: tokio 1.51.0 looks whether all were notified first.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::Notify;
use unpick::sim::{task, yield_now};

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// Waits for the round of all, and then for a job.
async fn worker(notify: Arc<Notify>, enters: Arc<Notify>) {
    let round = notify.notified();
    enters.notify_one();
    // It has something else to do before it waits.
    yield_now().await;
    round.await;
    notify.notified().await;
}

/// A worker, to whom a round is announced to all, and then a job to one.
async fn program() -> Result<(), String> {
    let [notify, entered] = [(); 2].map(|()| Arc::new(Notify::new()));
    let worker = task().named("worker").spawn(worker(Arc::clone(&notify), Arc::clone(&entered)));
    entered.notified().await;
    notify.notify_waiters();
    notify.notify_one();
    worker.await.map_err(|error| error.to_string())
}
