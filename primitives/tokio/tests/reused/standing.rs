//! Tokio's types under the names and with the few methods that the tests use.

use std::future::Future;
use std::sync::Arc;

use unpick_tokio::sync as real;

#[derive(Debug)]
pub(crate) struct Lock<T>(real::Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(real::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> impl Future<Output = real::MutexGuard<'_, T>> {
        self.0.lock()
    }

    pub(crate) fn try_lock(&self) -> Result<real::MutexGuard<'_, T>, real::TryLockError> {
        self.0.try_lock()
    }

    pub(crate) fn locked(&self) -> bool {
        self.0.try_lock().is_err()
    }
}

/// A semaphore that is never closed.
#[derive(Debug)]
pub(crate) struct Semaphore(Arc<real::Semaphore>);

impl Semaphore {
    pub(crate) fn new(permits: usize) -> Semaphore {
        Semaphore(Arc::new(real::Semaphore::new(permits)))
    }

    pub(crate) async fn acquire(&self) -> real::SemaphorePermit<'_> {
        self.acquire_many(1).await
    }

    pub(crate) async fn acquire_many(&self, permits: u32) -> real::SemaphorePermit<'_> {
        self.0.acquire_many(permits).await.expect("it is open")
    }

    pub(crate) async fn acquire_unguarded(&self) {
        self.0.clone().acquire_owned().await.expect("it is open").forget();
    }

    pub(crate) fn try_acquire(&self) -> Result<real::SemaphorePermit<'_>, real::TryAcquireError> {
        self.0.try_acquire()
    }

    pub(crate) fn try_acquire_many(
        &self,
        permits: u32,
    ) -> Result<real::SemaphorePermit<'_>, real::TryAcquireError> {
        self.0.try_acquire_many(permits)
    }

    pub(crate) fn release(&self) {
        self.0.add_permits(1);
    }
}
