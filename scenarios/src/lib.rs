//! Scenarios: the programs of an asyncio guide, and a gallery of concurrency bugs.
//!
//! A scenario is one file and one line in [`SCENARIOS`].

#![forbid(unsafe_code)]

pub mod asyncio;
pub mod cli;
mod gallery;
mod guide;
mod scenario;

pub use scenario::{Expectation, Program, Scenario, UnknownScenario, Variant, find};

/// Every scenario, in reading order.
pub const SCENARIOS: &[&Scenario] = &[
    &guide::hello::SCENARIO,
    &guide::gather::SCENARIO,
    &guide::producer_consumer::SCENARIO,
    &guide::timeout::SCENARIO,
    &guide::counter::SCENARIO,
    &guide::semaphore::SCENARIO,
    &guide::future::SCENARIO,
    &gallery::lost_update::SCENARIO,
];
