//! What the integration tests share: instrumented primitives of their own, random programs, and
//! a model that says what such programs may do.

pub(crate) mod child;
pub(crate) mod model;
pub(crate) mod probed;
pub(crate) mod programs;
