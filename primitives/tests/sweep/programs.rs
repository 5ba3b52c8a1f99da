//! Programs over each primitive that hold whoever is cancelled.

mod locks;
mod queues;
mod signals;
