//! Traces: what their renderings show, and that nobody is misled by one.

mod lanes;
mod programs;
