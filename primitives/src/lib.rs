//! The primitives of Python's asyncio in idiomatic Rust, instrumented for the unpick harness.

#![forbid(unsafe_code)]

pub mod condition;
pub mod event;
mod instrumented;
pub mod lock;
mod probe;
pub mod queue;
pub mod semaphore;
#[cfg(feature = "sim")]
pub mod task;
mod waiters;

pub use condition::Condition;
pub use event::Event;
pub use lock::{Lock, LockGuard, TryLockError};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use semaphore::{BoundedSemaphore, Semaphore, SemaphorePermit};
