//! Traces: what their renderings show, and that nobody is misled by one.

mod comparing;
mod json;
mod lanes;
mod large;
mod last;
mod logging;
mod normal_form;
mod page;
mod programs;
#[expect(dead_code, unused_imports, reason = "each test binary uses another part of it")]
#[path = "../support/support.rs"]
mod support;
