//! The cancellation sweep: every task of every program, cancelled at each of its awaits in turn.
//!
//! Whatever is cancelled, nothing stays locked, no permit is lost or gained, no item is lost, and
//! nobody waits for ever who should not: the programs end and check it.

mod each;
mod programs;
mod random;
mod victim;

use each::sweep;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// How many random programs there are, always the same ones. `cargo run --release -p
/// unpick-primitives --example sweep` tries more.
const PROGRAMS: u32 = 250;

#[test]
fn random_programs_hold_whoever_is_cancelled() {
    let config = Config { cases: PROGRAMS, failure_persistence: None, ..Config::default() };
    let always_the_same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let cancelled = std::cell::Cell::new(0);
    let swept = TestRunner::new_with_rng(config, always_the_same).run(&random::programs(), |it| {
        cancelled.set(cancelled.get() + random::sweep(&it).map_err(TestCaseError::fail)?);
        Ok(())
    });
    if let Err(error) = swept {
        panic!("{error}");
    }
    println!("{} cancellations", cancelled.get());
    assert!(cancelled.get() > 10 * PROGRAMS, "only {} cancellations took place", cancelled.get());
}
