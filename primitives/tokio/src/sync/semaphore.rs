//! The semaphore.

mod permit;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

pub use permit::{OwnedSemaphorePermit, SemaphorePermit};
use tokio::sync as real;
use unpick_sim::probe::{Access, Cause, Object, is_inside_run};

use super::blocking::would_block;
use super::waiting::{Announced, Waiting};
use super::waking::Call;
use super::{AcquireError, TryAcquireError};

/// Who ends whose wait, apart from those who have permits.
static CAUSES: [Cause; 1] = [Cause { wait: "acquire", by: &["add_permits", "close"], owed: &[] }];

/// A counter of permits: tokio's [`Semaphore`](real::Semaphore).
///
/// Inside of a run the engine knows who has how many permits, and from where.
///
/// # Examples
/// ```
/// use unpick_sim::{Run, finding::Kind};
/// use unpick_tokio::sync::Semaphore;
///
/// let outcome = Run::new().execute(|| async {
///     let connections = Semaphore::new(3);
///     let _two = connections.acquire_many(2).await.unwrap();
///     // One is left, and nobody gives the others back.
///     let _two_more = connections.acquire_many(2).await.unwrap();
/// });
/// assert_eq!(outcome.result.unwrap_err().kind, Kind::Deadlock);
/// ```
pub struct Semaphore {
    object: Object,
    inner: real::Semaphore,
}

#[track_caller]
const fn object() -> Object {
    Object::in_static("semaphore").with_causes(&CAUSES)
}

impl Semaphore {
    /// As tokio's [`MAX_PERMITS`](real::Semaphore::MAX_PERMITS).
    pub const MAX_PERMITS: usize = real::Semaphore::MAX_PERMITS;

    /// As tokio's [`new`](real::Semaphore::new).
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Semaphore { inner: real::Semaphore::new(permits), object: object().registered() }
    }

    /// As tokio's [`const_new`](real::Semaphore::const_new).
    #[track_caller]
    pub const fn const_new(permits: usize) -> Self {
        Semaphore { inner: real::Semaphore::const_new(permits), object: object() }
    }

    /// As tokio's [`available_permits`](real::Semaphore::available_permits).
    #[track_caller]
    pub fn available_permits(&self) -> usize {
        self.object.immediate("available_permits", Access::Read);
        self.inner.available_permits()
    }

    /// As tokio's [`add_permits`](real::Semaphore::add_permits).
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        if !is_inside_run() {
            return self.inner.add_permits(n);
        }
        self.object.immediate("add_permits", Access::Change);
        self.object.publish();
        self.object.give_back(u32::try_from(n).unwrap_or(u32::MAX));
        let _call = Call::begin();
        self.inner.add_permits(n);
    }

    /// As tokio's [`forget_permits`](real::Semaphore::forget_permits).
    #[track_caller]
    pub fn forget_permits(&self, n: usize) -> usize {
        self.object.immediate("forget_permits", Access::Change);
        self.inner.forget_permits(n)
    }

    /// As tokio's [`acquire`](real::Semaphore::acquire).
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        self.acquire_many(1)
    }

    /// As tokio's [`acquire_many`](real::Semaphore::acquire_many).
    #[track_caller]
    pub fn acquire_many(
        &self,
        n: u32,
    ) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        let site = Location::caller();
        let acquire = self.acquire_at(n, site);
        async move { Ok(SemaphorePermit::new(self, acquire.await?, site)) }
    }

    /// As tokio's [`acquire_owned`](real::Semaphore::acquire_owned).
    #[track_caller]
    pub fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_many_owned(1)
    }

    /// As tokio's [`acquire_many_owned`](real::Semaphore::acquire_many_owned).
    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        let site = Location::caller();
        async move {
            // The permits are the new permit's from here on.
            self.acquire_at(n, site).await?.forget();
            Ok(OwnedSemaphorePermit::new(self, n, site))
        }
    }

    fn acquire_at(
        &self,
        n: u32,
        site: &'static Location<'static>,
    ) -> Announced<'_, impl Future<Output = Result<real::SemaphorePermit<'_>, AcquireError>>> {
        let waiting = Waiting::for_object("acquire", site);
        Announced::new(&self.object, waiting, self.inner.acquire_many(n))
    }

    /// As tokio's [`try_acquire`](real::Semaphore::try_acquire).
    ///
    /// # Errors
    /// If no permit is left, or it is closed.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// As tokio's [`try_acquire_many`](real::Semaphore::try_acquire_many).
    ///
    /// # Errors
    /// If fewer permits are left, or it is closed.
    #[track_caller]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.object.immediate("try_acquire", Access::Change);
        let permit = self.inner.try_acquire_many(n)?;
        Ok(SemaphorePermit::new(self, permit, Location::caller()))
    }

    /// As tokio's [`try_acquire_owned`](real::Semaphore::try_acquire_owned).
    ///
    /// # Errors
    /// If no permit is left, or it is closed.
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As tokio's [`try_acquire_many_owned`](real::Semaphore::try_acquire_many_owned).
    ///
    /// # Errors
    /// If fewer permits are left, or it is closed.
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.object.immediate("try_acquire", Access::Change);
        self.inner.try_acquire_many(n)?.forget();
        Ok(OwnedSemaphorePermit::new(self, n, Location::caller()))
    }

    /// As tokio's [`blocking_acquire`](real::Semaphore::blocking_acquire).
    ///
    /// # Errors
    /// If it is closed.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if no permit is left.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.blocking_acquire_many(1)
    }

    /// As tokio's [`blocking_acquire_many`](real::Semaphore::blocking_acquire_many).
    ///
    /// # Errors
    /// If it is closed.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if fewer permits are left.
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        let permit = self.acquire_blocking(n)?;
        Ok(SemaphorePermit::new(self, permit, Location::caller()))
    }

    /// As tokio's [`blocking_acquire_owned`](real::Semaphore::blocking_acquire_owned).
    ///
    /// # Errors
    /// If it is closed.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if no permit is left.
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.blocking_acquire_many_owned(1)
    }

    /// As tokio's [`blocking_acquire_many_owned`](real::Semaphore::blocking_acquire_many_owned).
    ///
    /// # Errors
    /// If it is closed.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if fewer permits are left.
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_blocking(n)?.forget();
        Ok(OwnedSemaphorePermit::new(self, n, Location::caller()))
    }

    #[track_caller]
    fn acquire_blocking(&self, n: u32) -> Result<real::SemaphorePermit<'_>, AcquireError> {
        if !is_inside_run() || self.inner.is_closed() {
            return self.inner.blocking_acquire_many(n);
        }
        self.object.immediate("blocking_acquire", Access::Change);
        match self.inner.try_acquire_many(n) {
            Ok(permit) => Ok(permit),
            Err(_) => would_block("blocking_acquire", &self.object),
        }
    }

    /// As tokio's [`close`](real::Semaphore::close).
    #[track_caller]
    pub fn close(&self) {
        if !is_inside_run() {
            return self.inner.close();
        }
        self.object.immediate("close", Access::Change);
        self.object.publish();
        let call = Call::begin();
        self.inner.close();
        self.object.notified(call.woken());
    }

    /// As tokio's [`is_closed`](real::Semaphore::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.object.immediate("is_closed", Access::Read);
        self.inner.is_closed()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
