//! A shutdown that nobody listens for yet.
//!
//! - Symptom: a service is told to stop, and a worker of it never does.
//! - Cause: the worker listens only while it waits for a job. Told while it is at work, it begins
//!   to listen afterwards, and `notify_waiters` is not stored.
//! - Shortest schedule: one switch, to the shutdown, while the worker writes to its log.
//! - Fix: say it with something that stays said, such as a `CancellationToken`.

use std::pin::pin;
use std::rc::Rc;

use futures::{FutureExt, select_biased};
use unpick::cli::{Scenario, Variant, program};
use unpick::primitives::task::task;
use unpick::primitives::{CancellationToken, Event, Lock, Notify, Queue};
use unpick::{Kind, event};

/// A worker, a job, and a shutdown.
pub(crate) const SCENARIO: Scenario = Scenario {
    name: "unheard-shutdown",
    summary: "a worker is told to stop while it is not listening",
    variants: &[
        Variant::buggy(&|| program(serve::<Notify>()), Kind::LostWakeup, 10),
        Variant::fixed(&|| program(serve::<CancellationToken>())),
    ],
};

/// How a worker is told to stop.
trait Signal: Default + 'static {
    fn tell(&self);
    async fn told(&self);
}

impl Signal for Notify {
    fn tell(&self) {
        self.notify_waiters();
    }

    async fn told(&self) {
        self.notified().await;
    }
}

impl Signal for CancellationToken {
    fn tell(&self) {
        self.cancel();
    }

    async fn told(&self) {
        self.cancelled().await;
    }
}

struct Service<S> {
    jobs: Queue<u32>,
    is_done: Event,
    log: Lock<Vec<u32>>,
    shutdown: S,
}

async fn work<S: Signal>(service: Rc<Service<S>>) {
    loop {
        let mut told = pin!(service.shutdown.told().fuse());
        let job = select_biased! {
            () = told => return,
            job = service.jobs.get().fuse() => job,
        };
        // The queue is never shut down.
        let Ok(job) = job else { return };
        event!("did job {job}");
        service.is_done.set();
        service.log.lock().await.push(job);
    }
}

async fn serve<S: Signal>() -> Result<(), String> {
    let service = Rc::new(Service {
        jobs: Queue::new(0).named("jobs"),
        is_done: Event::new().named("is_done"),
        log: Lock::new(Vec::new()).named("log"),
        shutdown: S::default(),
    });
    let worker = task().named("worker").spawn(work(service.clone()));
    service.jobs.put(3).await.map_err(|error| error.to_string())?;
    service.is_done.wait().await;
    event!("shutting down");
    service.shutdown.tell();
    worker.await.map_err(|error| error.to_string())
}
