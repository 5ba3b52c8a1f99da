//! Why nothing was put, got or reported done.

use std::fmt;

/// Nothing was put: asyncio's `QueueFull` and `QueueShutDown`.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{PutError, Queue, Shutdown};
///
/// let queue = Queue::new(1);
/// assert_eq!(queue.put_nowait(1), Ok(()));
/// assert_eq!(queue.put_nowait(2), Err(PutError::Full(2)));
/// queue.shutdown(Shutdown::Drain);
/// assert_eq!(queue.put_nowait(3), Err(PutError::ShutDown(3)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError<T> {
    /// The queue is full.
    Full(T),
    /// The queue is shut down.
    ShutDown(T),
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PutError::Full(_) => "the queue is full",
            PutError::ShutDown(_) => "the queue is shut down",
        })
    }
}

impl<T: fmt::Debug> std::error::Error for PutError<T> {}

/// Nothing was got: asyncio's `QueueEmpty` and `QueueShutDown`.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{GetError, Queue, Shutdown};
///
/// let queue = Queue::<u8>::new(1);
/// assert_eq!(queue.get_nowait(), Err(GetError::Empty));
/// queue.shutdown(Shutdown::Drain);
/// assert_eq!(queue.get_nowait(), Err(GetError::ShutDown));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// The queue is empty.
    Empty,
    /// The queue is empty, and shut down.
    ShutDown,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GetError::Empty => "the queue is empty",
            GetError::ShutDown => "the queue is shut down",
        })
    }
}

impl std::error::Error for GetError {}

/// The queue is shut down: asyncio's `QueueShutDown`. Gives back what was to be put.
///
/// # Examples
/// ```
/// use unpick_primitives::queue::{Queue, QueueShutDown, Shutdown};
///
/// let queue = Queue::new(1);
/// queue.shutdown(Shutdown::Drain);
/// futures::executor::block_on(async {
///     assert_eq!(queue.put("job").await, Err(QueueShutDown("job")));
///     assert_eq!(queue.get().await, Err(QueueShutDown(())));
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueShutDown<T = ()>(pub T);

impl<T> fmt::Display for QueueShutDown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is shut down")
    }
}

impl<T: fmt::Debug> std::error::Error for QueueShutDown<T> {}

/// More work was reported done than was put: asyncio's `ValueError`.
///
/// # Examples
/// ```
/// let queue = unpick_primitives::Queue::<u8>::new(0);
/// let error = queue.task_done().unwrap_err();
/// assert_eq!(error.to_string(), "task_done() called too many times");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDoneError;

impl fmt::Display for TaskDoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("task_done() called too many times")
    }
}

impl std::error::Error for TaskDoneError {}
