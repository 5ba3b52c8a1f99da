//! What is found out about failures, kept of them, and said of them.

mod callers;
mod edits;
mod explaining;
mod keeping;
mod situations;
