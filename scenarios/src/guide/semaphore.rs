//! `Semaphore`: ten tasks of 2 s, three at a time.

use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::event;
use unpick::primitives::Semaphore;
use unpick::primitives::task::{sleep, spawn};

/// Ten tasks, three permits: 8 s.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "semaphore",
    summary: "ten tasks of 2 s, three at a time",
    variants: &[Variant::fixed(&|| program(take_turns()))],
};

async fn work(number: u32, semaphore: Rc<Semaphore>) {
    let _permit = semaphore.acquire().await;
    event!("Task {number} is working");
    sleep(Duration::from_secs(2)).await;
    event!("Task {number} is done");
}

async fn take_turns() -> Result<(), String> {
    let semaphore = Rc::new(Semaphore::new(3).named("turns"));
    let tasks: Vec<_> = (0..10).map(|number| spawn(work(number, semaphore.clone()))).collect();
    for task in tasks {
        task.await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
