//! Random programs of tasks over one primitive each, under random schedules in both switching
//! modes, held against small sequential models: everything that happens must be possible in the
//! model when it happens, and whoever is still waiting when nothing moves any more must have to.

mod barrier;
mod broadcast;
mod cancellation_token;
mod condition;
mod event;
mod future;
mod harness;
mod lock;
mod mpsc;
mod notify;
mod once_cell;
mod oneshot;
mod queue;
mod rwlock;
mod semaphore;
mod watch;
