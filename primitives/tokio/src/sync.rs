//! Synchronisation between tasks: tokio's types, announced and explained inside of a run.
//!
//! Each type wraps tokio's own. Inside of a run it tells the engine what is about to be done, lets
//! other tasks in between, and then does it to tokio's type; so schedules, traces and reports treat
//! it as one of unpick's own. Outside of a run it asks whether there is one, and does it.
//!
//! What differs from tokio, inside of a run:
//! - a future may return `Pending` once before it begins, as it may in tokio when the budget of its
//!   task is used up;
//! - who is woken by one call is woken in the order in which the waits began;
//! - a call that blocks its thread panics if it would have to wait.
//!
//! The types are not tokio's own, so that what other crates make of those does not fit: a
//! `ReceiverStream` of `tokio-stream`, say, is of tokio's `Receiver`.

mod blocking;
mod cell;
mod end;
mod guard;
mod held;
mod kept;
mod stamped;
mod waiting;
mod waking;

mod barrier;
pub mod broadcast;
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod rwlock;
mod semaphore;
mod set_once;
pub mod watch;

pub use tokio::sync::{
    AcquireError, BarrierWaitResult, SetError, SetOnceError, TryAcquireError, TryLockError,
};

pub use self::barrier::Barrier;
pub use self::mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
};
pub use self::notify::Notify;
pub use self::once_cell::OnceCell;
pub use self::rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
pub use self::semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use self::set_once::SetOnce;

/// Futures that have names.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}
