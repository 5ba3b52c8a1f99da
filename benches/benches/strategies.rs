//! What each strategy costs: a run of a small program, and a step among a thousand tasks.

use std::future::Future;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use unpick::Run;
use unpick::sim::strategy::portfolio::{self, Learnt, MEMBERS};
use unpick::sim::{spawn, yield_now};

async fn tasks(tasks: u32, yields: u32) {
    let task = || async move {
        for _ in 0..yields {
            yield_now().await;
        }
    };
    let handles: Vec<_> = (0..tasks).map(|_| spawn(task())).collect();
    for handle in handles {
        handle.await.expect("a task that yields returns");
    }
}

fn measure<Fut: Future<Output = ()>>(
    criterion: &mut Criterion,
    name: &str,
    steps: u64,
    program: impl Fn() -> Fut,
) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(steps));
    if steps > 10_000 {
        group.sample_size(10);
    }
    for (name, member) in MEMBERS {
        let learnt = Arc::new(Learnt::default());
        let mut number = 0;
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                number += 1;
                let chooser = portfolio::named(*member, number, &learnt).chooser;
                let outcome = Run::new().seed(number).strategy(chooser).execute(&program);
                assert!(outcome.result.is_ok(), "yielding passes");
            });
        });
    }
    group.finish();
}

fn strategies(criterion: &mut Criterion) {
    measure(criterion, "strategy, 10 tasks", 30, || tasks(10, 2));
    measure(criterion, "strategy, 1000 tasks", 21_000, || tasks(1000, 20));
}

criterion_group!(benches, strategies);
criterion_main!(benches);
