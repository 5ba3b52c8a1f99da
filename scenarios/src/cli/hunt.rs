//! `unpick hunt`: many runs, looking for what is expected.

use unpick::sim::seed::RunId;
use unpick::sim::strategy::portfolio::Member;

use super::{Usage, Verdict};
use crate::SCENARIOS;
use crate::scenario::{Expectation, Scenario, Variant};

/// Hunts scenarios: all of them, or the one named.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The scenario; all of them if none is named.
    scenario: Option<String>,
    /// Its variant; all of them if none is named.
    variant: Option<String>,
    /// The base seed.
    #[arg(long, default_value = "0x5eed")]
    seed: RunId,
    /// How many runs to make at the most of each program.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// One strategy alone, rather than the portfolio.
    #[arg(long)]
    strategy: Option<Member>,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Verdict, Usage> {
    let scenarios: Vec<&Scenario> = match &arguments.scenario {
        Some(name) => vec![crate::find(name)?],
        None => SCENARIOS.to_vec(),
    };
    let (mut hunted, mut unexpected) = (0_usize, 0_usize);
    for scenario in scenarios {
        let named = arguments.variant.as_deref();
        let variants = match named {
            Some(_) => vec![scenario.variant(named)?],
            None => scenario.variants.iter().collect(),
        };
        for variant in variants {
            hunted += 1;
            unexpected += usize::from(!hunt(scenario, variant, arguments));
        }
    }
    if hunted > 1 {
        println!("{hunted} programs, {unexpected} not as expected");
    }
    Ok(if unexpected == 0 { Verdict::Expected } else { Verdict::Unexpected })
}

/// Hunts one program, prints what came of it, and says whether that was expected.
fn hunt(scenario: &Scenario, variant: &Variant, arguments: &Arguments) -> bool {
    let name = format!("{} {}", scenario.name, variant.name);
    let mut hunt = variant.hunt(&name).seed(arguments.seed.seed).runs(arguments.runs);
    if let Some(member) = arguments.strategy {
        hunt = hunt.strategy(member);
    }
    let report = hunt.run(variant.program);
    let found = report.finding().map(|finding| finding.kind);
    let expected = match variant.expectation {
        Expectation::Passes => None,
        Expectation::Finds { kind, .. } => Some(kind),
    };
    println!("{report}");
    if let Some(failure) = &report.failure {
        println!(
            "  again  unpick replay {} {} --tape '{}'",
            scenario.name,
            variant.name,
            failure.tape.token()
        );
    }
    let is_expected = found == expected;
    println!("  {}", if is_expected { "as expected" } else { "NOT as expected" });
    is_expected
}
