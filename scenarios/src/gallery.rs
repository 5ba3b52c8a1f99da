//! Bugs: each in a buggy and a fixed variant.

pub(crate) mod lost_update;
