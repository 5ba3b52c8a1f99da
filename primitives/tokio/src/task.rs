//! Tasks: tokio's own outside of runs, and the run's inside of one.
//!
//! Inside of a run, [`spawn`], [`spawn_local`] and [`spawn_blocking`] make tasks of the run, which
//! schedules order and reports name. A panic of such a task comes to whoever awaits its handle, as
//! in tokio; it is a finding if nobody does.

pub mod coop;
mod dropped;
mod error;
mod id;
mod join;
mod local;
mod set;
mod spawn;

pub use tokio::task::{LocalKey, futures};

#[doc(hidden)]
pub use self::coop::{Unconstrained, consume_budget, unconstrained};
pub use self::error::JoinError;
pub use self::id::{Id, id, try_id};
pub use self::join::{AbortHandle, JoinHandle};
pub use self::local::{LocalEnterGuard, LocalSet, spawn_local};
pub use self::set::JoinSet;
#[cfg(feature = "rt-multi-thread")]
pub use self::spawn::block_in_place;
pub use self::spawn::{spawn, spawn_blocking, yield_now};

pub(crate) use self::dropped::give_up;
pub(crate) use self::spawn::{spawn_blocking_in_run, spawn_in_run};
