//! The workloads that are measured, each as a user would write it.

#![forbid(unsafe_code)]

pub mod count;
pub mod finding;
pub mod jobs;
pub mod peers;
pub mod shrinking;
pub mod workloads;
