//! tokio-util 0.7.0: who waits for a token in another task than before is not woken.
//!
//! - Symptom: a worker does not stop when it is told to.
//! - Cause: a future of `CancellationToken::cancelled` that is polled again keeps the waker that it
//!   has, just when it would wake another task: the condition is the wrong way round.
//! - Upstream: <https://github.com/tokio-rs/tokio/pull/4497>.
//! - Fix: tokio-util 0.7.1 replaces the waker if it would not wake the task.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// How long the service starts up.
const START: Duration = Duration::from_millis(10);

/// A service starts up unless it is told to stop, and is then handed to a task of its own, together
/// with what tells it to stop. The operator stops it.
async fn program() -> Result<(), String> {
    let token = CancellationToken::new();
    let stops = token.clone();
    let mut stopped = Box::pin(async move { stops.cancelled().await });
    let operator = tokio::spawn(async move {
        sleep(START).await;
        token.cancel();
    });
    tokio::select! {
        () = &mut stopped => return Ok(()),
        () = sleep(START) => {}
    }
    let service = tokio::spawn(stopped);
    operator.await.map_err(|error| error.to_string())?;
    service.await.map_err(|error| error.to_string())
}
