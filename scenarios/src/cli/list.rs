//! `unpick list`.

use super::{Usage, Verdict};
use crate::SCENARIOS;

/// Lists the scenarios.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn execute(_: &Arguments) -> Result<Verdict, Usage> {
    for scenario in SCENARIOS {
        let variants: Vec<&str> = scenario.variants.iter().map(|variant| variant.name).collect();
        println!("{:<20} {}  [{}]", scenario.name, scenario.summary, variants.join(", "));
    }
    Ok(Verdict::Expected)
}
