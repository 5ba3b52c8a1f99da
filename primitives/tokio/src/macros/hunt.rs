//! What `#[tokio::test]` expands to.

use std::process::{ExitCode, Termination};

pub use unpick_sim as sim;
use unpick_sim::environment::Environment;
pub use unpick_sim::hunt::Hunt;
use unpick_sim::hunt::Verdict;

/// Whether tests are to be hunts.
///
/// # Panics
/// If the environment asks for that, and makes no sense.
#[must_use]
pub fn is_asked_for() -> bool {
    match Environment::of_process_hunts_tokio_tests() {
        Ok(is_asked_for) => is_asked_for,
        Err(error) => panic!("{error}"),
    }
}

/// What a test returns that says what it returns.
#[derive(Debug)]
pub enum Ended<T> {
    /// It was a hunt, which panics if it finds anything.
    Hunt,
    /// What the function returned.
    AsItIs(T),
}

impl<T: Termination> Termination for Ended<T> {
    fn report(self) -> ExitCode {
        match self {
            Ended::Hunt => ExitCode::SUCCESS,
            Ended::AsItIs(output) => output.report(),
        }
    }
}

/// What a run returns whose program says by an exit code whether something went wrong.
#[derive(Debug)]
pub struct Exit(ExitCode);

impl Exit {
    /// What an output comes to.
    pub fn of(output: impl Termination) -> Exit {
        Exit(output.report())
    }
}

impl Verdict for Exit {
    fn complaint(&self) -> Option<String> {
        (self.0 != ExitCode::SUCCESS).then(|| format!("the test returned {:?}", self.0))
    }
}
