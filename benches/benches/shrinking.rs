//! What it costs to cut a failing tape down.

use criterion::{Criterion, criterion_group, criterion_main};
use unpick::cli::Variant;
use unpick::sim::hunt::explain::{self, Budget};
use unpick::sim::hunt::judge;
use unpick::sim::seed::RunId;
use unpick::sim::tape::Tape;
use unpick::{Finding, Run};
use unpick_scenarios::SCENARIOS;

/// Bugs of the gallery, from a tape of a few choices to one of many.
const BUGS: [&str; 4] = ["lost-update", "dining-philosophers", "permit-leak", "two-phase-commit"];

/// The first random walk that fails.
fn failing(variant: &Variant) -> (Tape, Finding) {
    let ids = (0..10_000).map(|number| RunId::new(1, number));
    let mut runs =
        ids.map(|id| judge(Run::with(variant.options()).id(id).execute(variant.program)));
    let failing =
        runs.find_map(|outcome| outcome.result.err().map(|finding| (outcome.tape, finding)));
    failing.expect("a random walk finds it")
}

fn shrinking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("shrink");
    group.sample_size(10);
    for name in BUGS {
        let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name);
        let variant = &scenario.expect("it is in the collection").variants[0];
        let (tape, finding) = failing(variant);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let options = variant.options();
                explain::shrink(&variant.program, &options, &tape, &finding, Budget::default())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, shrinking);
criterion_main!(benches);
