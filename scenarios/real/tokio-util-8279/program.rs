//! tokio-util 0.7.18: looking whether a task has ended puts whoever waits for it to sleep.
//!
//! - Symptom: a batch of downloads has ended, and who waits for them does not hear of it.
//! - Cause: `JoinQueue::try_join_next` polls the first task with a waker that does nothing, in the
//!   place of the waker of the one who waits in `poll_join_next`.
//! - Upstream: <https://github.com/tokio-rs/tokio/pull/8279>.
//! - Fix: tokio-util 0.7.19 polls it only if it has ended.

#[path = "../hunting.rs"]
mod hunting;

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::task::JoinQueue;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long a download takes.
const DOWNLOAD: Duration = Duration::from_millis(10);

type Downloads = Arc<Mutex<JoinQueue<u32>>>;

/// Takes downloads as they end; says how many.
async fn collect(downloads: Downloads) -> u32 {
    let mut taken = 0;
    let next = || poll_fn(|cx| downloads.lock().expect("nobody panics").poll_join_next(cx));
    while next().await.is_some() {
        taken += 1;
    }
    taken
}

/// Two downloads, somebody who takes them, and a page of statistics, which takes what has ended.
async fn program() -> Result<(), String> {
    let downloads = Downloads::default();
    for number in 1..=2 {
        downloads.lock().expect("nobody panics").spawn(async move {
            sleep(DOWNLOAD * number).await;
            number
        });
    }
    let collected = tokio::spawn(collect(Arc::clone(&downloads)));
    let statistics = tokio::spawn(async move {
        let ended = downloads.lock().expect("nobody panics").try_join_next();
        u32::from(ended.is_some())
    });
    let shown = statistics.await.map_err(|error| error.to_string())?;
    match collected.await.map_err(|error| error.to_string())? + shown {
        2 => Ok(()),
        taken => Err(format!("{taken} of 2 downloads were taken")),
    }
}
