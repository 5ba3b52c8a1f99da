//! tokio-util 0.7.19: who waits for a delay queue does not hear that it was cleared.
//!
//! - Symptom: a server that goes down when all sessions are ended stays up.
//! - Cause: `DelayQueue::clear` drops the timer and wakes nobody, although there is nothing left to
//!   wait for.
//! - Upstream: <https://github.com/tokio-rs/tokio/pull/8320>.
//! - Fix: tokio-util 0.7.20 wakes the one who waits when items are cleared.

#[path = "../hunting.rs"]
mod hunting;

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::time::DelayQueue;
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

/// Anna and bert are logged in when the operator ends all sessions.
async fn program() -> Result<(), String> {
    let sessions = Sessions::default();
    for name in ["anna", "bert"] {
        sessions.lock().expect("nobody panics").insert(name, IDLE);
    }
    let janitor = tokio::spawn(janitor(Arc::clone(&sessions)));
    sleep(IDLE / 2).await;
    sessions.lock().expect("nobody panics").clear();
    janitor.await.map_err(|error| error.to_string())
}
