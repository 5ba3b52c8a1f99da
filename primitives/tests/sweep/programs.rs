//! Programs over each primitive that hold whoever is cancelled.

mod channels;
mod conditions;
mod locks;
mod queues;
mod signals;
