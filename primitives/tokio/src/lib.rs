//! Tokio's own names, simulated.
//!
//! Without the feature `sim` this package is `pub use tokio::*` and nothing else, so that code
//! which is built for production is built with tokio.

pub use tokio::*;

#[cfg(feature = "sim")]
pub mod sync;
