//! Futurelock: a task waits for a lock that was handed to a future of its own.
//!
//! Described by Oxide Computer Company in its RFD 609.
//!
//! - Symptom: a task hangs at a lock that nobody else has any more.
//! - Cause: a save that waits for the lock loses a race against a timer, but is only borrowed by
//!   the `select!`, and so goes on to exist. The lock is fair, and is handed to the save when it
//!   becomes free. The task, which waits for the lock behind it, never polls it again.
//! - Shortest schedule: the timer fires while another task has the lock.
//! - Fix: let the `select!` have the save, which is then dropped with its place in the queue.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::{FutureExt, select_biased};
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::{sleep, task};
use unpick::sim::pick;
use unpick::{Kind, event};

/// A task that saves, and another one with the lock.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "futurelock",
    summary: "a lock is handed to a future that its task no longer polls",
    variants: &[
        Variant::buggy(&|| program(contend(save_buggy)), Kind::Futurelock, 50),
        Variant::fixed(&|| program(contend(save_fixed))),
    ],
};

const PATIENCE: Duration = Duration::from_millis(10);

async fn write(file: &Lock<Vec<&'static str>>, line: &'static str) {
    file.lock().await.push(line);
}

async fn save_buggy(file: &Lock<Vec<&'static str>>) {
    let mut saving = pin!(write(file, "state").fuse());
    select_biased! {
        () = saving => {}
        () = sleep(PATIENCE).fuse() => {
            event!("saving takes long");
            write(file, "saving takes long").await;
        }
    }
}

async fn save_fixed(file: &Lock<Vec<&'static str>>) {
    let saved = {
        let mut saving = pin!(write(file, "state").fuse());
        select_biased! {
            () = saving => true,
            () = sleep(PATIENCE).fuse() => false,
        }
    };
    if !saved {
        event!("saving takes long");
        write(file, "saving takes long").await;
    }
}

async fn contend(save: impl AsyncFn(&Lock<Vec<&'static str>>) + 'static) -> Result<(), String> {
    let file = Rc::new(Lock::new(Vec::new()).named("file"));
    let [backed_up, saved] = [file.clone(), file.clone()];
    let backup = task().named("backup").spawn(async move {
        let lines = backed_up.lock().await;
        sleep(Duration::from_millis(5 * pick(4) as u64)).await;
        lines.len()
    });
    let save = task().named("save").spawn(async move { save(&saved).await });
    backup.await.map_err(|error| error.to_string())?;
    save.await.map_err(|error| error.to_string())?;
    match file.lock().await.len() {
        1 => Ok(()),
        lines => Err(format!("the file has {lines} lines")),
    }
}
