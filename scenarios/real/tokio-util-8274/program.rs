//! tokio-util 0.7.18: who waits for a delay queue does not hear of an item that is due at once.
//!
//! - Symptom: what is to be done right now is done when the next timer happens to fire.
//! - Cause: `DelayQueue::reset_at` to an instant that has passed puts the item among those that are
//!   due, and looks for the next timer among the others: nobody is woken.
//! - Upstream: <https://github.com/tokio-rs/tokio/pull/8274>.
//! - Fix: tokio-util 0.7.19 wakes the one who waits when an item becomes due that way.

#[path = "../hunting.rs"]
mod hunting;

use std::future::poll_fn;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::time::DelayQueue;
use unpick::event;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the service waits before it asks a server again that did not answer.
const BACK_OFF: Duration = Duration::from_secs(60);

/// Whom to ask again, and when.
type Retries = Arc<Mutex<DelayQueue<&'static str>>>;

/// Asks the first server that is due; says how long that took.
async fn retry(retries: Retries) -> Option<Duration> {
    let begin = Instant::now();
    let next = poll_fn(|cx| retries.lock().expect("nobody panics").poll_expired(cx));
    let server = next.await?.into_inner();
    event!("{server} is asked again");
    Some(begin.elapsed())
}

/// A server is to be asked again in a minute. Its operator says that it is up, and it is asked now.
async fn program() -> Result<(), String> {
    let retries = Retries::default();
    let server = retries.lock().expect("nobody panics").insert("server", BACK_OFF);
    let begin = Instant::now();
    let asked = tokio::spawn(retry(Arc::clone(&retries)));
    sleep(BACK_OFF / 2).await;
    retries.lock().expect("nobody panics").reset_at(&server, begin);
    match asked.await.map_err(|error| error.to_string())? {
        Some(took) if took <= BACK_OFF / 2 => Ok(()),
        took => Err(format!("asked after {took:?}")),
    }
}
