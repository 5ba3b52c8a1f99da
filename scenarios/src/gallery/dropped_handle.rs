//! A join handle that is dropped.
//!
//! - Symptom: a user saves, is told that it is saved, loads, and gets the old text.
//! - Cause: the handler spawns the write so as to answer sooner, and drops the handle. Dropping
//!   it neither waits for the task nor stops it.
//! - Shortest schedule: the plain one, with a disk that is slower than the user.
//! - Fix: await the handle before the answer.

use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Lock;
use unpick::primitives::task::{sleep, task};
use unpick::sim::pick;
use unpick::{Kind, event};

/// A save and a load, one after the other.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dropped-handle",
    summary: "a save answers before the task that writes has been joined",
    variants: &[
        Variant::buggy(&|| program(save_and_load(save_buggy)), Kind::Error, 30),
        Variant::fixed(&|| program(save_and_load(save_fixed))),
    ],
};

type Disk = Rc<Lock<String>>;

async fn write(disk: Disk, text: String) {
    // The disk may be busy.
    sleep(Duration::from_millis(pick(4) as u64)).await;
    *disk.lock().await = text;
    event!("written");
}

async fn save_buggy(disk: Disk, text: String) -> Result<(), String> {
    drop(task().named("write").spawn(write(disk, text)));
    Ok(())
}

async fn save_fixed(disk: Disk, text: String) -> Result<(), String> {
    let write = task().named("write").spawn(write(disk, text));
    write.await.map_err(|error| error.to_string())
}

async fn save_and_load(
    save: impl AsyncFn(Disk, String) -> Result<(), String>,
) -> Result<(), String> {
    let disk = Rc::new(Lock::new(String::from("old")).named("disk"));
    save(disk.clone(), String::from("new")).await?;
    event!("told that it is saved");
    sleep(Duration::from_millis(2)).await;
    let text = disk.lock().await.clone();
    if text == "new" { Ok(()) } else { Err(format!("the user saved `new` and got `{text}`")) }
}
