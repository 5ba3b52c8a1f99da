//! The models and the cancellation sweep of unpick's own primitives, over tokio's.
//!
//! What they test they take from `unpick_primitives`. Here that is this crate, in which tokio's
//! types stand under the names of ours, where they are much the same.

// So that `unpick_primitives::Lock`, in the files below, is what is called so here.
extern crate self as unpick_primitives;

#[path = "../../../tests/sweep/programs/channels.rs"]
mod channels;
#[path = "../../../tests/sweep/each.rs"]
mod each;
#[path = "../../../tests/models/harness.rs"]
mod harness;
#[path = "../../../tests/models/lock.rs"]
mod lock_model;
#[path = "../../../tests/sweep/programs/locks.rs"]
mod locks;
#[path = "../../../tests/models/rwlock.rs"]
mod rwlock_model;
#[path = "../../../tests/models/semaphore.rs"]
mod semaphore_model;
#[path = "../../../tests/sweep/programs/signals.rs"]
mod signals;
mod standing;
#[path = "../../../tests/sweep/victim.rs"]
#[expect(dead_code, reason = "random programs use more of it")]
mod victim;
#[path = "../../../tests/models/watch.rs"]
mod watch_model;

pub(crate) use each::sweep;
// What tokio has not got is our own.
pub(crate) use own::*;
pub(crate) use standing::{Lock, Semaphore};
pub(crate) use unpick_tokio::sync::{Notify, OnceCell, RwLock, broadcast, mpsc, oneshot, watch};
