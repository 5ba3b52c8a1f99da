//! For peers that do not survive a panic of the program.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::measure;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Counts runs, and ends the process with the count told as soon as anything panics.
pub fn count_until_panic(program: fn()) -> impl Fn() + Send + Sync + 'static {
    std::panic::set_hook(Box::new(|_| {
        measure::tell(Some(count()));
        std::process::exit(0);
    }));
    move || {
        COUNT.fetch_add(1, Ordering::SeqCst);
        program();
    }
}

/// How many runs were counted.
pub fn count() -> u64 {
    COUNT.load(Ordering::SeqCst)
}
