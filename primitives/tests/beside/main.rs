//! Our locks, channels, cells and notifications beside tokio's own: the same operations on both, poll by
//! poll, do the same and wake the same.

mod broadcast;
mod hand;
mod locks;
mod mpsc;
mod notify;
mod once_cell;
mod oneshot;
mod watch;
