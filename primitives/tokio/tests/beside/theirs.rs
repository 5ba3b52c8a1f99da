//! Over tokio's.

pub(crate) use unpick_tokio::sync::{
    Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
pub(crate) use unpick_tokio::time::{sleep, timeout};
#[path = "programs.rs"]
pub(crate) mod programs;
