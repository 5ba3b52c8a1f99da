//! What traces cost: recording one, and each of its forms.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use unpick::Run;
use unpick::sim::trace::{Page, Trace, diff};
use unpick_scenarios::SCENARIOS;

/// A run with some hundred events.
fn traced(seed: u64) -> Trace {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == "poison-item");
    let variant = scenario.expect("it is in the collection").variants[1];
    let outcome = Run::new().seed(seed).traced().execute(variant.program);
    outcome.trace.expect("the run was traced")
}

fn tracing(criterion: &mut Criterion) {
    let (trace, other) = (traced(1), traced(2));
    let mut group = criterion.benchmark_group("trace");
    group.throughput(Throughput::Elements(trace.events.len() as u64));
    group.bench_function("record", |bencher| bencher.iter(|| traced(1)));
    let mut render = |name: &str, form: fn(&Trace) -> String| {
        group.bench_function(name, |bencher| bencher.iter(|| form(black_box(&trace))));
    };
    render("text", Trace::to_text);
    render("lanes", |trace| trace.lanes().to_string());
    render("normal", |trace| trace.normal_form().to_string());
    render("jsonl", Trace::to_jsonl);
    render("perfetto", Trace::to_chrome);
    render("html", |trace| Page::new("a run").trace("the run", trace).render());
    group.bench_function("diff", |bencher| {
        bencher.iter(|| diff(black_box(&trace), black_box(&other)).to_string());
    });
    group.finish();
}

criterion_group!(benches, tracing);
criterion_main!(benches);
