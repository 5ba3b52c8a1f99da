//! The primitives of Python's asyncio in idiomatic Rust, instrumented for the unpick harness.

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
