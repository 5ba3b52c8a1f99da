//! What the primitives cost: an operation of each, by tasks that meet on it.

use std::future::Future;
use std::rc::Rc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use unpick::Run;
use unpick::primitives::{
    Barrier, Event, Lock, Notify, Queue, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use unpick::sim::{JoinHandle, spawn, yield_now};

/// How many operations a run has.
const OPERATIONS: u64 = 1000;

/// How many of them each of ten tasks has.
const EACH: u64 = OPERATIONS / 10;

async fn join(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// Ten tasks, each of which does this with what they share.
async fn ten<T: 'static, Fut: Future<Output = ()> + 'static>(shared: T, act: fn(Rc<T>) -> Fut) {
    let shared = Rc::new(shared);
    join((0..10).map(|_| spawn(act(shared.clone()))).collect()).await;
}

fn measure<Fut: Future<Output = ()>>(criterion: &mut Criterion, name: &str, program: fn() -> Fut) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(OPERATIONS));
    let mut seed = 0;
    group.bench_function("operation", |bencher| {
        bencher.iter(|| {
            seed += 1;
            let outcome = Run::new().seed(seed).execute(program);
            assert!(outcome.result.is_ok(), "{name} works: {:?}", outcome.result);
        });
    });
    group.finish();
}

fn locks(criterion: &mut Criterion) {
    measure(criterion, "lock", || {
        ten(Lock::new(0), |lock| async move {
            for _ in 0..EACH {
                *lock.lock().await += 1;
            }
        })
    });
    measure(criterion, "rwlock", || {
        ten(RwLock::new(0), |lock| async move {
            for _ in 0..EACH / 2 {
                *lock.write().await += 1;
                let _seen = *lock.read().await;
            }
        })
    });
    measure(criterion, "semaphore", || {
        ten(Semaphore::new(3), |semaphore| async move {
            for _ in 0..EACH {
                let _permit = semaphore.acquire().await;
                yield_now().await;
            }
        })
    });
    measure(criterion, "barrier", || {
        ten(Barrier::new(10), |barrier| async move {
            for _ in 0..EACH {
                let _position = barrier.wait().await;
            }
        })
    });
}

fn signals(criterion: &mut Criterion) {
    measure(criterion, "event", || async {
        for _ in 0..EACH {
            let event = Rc::new(Event::new());
            let wait = |event: Rc<Event>| async move {
                event.wait().await;
            };
            let tasks = (0..10).map(|_| spawn(wait(event.clone()))).collect();
            yield_now().await;
            event.set();
            join(tasks).await;
        }
    });
    measure(criterion, "notify", || async {
        let notify = Rc::new(Notify::new());
        let waiter = notify.clone();
        let waits = spawn(async move {
            for _ in 0..OPERATIONS {
                waiter.notified().await;
                waiter.notify_one();
                yield_now().await;
            }
        });
        notify.notify_one();
        join(vec![waits]).await;
    });
}

fn queues(criterion: &mut Criterion) {
    measure(criterion, "queue", || async {
        let queue = Rc::new(Queue::new(4));
        let producer = queue.clone();
        let puts = spawn(async move {
            for item in 0..OPERATIONS {
                producer.put(item).await.expect("nobody shuts it down");
            }
        });
        for _ in 0..OPERATIONS {
            queue.get().await.expect("nobody shuts it down");
        }
        join(vec![puts]).await;
    });
    measure(criterion, "mpsc", || async {
        let (sender, mut receiver) = mpsc::channel(4);
        let sends = spawn(async move {
            for item in 0..OPERATIONS {
                sender.send(item).await.expect("it is received");
            }
        });
        while receiver.recv().await.is_some() {}
        join(vec![sends]).await;
    });
    measure(criterion, "oneshot", || async {
        for item in 0..OPERATIONS {
            let (sender, receiver) = oneshot::channel();
            let sends = spawn(async move {
                let _sent = sender.send(item);
            });
            receiver.await.expect("it is sent");
            join(vec![sends]).await;
        }
    });
    measure(criterion, "broadcast", || async {
        let (sender, mut receiver) = broadcast::channel(16);
        for item in 0..OPERATIONS {
            sender.send(item).expect("it is received");
            receiver.recv().await.expect("it was sent");
        }
    });
    measure(criterion, "watch", || async {
        let (sender, mut receiver) = watch::channel(0);
        for item in 1..=OPERATIONS {
            sender.send(item).expect("it is watched");
            receiver.changed().await.expect("it was sent");
        }
    });
}

criterion_group!(benches, locks, signals, queues);
criterion_main!(benches);
