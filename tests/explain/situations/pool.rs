//! A pool whose checkout, reaper and closer take its three locks in a ring, beside a ticker.

use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::Lock;
use unpick::primitives::task::sleep;
use unpick::sim::task;

async fn both(first: Rc<Lock<()>>, second: Rc<Lock<()>>) {
    let _first = first.lock().await;
    let _second = second.lock().await;
}

async fn metrics() {
    loop {
        sleep(Duration::from_secs(1)).await;
    }
}

pub(crate) async fn churn() {
    let [idle, stats, conns] =
        ["idle", "stats", "conns"].map(|name| Rc::new(Lock::new(()).named(name)));
    let tasks = [
        task().named("checkout").spawn(both(idle.clone(), stats.clone())),
        task().named("reaper").spawn(both(stats, conns.clone())),
        task().named("closer").spawn(both(conns, idle)),
    ];
    let _runs_for_ever = task().named("metrics").daemon().spawn(metrics());
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}
