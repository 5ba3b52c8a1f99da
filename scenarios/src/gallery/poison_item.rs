//! A job that can never succeed, in a queue that delivers until it does.
//!
//! What the dead-letter queues of Amazon SQS and others are for.
//!
//! - Symptom: a queue is never empty again, and its worker is busy with one job.
//! - Cause: a job that fails is put back, so that a passing failure does no harm. One that cannot
//!   be read fails each time.
//! - Shortest schedule: the plain one.
//! - Fix: count the attempts, and lay the job aside after some.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::Queue;
use unpick::primitives::task::{sleep, task, timeout};
use unpick::sim::chance;
use unpick::{Kind, event};

/// Three jobs, of which one cannot be read, and two workers.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "poison-item",
    summary: "a job that cannot be read is put back for ever",
    variants: &[
        Variant::buggy(&|| program(work_off(u32::MAX)), Kind::Error, 1),
        Variant::fixed(&|| program(work_off(5))),
    ],
};

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct Job {
    text: &'static str,
    attempts: u32,
}

/// Jobs that were laid aside.
type Rejected = Rc<RefCell<Vec<&'static str>>>;

async fn execute(job: &Job) -> Result<u32, String> {
    sleep(Duration::from_secs(1)).await;
    if chance(0.1) {
        return Err(String::from("the database is away"));
    }
    job.text.parse().map_err(|_| format!("`{}` is no number", job.text))
}

async fn work(jobs: Rc<Queue<Job>>, rejected: Rejected, attempts_max: u32) {
    while let Ok(mut job) = jobs.get().await {
        match execute(&job).await {
            Ok(number) => event!("got {number}"),
            Err(error) => {
                event!("{error}");
                job.attempts += 1;
                if job.attempts < attempts_max {
                    jobs.put_nowait(job).expect("the queue has no bound");
                } else {
                    rejected.borrow_mut().push(job.text);
                }
            }
        }
        jobs.task_done().expect("this one was not done yet");
    }
}

async fn work_off(attempts_max: u32) -> Result<(), String> {
    let (jobs, rejected) = (Rc::new(Queue::new(0).named("jobs")), Rejected::default());
    for text in ["1", "l0", "100"] {
        jobs.put(Job { text, attempts: 0 }).await.map_err(|error| error.to_string())?;
    }
    for number in 0..2 {
        let worker = task().named(format!("worker-{number}")).daemon();
        worker.spawn(work(jobs.clone(), rejected.clone(), attempts_max));
    }
    let drained = timeout(PATIENCE, jobs.join()).await;
    drained.map_err(|_| format!("the queue was not worked off within {PATIENCE:?}"))?;
    if rejected.borrow().contains(&"l0") {
        Ok(())
    } else {
        Err(String::from("the job that cannot be read was not laid aside"))
    }
}
