//! For peers that survive a panic of the program.

/// The first run that panics, from 1.
pub fn first_panic(runs_max: u64, run: impl Fn(u64)) -> Option<u64> {
    std::panic::set_hook(Box::new(|_| {}));
    (1..=runs_max).find(|&number| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(number))).is_err()
    })
}
