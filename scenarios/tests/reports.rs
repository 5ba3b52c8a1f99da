//! What is found out about each planted bug.

use unpick::cli::Expectation;
use unpick::sim::hunt::explain::Replayed;
use unpick_scenarios::SCENARIOS;

/// How many lines a report has: what a lost wake-up among four tasks takes, with its source.
const LINES_MAX: usize = 84;

/// How many columns a terminal has; what the program's lines, and those that are copied, may exceed.
const COLUMNS: usize = 80;

#[test]
fn every_planted_bug_is_cut_down_and_its_report_is_short_and_fits_a_terminals_width() {
    let (mut left, mut long) = (Vec::new(), Vec::new());
    for scenario in SCENARIOS {
        for variant in scenario.variants {
            let Expectation::Finds { runs, .. } = variant.expectation else { continue };
            let report = variant.hunt(scenario.name).seed(0x5eed).runs(runs).quiet();
            let report = report.run(variant.program);
            let failure = report.failure().unwrap_or_else(|| panic!("{}", scenario.name));
            assert_eq!(failure.replayed(), Some(&Replayed::Identically), "{failure}");
            let minimal = failure.minimal().unwrap_or_else(|| panic!("{failure}"));
            assert_eq!(minimal.shrunk.cut_short, None, "{failure}");
            left.push(minimal.shrunk.tape.deviations());
            let text = failure.to_string();
            let own = text.lines().take_while(|line| !line.starts_with("  rerun"));
            let own = own.filter(|line| !line.starts_with("  :"));
            let wide = own.filter(|line| line.chars().count() > COLUMNS);
            assert_eq!(wide.collect::<Vec<_>>(), [] as [&str; 0], "{text}");
            let lines = text.lines().count();
            if lines > LINES_MAX {
                long.push(format!("{lines} lines:\n{failure}"));
            }
        }
    }
    assert!(long.is_empty(), "{} are too long:\n{}", long.len(), long.join("\n"));
    left.sort_unstable();
    assert!(left.len() >= 30, "the gallery has {} bugs", left.len());
    assert!(left[left.len() / 2] <= 2, "deviations that are left: {left:?}");
}
