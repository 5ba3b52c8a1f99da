//! Over unpick's own primitives.

pub(crate) use ::own::task::{sleep, timeout};
pub(crate) use ::own::{
    Barrier, Lock as Mutex, Notify, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
#[path = "programs.rs"]
pub(crate) mod programs;
