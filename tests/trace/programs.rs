//! Programs whose traces are looked at.

use std::rc::Rc;

use unpick::Run;
use unpick::primitives::{Lock, Notify, Queue};
use unpick::sim::trace::Trace;
use unpick::sim::{Shared, spawn, step, task};

/// The trace of a run.
pub(crate) fn traced<Fut: Future>(run: Run, program: impl FnOnce() -> Fut) -> Trace {
    run.traced().execute(program).trace.expect("the run is traced")
}

/// Two tellers read a balance, write an audit log, and write back: see the scenario
/// `lost-update`.
pub(crate) async fn deposits() {
    let balance = Rc::new(Shared::synchronized(100).named("balance"));
    let audit = Rc::new(Lock::new(Vec::new()).named("audit"));
    let tellers = [("teller-1", 10), ("teller-2", 20)].map(|(name, amount)| {
        let (balance, audit) = (balance.clone(), audit.clone());
        task().named(name).spawn(async move {
            let seen = balance.get();
            audit.lock().await.push(amount);
            balance.set(seen + amount);
        })
    });
    for teller in tellers {
        teller.await.expect("nobody aborts it");
    }
}

/// Three tasks that take three locks in a ring.
pub(crate) async fn ring() {
    let locks = ["idle", "stats", "conns"].map(|name| Rc::new(Lock::new(()).named(name)));
    let tasks = ["checkout", "reaper", "closer"].into_iter().enumerate().map(|(place, name)| {
        let (first, second) = (locks[place].clone(), locks[(place + 1) % 3].clone());
        task().named(name).spawn(async move {
            let _first = first.lock().await;
            let _second = second.lock().await;
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("nobody aborts it");
    }
}

/// A producer notifies before the consumer is there.
pub(crate) async fn drain() {
    let ready = Rc::new(Notify::new().named("job_ready"));
    let consumer = {
        let ready = ready.clone();
        task().named("consumer").spawn(async move {
            step().await;
            ready.notified().await;
        })
    };
    let producer = task().named("producer").spawn(async move { ready.notify_waiters() });
    producer.await.expect("nobody aborts it");
    consumer.await.expect("nobody aborts it");
}

/// Producers and a consumer over a queue that holds one item, and a consumer that is aborted.
pub(crate) async fn pipeline() {
    let queue = Rc::new(Queue::new(1).named("jobs"));
    let producer = {
        let queue = queue.clone();
        task().named("producer").spawn(async move {
            for job in 0..3 {
                queue.put(job).await.expect("the queue is not shut down");
            }
        })
    };
    let consumer = {
        let queue = queue.clone();
        task().named("consumer").spawn(async move {
            while let Ok(job) = queue.get().await {
                unpick::sim::time::sleep(std::time::Duration::from_secs(1)).await;
                unpick::event!("did job {job}");
                queue.task_done().expect("it was got");
            }
        })
    };
    producer.await.expect("nobody aborts it");
    queue.join().await;
    consumer.abort();
    assert!(consumer.await.is_err());
    spawn(async {});
}

/// Tasks that sleep and ask whether something goes wrong: for faults to strike.
pub(crate) async fn struck() {
    let tasks = [1, 2, 3].map(|of| {
        spawn(async move {
            for _ in 0..of {
                unpick::sim::time::sleep(std::time::Duration::from_secs(of)).await;
                let _goes_wrong = unpick::sim::buggify!();
            }
        })
    });
    for task in tasks {
        let _cancelled = task.await;
    }
}

/// One task sleeps while another one gives way before its operations.
pub(crate) async fn sleeps_beside() {
    let sleeper = task()
        .named("sleeper")
        .spawn(unpick::sim::time::sleep(std::time::Duration::from_millis(1)));
    for _ in 0..10 {
        step().await;
    }
    sleeper.await.expect("nobody aborts it");
}
