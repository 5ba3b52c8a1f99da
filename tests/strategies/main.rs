//! What strategies promise, measured.

mod distribution;
mod hunting;
