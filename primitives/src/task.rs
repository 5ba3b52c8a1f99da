//! Tasks and what combines them: asyncio's `gather`, `wait`, `timeout`, `shield` and task groups.
//!
//! | asyncio | here | who owns the children |
//! |---|---|---|
//! | `create_task` | [`spawn`], [`task`] | nobody: dropping a handle leaves its task running |
//! | `gather` | [`gather`], [`gather_results`] | the gather, until it has returned |
//! | `TaskGroup` | [`task_group`] | the group |
//! | `wait` | [`wait`] | nobody |
//! | `as_completed` | [`as_completed`] | nobody |
//! | `timeout`, `timeout_at` | [`timeout`], [`timeout_at`] | there are none: the same task |
//! | `shield` | [`shield`] | nobody: that is what it is for |
//! | `to_thread` | [`to_thread`] | nobody |
//! | `sleep`, `sleep(0)` | [`sleep`], [`yield_now`] | |
//!
//! What owns its children drops them, when it is dropped itself, in place and in order, before
//! its own drop returns. Only [`JoinHandle::abort`] is deferred: such a task is dropped when it
//! is next scheduled.
//!
//! All of it works inside of a run only.

mod as_completed;
mod children;
mod gather;
mod group;
mod shield;
mod thread;
mod timeout;
mod together;
mod wait;

pub use unpick_sim::time::{
    Instant, Interval, MissedTickBehavior, Sleep, interval, interval_at, sleep, sleep_until,
};
pub use unpick_sim::{
    AbortHandle, Builder, JoinError, JoinHandle, YieldNow, spawn, task, yield_now,
};

pub use as_completed::{AsCompleted, as_completed};
pub use gather::{Gather, GatherError, GatherResults, gather, gather_results};
pub use group::{TaskGroup, TaskGroupError, TaskGroupScope, task_group};
pub use shield::{Shield, shield};
pub use thread::to_thread;
pub use timeout::{Timeout, TimeoutError, timeout, timeout_at};
pub use wait::{Done, Wait, WaitFor, Waited, wait};
