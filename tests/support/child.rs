//! Running one test of this executable in a process of its own.

use std::process::{Command, Output};

/// Set in such a process.
const CHILD: &str = "TESTS_OF_UNPICK_CHILD";

/// Whether this is such a process.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the test of this name, and nothing else, in a process of its own.
pub(crate) fn run_test(name: &str) -> Output {
    run_test_with(name, &[])
}

/// The same, with more in its environment.
pub(crate) fn run_test_with(name: &str, environment: &[(&str, &str)]) -> Output {
    let executable = std::env::current_exe().expect("a test knows its executable");
    let mut command = Command::new(executable);
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command.env(CHILD, "1").env_remove("RUST_BACKTRACE");
    command.envs(environment.iter().copied());
    command.output().expect("the executable can be run again")
}
