//! Handles of runtimes.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use tokio::runtime::{RuntimeFlavor, RuntimeMetrics, TryCurrentError};

use super::of_run::{Owned, poll_in_run};
use crate::driven;
use crate::inside::is_inside;
use crate::task::{JoinHandle, spawn_blocking_in_run, spawn_in_run};

/// A handle of a runtime: inside of a run, of the run.
#[derive(Clone)]
pub struct Handle {
    real: tokio::runtime::Handle,
    /// There if it was obtained inside of a run: then it spawns tasks of the run.
    pub(super) of_run: Option<Owned>,
}

impl Handle {
    pub(super) fn of_run(owned: Owned) -> Handle {
        Handle { real: driven::handle(), of_run: Some(owned) }
    }

    /// Tokio's own handle. Inside of a run it is that of the runtime which crates see that use
    /// tokio themselves.
    pub(crate) fn real(&self) -> &tokio::runtime::Handle {
        &self.real
    }

    /// Makes its runtime the current one, until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        let guard = if self.of_run.is_some() { None } else { Some(self.real.enter()) };
        EnterGuard { guard, handle: PhantomData }
    }

    /// The current runtime's.
    ///
    /// # Panics
    /// Outside of a run and of a runtime.
    #[track_caller]
    #[must_use]
    pub fn current() -> Handle {
        if is_inside() {
            Handle::of_run(Owned::default())
        } else {
            tokio::runtime::Handle::current().into()
        }
    }

    /// The current runtime's, if there is one.
    ///
    /// # Errors
    /// If there is none.
    pub fn try_current() -> Result<Handle, TryCurrentError> {
        if is_inside() {
            Ok(Handle::of_run(Owned::default()))
        } else {
            tokio::runtime::Handle::try_current().map(Handle::from)
        }
    }

    /// Spawns a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.of_run {
            Some(owned) if is_inside() => owned.own(spawn_in_run(future)),
            _ => self.real.spawn(future).into(),
        }
    }

    /// Runs a closure that blocks beside the other tasks: see
    /// [`spawn_blocking`](crate::task::spawn_blocking).
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match &self.of_run {
            Some(owned) if is_inside() => owned.own(spawn_blocking_in_run(func)),
            _ => self.real.spawn_blocking(func).into(),
        }
    }

    /// Runs a future on this thread.
    ///
    /// # Panics
    /// Inside of a run, unless the future is ready at once: nothing blocks there.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        if is_inside() {
            poll_in_run("Handle::block_on", future)
        } else {
            self.real.block_on(future)
        }
    }

    /// What kind of runtime it is. A run is of one thread.
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        self.real.runtime_flavor()
    }

    /// The id of the runtime.
    #[must_use]
    pub fn id(&self) -> tokio::runtime::Id {
        self.real.id()
    }

    /// The name of the runtime, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.real.name()
    }

    /// What the runtime counts. Inside of a run that is the runtime which crates see that use tokio
    /// themselves: the run's own tasks do not count.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.real.metrics()
    }
}

impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl From<tokio::runtime::Handle> for Handle {
    fn from(real: tokio::runtime::Handle) -> Handle {
        Handle { real, of_run: None }
    }
}

impl From<Handle> for tokio::runtime::Handle {
    fn from(handle: Handle) -> tokio::runtime::Handle {
        handle.real
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_run {
            Some(_) => f.write_str("Handle { of a run }"),
            None => self.real.fmt(f),
        }
    }
}

/// Keeps a runtime the current one.
#[must_use = "Creating and dropping a guard does nothing"]
pub struct EnterGuard<'a> {
    /// Inside of a run there is nothing to enter.
    guard: Option<tokio::runtime::EnterGuard<'a>>,
    handle: PhantomData<&'a Handle>,
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").field("guard", &self.guard).finish()
    }
}
