//! The primitives outside of a run: on tokio's multi-threaded runtime and on plain executors,
//! under load from real threads, with tasks that are aborted in between.

mod bounds;
mod channels;
mod load;
mod locks;
mod plain;
mod queues;
