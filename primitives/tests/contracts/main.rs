//! What each primitive promises, one promise a test: on a plain executor by hand, poll by poll,
//! and inside of runs.

mod barrier;
mod broadcast;
mod cancellation_token;
mod condition;
mod event;
mod future;
mod hand;
mod line;
mod lock;
mod mpsc;
mod notify;
mod once_cell;
mod oneshot;
mod queue;
mod rwlock;
mod semaphore;
mod watch;
