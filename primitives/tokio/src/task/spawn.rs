//! Spawning tasks, and giving way.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::error::Panicked;
use super::join::Ended;
use super::{JoinHandle, dropped};
use crate::inside::is_inside;

/// Spawns a task: inside of a run, one of the run's.
///
/// # Panics
/// Outside of a run and of a runtime.
///
/// # Examples
/// ```
/// let outcome = unpick_sim::Run::new().execute(|| async {
///     let task = unpick_tokio::spawn(async { 6 * 7 });
///     task.await.unwrap()
/// });
/// assert_eq!(outcome.result, Ok(42));
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if is_inside() { spawn_in_run(future) } else { tokio::spawn(future).into() }
}

/// Runs a closure that blocks beside the other tasks.
///
/// Inside of a run it is one step of a task of its own, on the thread of the run: nothing comes in
/// between, and it must not wait for another task.
///
/// # Panics
/// Outside of a run and of a runtime.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    if is_inside() { spawn_blocking_in_run(f) } else { tokio::task::spawn_blocking(f).into() }
}

/// Runs a closure that blocks, in the middle of a task. Inside of a run it is part of the task's
/// step.
///
/// # Panics
/// On a runtime that has but one thread.
#[cfg(feature = "rt-multi-thread")]
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    if is_inside() { f() } else { tokio::task::block_in_place(f) }
}

/// Gives way once to the other tasks.
///
/// # Cancel safety
/// Dropping it has no effect.
pub async fn yield_now() {
    if is_inside() {
        unpick_sim::yield_now().await;
    } else {
        tokio::task::yield_now().await;
    }
}

/// Spawns a task of the run that is going on.
#[track_caller]
pub(crate) fn spawn_in_run<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    JoinHandle::of_run(unpick_sim::spawn(Caught { future: Some(future) }))
}

/// Spawns a closure as a task of the run that is going on.
#[track_caller]
pub(crate) fn spawn_blocking_in_run<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + 'static,
    R: 'static,
{
    spawn_in_run(async move { f() })
}

pin_project! {
    /// A future whose panic is part of its output, or is kept for whoever awaits the task if it is
    /// dropped before it has one.
    struct Caught<F> {
        // Invariant: there until this is dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Caught<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| future.set(None))) {
                dropped::keep(Panicked::new(payload));
            }
        }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Ended<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future.as_pin_mut().expect("it is there until it is dropped");
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(Panicked::new(payload))),
        }
    }
}
