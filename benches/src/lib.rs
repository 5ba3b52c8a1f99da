//! The workloads that are measured, each as a user would write it.
//!
#![doc = include_str!("../LIMITS.md")]
#![deny(unsafe_code)]

pub mod callgrind;
pub mod count;
pub mod finding;
pub mod jobs;
pub mod limit;
pub mod peers;
pub mod profile;
pub mod reports;
pub mod scale;
pub mod shrinking;
pub mod systematic;
pub mod workloads;
