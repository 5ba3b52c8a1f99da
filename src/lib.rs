//! **Unpick**: deterministic simulation testing for async Rust.
//!
//! Code runs on a seeded, virtual-clock executor under randomised interleavings, so that any
//! failure is reproduced by its seed. This crate is the one to depend on: it gathers the engine
//! ([`sim`]) and the primitives ([`primitives`]).
//!
//! ```
//! use unpick::{Hunt, Kind};
//!
//! let report = Hunt::new("stuck").run(|| async { std::future::pending::<()>().await });
//! report.assert_finds(Kind::Deadlock);
//! ```
//!
//! What is controlled, what is detected and what is not seen: a table in the documentation of
//! [`sim`](unpick_sim#what-is-controlled).

#![forbid(unsafe_code)]

pub use unpick_primitives as primitives;
pub use unpick_sim as sim;

#[cfg(feature = "cli")]
pub use unpick_sim::cli;
pub use unpick_sim::faults::Faults;
pub use unpick_sim::finding::{Finding, Kind};
pub use unpick_sim::hunt::{Failure, Hunt, Isolation, Report};
pub use unpick_sim::options::{Detectors, Options, Switching, TimeModel};
#[cfg(feature = "proptest")]
pub use unpick_sim::schedules::schedules;
pub use unpick_sim::{Outcome, Run};
pub use unpick_sim::{always, buggify, event, eventually, point, reachable, sometimes};

/// # Examples
/// ```
/// use unpick::sim::{Shared, spawn, step};
/// use std::rc::Rc;
///
/// # fn main() {}
/// #[unpick::test(runs = 500, expect = "lost update")]
/// async fn deposits() {
///     let balance = Rc::new(Shared::synchronized(100));
///     let deposit = |amount| {
///         let balance = balance.clone();
///         async move {
///             let seen = balance.get();
///             step().await;
///             balance.set(seen + amount);
///         }
///     };
///     let teller = spawn(deposit(10));
///     deposit(20).await;
///     teller.await.unwrap();
/// }
/// ```
///
/// What is not allowed is an error of the compiler:
/// ```compile_fail
/// #[unpick::test(shard = "5/4")] // allowed: "i/n", with i from 1 up to n, such as "2/4"
/// async fn it_fails() {}
/// ```
/// ```compile_fail
/// #[unpick::test(rnus = 10)] // there is no option `rnus`; allowed: runs, seed, …
/// async fn misspelt() {}
/// ```
/// ```compile_fail
/// #[unpick::test(runs = 0)] // option `runs` is `0`; allowed: a whole number from 1
/// async fn none() {}
/// ```
/// ```compile_fail
/// #[unpick::test(switching = "sometimes")] // allowed: "preemptive", "cooperative", "both"
/// async fn unknown() {}
/// ```
/// Kinds and strategies are looked up in constants, so these are errors of the compiler as well:
/// ```compile_fail
/// // There is no kind of finding `deadlok`; allowed: panic, error, …
/// const EXPECTED: unpick::Kind = unpick::Kind::of_name("deadlok");
/// ```
/// ```compile_fail
/// use unpick::sim::strategy::portfolio::Member;
/// // There is no strategy `pct(0)`; allowed: … pct(1) to pct(64) …
/// const STRATEGY: Member = Member::of_name("pct(0)");
/// ```
/// ```compile_fail
/// #[unpick::test] // it makes a test of an `async fn`
/// fn blocking() {}
/// ```
/// ```compile_fail
/// #[unpick::test] // the function of a test has no arguments
/// async fn arguments(number: u32) {}
/// ```
/// ```compile_fail
/// #[unpick::test]
/// #[test] // `#[unpick::test]` is the test attribute
/// async fn twice() {}
/// ```
#[doc(inline)]
pub use unpick_macros::test;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
