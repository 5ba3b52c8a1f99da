//! A consumer that looks for a job and then waits for one, and a producer that comes in between.

use std::cell::Cell;
use std::rc::Rc;

use unpick::primitives::{Lock, Notify};
use unpick::sim::task;

#[derive(Default)]
struct Jobs {
    is_there: Cell<bool>,
    log: Lock<Vec<&'static str>>,
}

async fn consume(jobs: Rc<Jobs>, job_ready: Rc<Notify>) {
    while !jobs.is_there.get() {
        jobs.log.lock().await.push("waits for a job");
        job_ready.notified().await;
    }
}

async fn produce(jobs: Rc<Jobs>, job_ready: Rc<Notify>) {
    jobs.is_there.set(true);
    job_ready.notify_waiters();
}

pub(crate) async fn drain() {
    let jobs = Rc::new(Jobs::default());
    let job_ready = Rc::new(Notify::new().named("job_ready"));
    let consumer = task().named("consumer").spawn(consume(jobs.clone(), job_ready.clone()));
    let producer = task().named("producer").spawn(produce(jobs, job_ready));
    consumer.await.expect("nobody aborts it");
    producer.await.expect("nobody aborts it");
}
