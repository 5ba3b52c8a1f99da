//! A runtime with real threads, and tasks for it.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// How many tasks work at once, and how often each does what it does.
pub(crate) const TASKS: usize = 16;
pub(crate) const ROUNDS: usize = 300;

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).build().expect("threads are to be had")
}

/// Waits for all; those that were aborted do not count.
pub(crate) async fn join<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    let mut outputs = Vec::new();
    for task in tasks {
        match task.await {
            Ok(output) => outputs.push(output),
            Err(error) => assert!(error.is_cancelled(), "a task panicked: {error}"),
        }
    }
    outputs
}

/// Spawns tasks that take part until they are aborted, over and over, while `others` run.
pub(crate) async fn disturb<F, Fut>(others: Vec<JoinHandle<()>>, disturber: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    while others.iter().any(|task| !task.is_finished()) {
        let disturbers: Vec<_> = (0..4).map(|_| tokio::spawn(disturber())).collect();
        tokio::task::yield_now().await;
        for task in &disturbers {
            task.abort();
        }
        join(disturbers).await;
    }
    join(others).await;
}

/// Counts who is inside of something, and that there are never too many.
#[derive(Default)]
pub(crate) struct Inside(AtomicUsize);

impl Inside {
    #[track_caller]
    pub(crate) fn enter(&self, allowed: usize) -> Leave<'_> {
        let before = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(before < allowed, "{} are inside; allowed: {allowed}", before + 1);
        Leave(self)
    }
}

pub(crate) struct Leave<'a>(&'a Inside);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
