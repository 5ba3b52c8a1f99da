//! For peers that make many runs by themselves, and end at a panic of the program.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::measure;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Counts runs.
pub fn counting(program: fn()) -> impl Fn() + Send + Sync + 'static {
    COUNT.store(0, Ordering::SeqCst);
    move || {
        COUNT.fetch_add(1, Ordering::SeqCst);
        program();
    }
}

/// How many runs were counted.
pub fn count() -> u64 {
    COUNT.load(Ordering::SeqCst)
}

/// In which run a panic ended it, from 1; `None` if none did.
pub fn first_panic(run: impl FnOnce()) -> Option<u64> {
    set_hook(Box::new(|info| {
        // One within another, which the process does not survive.
        let text = info.payload_as_str().unwrap_or_default();
        if text.contains("during cleanup") || text.contains("cannot unwind") {
            println!("{} {} -", count(), measure::nanoseconds());
            std::process::exit(0);
        }
    }));
    catch_unwind(AssertUnwindSafe(run)).is_err().then(count)
}
