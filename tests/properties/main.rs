//! What programs claim of themselves.

mod claims;
mod in_time;
