//! Synchronisation between tasks: tokio's types, announced and explained inside of a run.

pub use tokio::sync::*;
