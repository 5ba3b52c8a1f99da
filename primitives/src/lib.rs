//! The primitives of Python's asyncio in idiomatic Rust, instrumented for the unpick harness.

#![forbid(unsafe_code)]

#[cfg(feature = "sim")]
pub mod task;
