//! For peers of which each run is made by itself.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

/// The first run that panics, from 1.
pub fn first_panic(runs_max: u64, run: impl Fn(u64)) -> Option<u64> {
    set_hook(Box::new(|_| {}));
    (1..=runs_max).find(|&number| catch_unwind(AssertUnwindSafe(|| run(number))).is_err())
}
