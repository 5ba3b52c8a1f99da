//! The primitives of Python's asyncio in idiomatic Rust, and what Rust users expect beside them,
//! instrumented for the [unpick](https://docs.rs/unpick) harness.
//!
//! Inside of a run every operation is announced before it is executed, so that other tasks can
//! come in between, and is recorded with who has what and who waits for whom. Outside of a run
//! they are ordinary primitives for any executor, between any threads; without the crate's
//! feature `sim` the probes are not even there.
//!
//! ```
//! use unpick_primitives::{Lock, task::spawn};
//! use unpick_sim::{Run, finding::Kind};
//! use std::rc::Rc;
//!
//! /// Two tasks take two locks, in opposite orders.
//! async fn crossing() {
//!     let forks = Rc::new((Lock::new(()).named("left"), Lock::new(()).named("right")));
//!     let other = forks.clone();
//!     let task = spawn(async move {
//!         let _right = other.1.lock().await;
//!         let _left = other.0.lock().await;
//!     });
//!     let left = forks.0.lock().await;
//!     let right = forks.1.lock().await;
//!     drop((left, right));
//!     task.await.expect("it returns");
//! }
//!
//! let found = (0..100).find_map(|seed| Run::new().seed(seed).execute(crossing).result.err());
//! assert_eq!(found.map(|finding| finding.kind), Some(Kind::Deadlock));
//! ```
//!
//! # From asyncio
//!
//! Semantics are CPython 3.13's: who is woken, in which order, and what is an error. What Rust
//! says otherwise: guards instead of `async with`, `Result` instead of exceptions, and dropping
//! a future instead of cancelling it. What was granted to a waiter that is dropped goes to the
//! next one.
//!
//! | asyncio | here |
//! |---|---|
//! | `Lock`, its `acquire`, `release`, `locked` | [`Lock`], around a value: [`lock`](Lock::lock), dropping the guard, [`locked`](Lock::locked) |
//! | `Event` | [`Event`] |
//! | `Condition`, `Condition(lock)` | [`Condition`], [`Condition::over`]; `wait` takes the guard and returns it |
//! | `Semaphore`, `BoundedSemaphore` | [`Semaphore`], [`BoundedSemaphore`]; bare `acquire()` is [`acquire_unguarded`](Semaphore::acquire_unguarded) |
//! | `Barrier`, `BrokenBarrierError` | [`Barrier`], [`BrokenBarrierError`](barrier::BrokenBarrierError) |
//! | `parties`, `n_waiting`, `broken`, `abort`, `reset` | the same of [`Barrier`] |
//! | `Queue`, `LifoQueue`, `PriorityQueue` | [`Queue`], [`LifoQueue`], [`PriorityQueue`] |
//! | `qsize`, `empty`, `full`, `maxsize`, `task_done`, `join` | the same of [`BaseQueue`](queue::BaseQueue) |
//! | `QueueFull`, `QueueEmpty`, `QueueShutDown` | [`PutError::Full`](queue::PutError), [`GetError::Empty`](queue::GetError), [`QueueShutDown`](queue::QueueShutDown) |
//! | `shutdown(immediate=…)` | [`shutdown`](queue::BaseQueue::shutdown) with [`Shutdown`](queue::Shutdown) |
//! | `loop.create_future()`, `Future` | [`Future`] |
//! | `set_result`, `set_exception`, `InvalidStateError` | [`set_result`](Future::set_result), [`set_error`](Future::set_error), [`InvalidStateError`](future::InvalidStateError) |
//! | `result()`, `exception()` of a future | [`result`](Future::result), which is `None` before it is done |
//! | `add_done_callback` | [`add_done_callback`](Future::add_done_callback), called in place; there is no `remove_done_callback` |
//! | `create_task`, `ensure_future` | [`task::spawn`] |
//! | `create_task(name=…)`, `get_name` | [`task::task`] with `named`, [`path`](task::JoinHandle::path) |
//! | `Task`, its `done`, `result`, `exception`, `cancelled` | [`task::JoinHandle`]: [`is_finished`](task::JoinHandle::is_finished), and what awaiting it gives, with [`JoinError`](task::JoinError) |
//! | `current_task` | `unpick_sim::current_path` |
//! | `gather` | [`task::gather`] |
//! | `gather(return_exceptions=True)` | [`task::gather_results`] |
//! | `wait(return_when=…)` | [`task::wait`] with [`task::WaitFor`] |
//! | `wait(timeout=…)` | [`Wait::within`](task::Wait::within) |
//! | `as_completed` | [`task::as_completed`]; with a time limit, a [`timeout_at`](task::timeout_at) around each [`join_next`](task::AsCompleted::join_next) |
//! | `timeout`, `wait_for` | [`task::timeout`]; `expired` is its `Err`, `TimeoutError` [`TimeoutError`](task::TimeoutError) |
//! | `timeout_at` | [`task::timeout_at`] |
//! | `Timeout.when`, `Timeout.reschedule` | [`deadline`](task::Timeout::deadline), [`reschedule`](task::Timeout::reschedule); `None` is [`Instant::NEVER`](task::Instant::NEVER) |
//! | `shield` | [`task::shield`] |
//! | `TaskGroup`, its `create_task` | [`task::task_group`], [`TaskGroup::spawn`](task::TaskGroup::spawn) |
//! | `ExceptionGroup` of a `TaskGroup` | [`TaskGroupError`](task::TaskGroupError) |
//! | `sleep`, `sleep(0)` | [`task::sleep`], [`task::yield_now`] |
//! | `to_thread`, `run_in_executor` | [`task::to_thread`] |
//! | `Task.cancel` | [`abort`](task::JoinHandle::abort) |
//! | `CancelledError` | a drop, inside of the task; [`JoinError`](task::JoinError), [`GatherError::Cancelled`](task::GatherError), [`FutureError::Cancelled`](future::FutureError) for whoever waits |
//!
//! Where it differs from asyncio's documentation:
//!
//! - A cancelled task is dropped, and cannot deny that, catch it or wait in it. What it waits for is
//!   dropped in the same step: a [`gather`](task::gather) or [`task_group`](task::task_group) with its
//!   tasks, what is in a [`timeout`](task::timeout) before that returns. Only
//!   [`abort`](task::JoinHandle::abort) is deferred.
//! - A task that is cancelled while it waits for a [`Future`] leaves it to others, as if shielded.
//! - A done callback is called in place, by whoever resolves the future or adds it too late, with the
//!   outcome.
//! - [`Condition::wait_for`] returns the guard, and [`notify`](Condition::notify) is told how many.
//! - What is spawned into a group that is being cancelled is no error: it never begins.
//! - [`to_thread`](task::to_thread) begins when it is called, in a turn of its own on the same thread.
//! - [`gather`](task::gather), [`as_completed`](task::as_completed) and [`wait`](task::wait) take
//!   futures of one type; the first two make a task of each, and [`wait`](task::wait) takes handles of
//!   tasks. `as_completed` gives outputs alone: which future it was is for them to say.
//! - A [`timeout`](task::timeout) of no time polls its future once, as `timeout(0)` does and `wait_for`
//!   does not.
//! - A panic fails the run, as `KeyboardInterrupt` ends a program, unless the task
//!   [handles panics](task::Builder::handles_panics).
//!
//! What is not there: what a drop makes needless (`Task.uncancel` and `cancelling`, messages of a
//! cancellation), what awaiting a handle does (`Task.add_done_callback`), `remove_done_callback`, what
//! the executor is for (`run`, `Runner`, event loops and their policies, `run_coroutine_threadsafe`,
//! eager tasks, `all_tasks`, call graphs, `get_stack`, `contextvars`), what Rust's types are for
//! (`iscoroutine`, `isfuture`, `wrap_future`), and streams, subprocesses, transports and protocols,
//! which do input and output.
//!
//! # From tokio
//!
//! Semantics are those that tokio's documentation states, but for types that asyncio has too.
//!
//! | tokio | here |
//! |---|---|
//! | `spawn`, `JoinHandle`, `AbortHandle` | [`task::spawn`], [`task::JoinHandle`], [`task::AbortHandle`] |
//! | `task::JoinSet` | [`task::as_completed`], [`task::task_group`] |
//! | `task::yield_now`, `task::spawn_blocking` | [`task::yield_now`], [`task::to_thread`] |
//! | `time::{sleep, sleep_until, timeout, timeout_at, Instant}` | the same of [`task`] |
//! | `time::{interval, interval_at}`, `MissedTickBehavior` | [`task::interval`], [`task::interval_at`], [`task::MissedTickBehavior`] |
//! | `sync::Mutex`, `sync::Semaphore`, `sync::Barrier` | [`Lock`], [`Semaphore`], [`Barrier`] |
//! | `sync::RwLock` | [`RwLock`] |
//! | `sync::Notify` | [`Notify`] |
//! | `sync::OnceCell` | [`OnceCell`] |
//! | `sync::SetOnce` | [`Future`], or [`Event`] |
//! | `sync::{oneshot, mpsc, broadcast, watch}` | [`oneshot`], [`mpsc`], [`broadcast`], [`watch`]; their errors in the same modules |
//! | `tokio_util::sync::CancellationToken` | [`CancellationToken`] |
//!
//! Where it differs from tokio's documentation:
//!
//! - A [`Semaphore`] cannot be closed, so that waiting for a permit cannot fail; and whoever comes
//!   while somebody was handed a permit and has not run yet waits behind, even if permits are left. So
//!   it is in asyncio.
//! - [`Barrier::wait`] gives the index of the arrival: the leader is the one with 0, say. It is cancel
//!   safe, may fail, and a barrier of no parties is refused.
//! - [`RwLock::try_read`] fails also when a writer waits, as tokio's does; and the lock is `Send` only
//!   if its value is `Sync`.
//! - Inside of a run, sending through a [`watch`] channel while somebody borrows its value is a panic:
//!   it would be a deadlock of the thread.
//! - A [`timeout`](task::timeout) of which value and deadline are both there is a choice of the run.
//! - While a sender waits for [several places](mpsc::BaseSender::reserve_many) at once, those that are
//!   kept for it count as free in [`capacity`](mpsc::BaseSender::capacity).
//! - Bounds that come of how tokio counts are not there (`Semaphore::MAX_PERMITS`, and with it of a
//!   channel's capacity and a lock's readers), nor is a hash of a
//!   [`CancellationToken`], which would be another in each process.
//!
//! What is not there: `blocking_*` (inside of a run nothing may block its thread, and outside a
//! `block_on` does it), guards of a part of a value (`map` and its like, which take unsafe code) and
//! a guard's way back to its lock, values that are not `Sized`, `const_new` (a `LazyLock` makes any of
//! them a static), `with_max_readers` (a [`Semaphore`] beside the lock), `poll_closed` (a pinned
//! [`closed`](oneshot::Sender::closed)), and the `is_…` of errors, whose variants are there.

#![forbid(unsafe_code)]

pub mod barrier;
pub mod broadcast;
pub mod cancellation_token;
pub mod condition;
pub mod event;
pub mod future;
mod instrumented;
pub mod lock;
pub mod mpsc;
pub mod notify;
pub mod once_cell;
pub mod oneshot;
mod probe;
pub mod queue;
pub mod rwlock;
pub mod semaphore;
#[cfg(feature = "sim")]
pub mod task;
mod waiters;
pub mod watch;

pub use barrier::Barrier;
pub use cancellation_token::CancellationToken;
pub use condition::Condition;
pub use event::Event;
pub use future::Future;
pub use lock::{Lock, LockGuard, TryLockError};
pub use notify::Notify;
pub use once_cell::OnceCell;
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{BoundedSemaphore, Semaphore, SemaphorePermit};
