//! A runtime, which inside of a run is a way to spawn into the run.

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::RuntimeMetrics;

use super::handle::{EnterGuard, Handle};
use super::refuse_to_block;
use crate::inside::is_inside;
use crate::task::{AbortHandle, JoinHandle};

/// A runtime. One that is made inside of a run spawns tasks of the run, and aborts them when it is
/// dropped.
pub struct Runtime {
    /// `None` if it was made inside of a run.
    real: Option<tokio::runtime::Runtime>,
    handle: Handle,
}

/// The tasks of a runtime that was made inside of a run, to be aborted with it.
#[derive(Clone, Default)]
pub(super) struct Owned(Option<Arc<Mutex<Vec<AbortHandle>>>>);

impl Owned {
    fn new() -> Owned {
        Owned(Some(Arc::default()))
    }

    pub(super) fn own<T>(&self, handle: JoinHandle<T>) -> JoinHandle<T> {
        if let Some(tasks) = &self.0 {
            tasks.lock().unwrap_or_else(PoisonError::into_inner).push(handle.abort_handle());
        }
        handle
    }

    fn abort(&self) {
        if let Some(tasks) = &self.0 {
            let tasks = std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner));
            tasks.iter().for_each(AbortHandle::abort);
        }
    }
}

/// Polls a future that was to be blocked on inside of a run: it must be ready at once.
#[track_caller]
pub(super) fn poll_in_run<F: Future>(what: &str, future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => refuse_to_block(
            what,
            "make the function that calls it async, or let the hunt call the async function \
             underneath (`#[tokio::main]` makes a function that calls it)",
        ),
    }
}

impl Runtime {
    /// A runtime of several threads; inside of a run, one that spawns into the run.
    ///
    /// # Errors
    /// If its threads or its driver cannot be had.
    #[cfg(feature = "rt-multi-thread")]
    pub fn new() -> std::io::Result<Runtime> {
        super::Builder::new_multi_thread().enable_all().build()
    }

    pub(super) fn of_run() -> Runtime {
        Runtime { real: None, handle: Handle::of_run(Owned::new()) }
    }

    /// Tokio's own, if it is one.
    pub(crate) fn real(&self) -> Option<&tokio::runtime::Runtime> {
        self.real.as_ref()
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a closure that blocks beside the other tasks: see
    /// [`spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(func)
    }

    /// Runs a future on this thread, and the runtime beside it.
    ///
    /// # Panics
    /// Inside of a run, unless the future is ready at once: nothing blocks there.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.real {
            Some(real) if !is_inside() => real.block_on(future),
            _ => poll_in_run("Runtime::block_on", future),
        }
    }

    /// Makes it the current one, until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Shuts it down, and waits so long for closures that block.
    pub fn shutdown_timeout(mut self, duration: Duration) {
        if let Some(real) = self.real.take() {
            real.shutdown_timeout(duration);
        }
    }

    /// Shuts it down, and waits for nothing.
    pub fn shutdown_background(mut self) {
        if let Some(real) = self.real.take() {
            real.shutdown_background();
        }
    }

    /// What it counts: see [`Handle::metrics`].
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(owned) = &self.handle.of_run {
            owned.abort();
        }
    }
}

impl From<tokio::runtime::Runtime> for Runtime {
    fn from(real: tokio::runtime::Runtime) -> Runtime {
        Runtime { handle: real.handle().clone().into(), real: Some(real) }
    }
}

impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.real {
            Some(real) => real.fmt(f),
            None => f.write_str("Runtime { of a run }"),
        }
    }
}
