//! Tokio's own names, simulated.
//!
//! Without the feature `sim` this package is `pub use tokio::*` and nothing else, so that code
//! which is built for production is built with tokio.

pub use tokio::*;

#[cfg(feature = "sim")]
mod driven;
#[cfg(feature = "sim")]
mod inside;
#[cfg(feature = "sim")]
pub mod runtime;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "sim")]
pub mod sync;
#[cfg(feature = "sim")]
pub mod task;
#[cfg(feature = "sim")]
pub mod time;

#[cfg(feature = "sim")]
pub use task::spawn;
