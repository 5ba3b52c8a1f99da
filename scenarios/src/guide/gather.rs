//! Tasks and `gather`: two fetches that run beside each other.

use std::convert::Infallible;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::event;
use unpick::primitives::task::{gather, sleep};

/// Fetches of 2 s and 1 s take 2 s together.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "gather",
    summary: "two fetches, of 2 s and of 1 s, beside each other",
    variants: &[Variant::fixed(&|| program(fetch_both()))],
};

async fn fetch(number: u32, seconds: u64) -> Result<String, Infallible> {
    event!("Fetching data {number}");
    sleep(Duration::from_secs(seconds)).await;
    event!("Fetched data {number}");
    Ok(format!("data {number}"))
}

async fn fetch_both() -> Result<(), String> {
    let fetched = gather([fetch(1, 2), fetch(2, 1)]).await;
    let fetched = fetched.map_err(|error| error.to_string())?;
    event!("{fetched:?}");
    Ok(())
}
