//! What each primitive promises, one promise a test: on a plain executor by hand, poll by poll,
//! and inside of runs.

mod barrier;
mod condition;
mod event;
mod future;
mod hand;
mod lock;
mod queue;
mod semaphore;
