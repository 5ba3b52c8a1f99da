//! The cancellation sweep over many random programs: `-- COUNT SEED` (1000 and 0).

#[path = "../tests/sweep"]
mod sweep {
    pub(crate) mod random;
    pub(crate) mod victim;
}

use std::process::ExitCode;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use sweep::random;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| match arguments.next() {
        None => Ok(otherwise),
        Some(text) => text.parse::<u32>().map_err(|_| text),
    };
    let (cases, seed) = match (number(1000), number(0)) {
        (Ok(cases), Ok(seed)) if cases > 0 => (cases, seed),
        (Ok(_), Ok(_)) => return refuse("0 programs; allowed: at least 1"),
        (Err(text), _) | (_, Err(text)) => {
            return refuse(&format!("`{text}` is no number; expected: COUNT SEED"));
        }
    };
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let cancelled = std::cell::Cell::new(0_u64);
    let swept = TestRunner::new_with_rng(config, random).run(&random::programs(), |program| {
        let count = random::sweep(&program).map_err(TestCaseError::fail)?;
        cancelled.set(cancelled.get() + u64::from(count));
        Ok(())
    });
    match swept {
        Ok(()) => {
            println!("{cases} programs, {} cancellations, all hold", cancelled.get());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sweep: {error}");
            ExitCode::FAILURE
        }
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("sweep: {why}");
    ExitCode::from(2)
}
