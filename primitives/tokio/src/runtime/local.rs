//! A runtime whose tasks stay on its thread.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::RuntimeMetrics;

use super::{EnterGuard, Handle};
use crate::inside::is_inside;
use crate::task::JoinHandle;

/// A runtime whose tasks stay on its thread, and need not be `Send`: tokio's
/// [`LocalRuntime`](tokio::runtime::LocalRuntime). Inside of a run there is none: a
/// [`LocalSet`](crate::task::LocalSet) does the same there.
#[derive(Debug)]
pub struct LocalRuntime {
    handle: Handle,
    real: tokio::runtime::LocalRuntime,
}

impl LocalRuntime {
    /// As tokio's [`new`](tokio::runtime::LocalRuntime::new).
    ///
    /// # Errors
    /// If its driver cannot be had, and inside of a run.
    pub fn new() -> io::Result<LocalRuntime> {
        super::Builder::new_current_thread().enable_all().build_local(Default::default())
    }

    /// What there is if `build` is not called inside of a run.
    pub(super) fn build(
        build: impl FnOnce() -> io::Result<tokio::runtime::LocalRuntime>,
    ) -> io::Result<LocalRuntime> {
        if is_inside() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a `LocalRuntime` is not to be had inside of a run; a `LocalSet` is",
            ));
        }
        build().map(LocalRuntime::from)
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As tokio's [`spawn_local`](tokio::runtime::LocalRuntime::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.real.spawn_local(future).into()
    }

    /// As tokio's [`spawn_blocking`](tokio::runtime::LocalRuntime::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.real.spawn_blocking(func).into()
    }

    /// As tokio's [`block_on`](tokio::runtime::LocalRuntime::block_on).
    ///
    /// # Panics
    /// Inside of a run, where nothing blocks.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if is_inside() {
            super::refuse_to_block("LocalRuntime::block_on", "LocalSet::run_until(future)");
        }
        self.real.block_on(future)
    }

    /// As tokio's [`enter`](tokio::runtime::LocalRuntime::enter).
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// As tokio's [`shutdown_timeout`](tokio::runtime::LocalRuntime::shutdown_timeout).
    pub fn shutdown_timeout(self, duration: Duration) {
        self.real.shutdown_timeout(duration);
    }

    /// As tokio's [`shutdown_background`](tokio::runtime::LocalRuntime::shutdown_background).
    pub fn shutdown_background(self) {
        self.real.shutdown_background();
    }

    /// As tokio's [`metrics`](tokio::runtime::LocalRuntime::metrics).
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.real.metrics()
    }
}

impl From<tokio::runtime::LocalRuntime> for LocalRuntime {
    fn from(real: tokio::runtime::LocalRuntime) -> LocalRuntime {
        LocalRuntime { handle: real.handle().clone().into(), real }
    }
}
