//! tokio-util 0.7.11: who waits for a delay queue does not hear that it has become empty.
//!
//! - Symptom: a server that goes down when its last session has ended stays up.
//! - Cause: `DelayQueue::poll_expired` waits while there are items, and answers `None` when there
//!   are none. Removing the last one does not wake who waits, and its timer may be gone with it.
//! - Upstream: <https://github.com/tokio-rs/tokio/issues/6751>.
//! - Fix: tokio-util 0.7.12 wakes the one who waits when the last item is removed.

#[path = "../hunting.rs"]
mod hunting;

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;
use unpick::event;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long a session lasts whose user does nothing.
const IDLE: Duration = Duration::from_secs(1800);

/// Who is logged in.
type Sessions = Arc<Mutex<DelayQueue<&'static str>>>;

/// Ends sessions whose users do nothing, until there are none left.
async fn janitor(sessions: Sessions) {
    let next = || poll_fn(|cx| sessions.lock().expect("nobody panics").poll_expired(cx));
    while let Some(expired) = next().await {
        event!("{} has done nothing for too long", expired.into_inner());
    }
}

/// Bert logs in and does nothing; anna logs in later, and logs out just when his session ends.
async fn program() -> Result<(), String> {
    let sessions = Sessions::default();
    let log_in = |name| sessions.lock().expect("nobody panics").insert(name, IDLE);
    let _bert: Key = log_in("bert");
    let janitor = tokio::spawn(janitor(Arc::clone(&sessions)));
    sleep(IDLE / 2).await;
    let anna: Key = log_in("anna");
    sleep(IDLE / 2).await;
    sessions.lock().expect("nobody panics").remove(&anna);
    event!("anna has logged out");
    janitor.await.map_err(|error| error.to_string())
}
