//! `unpick list`.

use super::{Console, Usage, Verdict};

/// Lists the scenarios.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn execute(_: &Arguments, console: &mut Console<'_>) -> Result<Verdict, Usage> {
    for scenario in console.scenarios {
        let variants: Vec<&str> = scenario.variants.iter().map(|variant| variant.name).collect();
        writeln!(
            console.out,
            "{:<20} {}  [{}]",
            scenario.name,
            scenario.summary,
            variants.join(", ")
        )?;
    }
    Ok(Verdict::Expected)
}
