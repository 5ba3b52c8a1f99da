//! What the engine costs: a step, a timer, a spawn, an empty run.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use unpick_benches::workloads::WORKLOADS;

fn engine(criterion: &mut Criterion) {
    for workload in WORKLOADS {
        let mut group = criterion.benchmark_group(workload.name);
        group.throughput(Throughput::Elements(workload.units));
        if workload.units > 10_000 {
            group.sample_size(10);
        }
        let mut seed = 0;
        group.bench_function(workload.unit, |bencher| {
            bencher.iter(|| {
                seed += 1;
                (workload.run)(seed);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);
