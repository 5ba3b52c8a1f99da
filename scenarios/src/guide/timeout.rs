//! `wait_for`: a task of 5 s is given 2 s.

use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::event;
use unpick::primitives::task::{sleep, timeout};

/// A timeout that strikes.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "timeout",
    summary: "a task of 5 s is given 2 s",
    variants: &[Variant::fixed(&|| program(give_up()))],
};

async fn long_operation() {
    event!("Starting a long operation");
    sleep(Duration::from_secs(5)).await;
    event!("Long operation done");
}

async fn give_up() -> Result<(), String> {
    match timeout(Duration::from_secs(2), long_operation()).await {
        Ok(()) => Err(String::from("5 s have passed within 2 s")),
        Err(_) => {
            event!("The operation timed out");
            Ok(())
        }
    }
}
