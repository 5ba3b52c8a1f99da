//! Coroutines and the event loop: prints Hello, sleeps one second, prints World.

use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::event;
use unpick::sim::time::sleep;

/// The first program of the guide.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hello",
    summary: "prints Hello, sleeps one second, prints World",
    variants: &[Variant::fixed(&|| program(hello()))],
};

async fn hello() -> Result<(), String> {
    event!("Hello");
    sleep(Duration::from_secs(1)).await;
    event!("World");
    Ok(())
}
