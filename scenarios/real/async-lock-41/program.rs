//! async-lock 2.7.0: a task that waits for a permit never lets go of its thread.
//!
//! - Symptom: one core at 100 %, and on a runtime of one thread nothing goes on.
//! - Cause: `Semaphore::acquire_arc` makes a listener, drops it at once, and tries again, in a loop
//!   that only a free permit ends. The one who would free it needs the same thread.
//! - Upstream: <https://github.com/smol-rs/async-lock/issues/41>.
//! - Fix: async-lock 2.8.0 keeps the listener, and waits for it.

#[path = "../hunting.rs"]
mod hunting;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_lock::Semaphore;
use unpick::event;
use unpick::sim::task;
use unpick::sim::time::sleep;

fn main() -> ExitCode {
    hunting::hunt(env!("CARGO_PKG_NAME"), program)
}

/// A backup takes as long as it is from one to the next.
const HOUR: Duration = Duration::from_secs(3600);

/// Backups are made one at a time. One begins just when the one before it ends.
async fn program() -> Result<(), String> {
    let backups = Arc::new(Semaphore::new(1));
    let mut made = Vec::new();
    for name in ["at one", "at two", "at three"] {
        let backups = Arc::clone(&backups);
        made.push(task().named(name).spawn(async move {
            let permit = backups.acquire_arc().await;
            sleep(HOUR).await;
            event!("backup {name} is made");
            drop(permit);
        }));
        sleep(HOUR).await;
    }
    for backup in made {
        backup.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
