//! Macros whose random choices are the run's.

/// Waits for the first of several futures, as tokio's `select!` does, with all of its grammar.
///
/// Unless it is `biased`, which branch is polled first is drawn anew for each poll: inside of a
/// run from its tape, where the plain choice is the first branch.
///
/// # Examples
/// ```
/// use std::{collections::BTreeSet, future::ready};
///
/// let outcomes = (0..50).map(|seed| {
///     unpick_sim::Run::new().seed(seed).execute(|| async {
///         unpick_tokio::select! {
///             first = ready("first") => first,
///             second = ready("second") => second,
///         }
///     })
/// });
/// let taken: BTreeSet<&str> = outcomes.map(|outcome| outcome.result.unwrap()).collect();
/// assert_eq!(taken.into_iter().collect::<Vec<_>>(), ["first", "second"]);
/// ```
#[macro_export]
macro_rules! select {
    ($(biased;)? else => $else:expr $(,)?) => {
        $crate::__tokio::select!(else => $else)
    };
    (biased; $($branches:tt)*) => {
        $crate::__tokio::select!(biased; $($branches)*)
    };
    ($pattern:pat = $($branches:tt)*) => {
        // The entry point for a first branch of one's own choosing: tokio's macro enters itself
        // there, with a constant for the number of branches.
        $crate::__tokio::select!(
            @{ start={ $crate::macros::support::thread_rng_n(BRANCHES) }; () }
            $pattern = $($branches)*
        )
    };
    () => {
        ::core::compile_error!("select! requires at least one branch.")
    };
}

pub mod hunt;

/// What macros of this package and of tokio's expand to.
pub mod support {
    pub use tokio::macros::support::*;

    /// A number below `n`: inside of a run from its tape, where reports say who asked for it.
    #[must_use]
    #[track_caller]
    pub fn thread_rng_n(n: u32) -> u32 {
        if crate::inside::is_inside() {
            unpick_sim::pick(n as usize) as u32
        } else {
            tokio::macros::support::thread_rng_n(n)
        }
    }
}
