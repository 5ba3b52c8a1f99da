//! What programs claim of themselves.

mod claims;
mod hunts;
mod in_time;
mod order;
mod points;
