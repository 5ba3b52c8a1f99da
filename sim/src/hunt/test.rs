//! Hunts as tests: which test it is, and how it is run again.

use std::future::Future;

use super::{Hunt, Verdict};

/// Which test a hunt is, as `#[unpick::test]` knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestInfo {
    /// Crate, modules and function: `bank::tests::deposits`.
    pub path: &'static str,
    /// The package, if it was built by cargo.
    pub package: Option<&'static str>,
    /// The crate: the name of the library, or of the file of an integration test.
    pub crate_name: Option<&'static str>,
    /// The binary, for a test in one.
    pub binary: Option<&'static str>,
    /// The folder of the package's Cargo.toml.
    pub manifest_dir: Option<&'static str>,
    /// Whether it is in a test target of its own, rather than in the library.
    pub is_integration_test: bool,
    /// The source file.
    pub file: &'static str,
    /// The variable and its value without which it is no hunt, if it is one only on demand.
    pub wish: Option<&'static str>,
}

impl TestInfo {
    /// The test's name as the test harness has it: without the crate.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.split_once("::").map_or(self.path, |(_, name)| name)
    }

    /// The command that runs this test alone.
    #[must_use]
    pub fn command(&self) -> String {
        let mut command = self.wish.map_or_else(String::new, |wish| format!("{wish} "));
        command.push_str("cargo test");
        if let Some(package) = self.package {
            command.push_str(&format!(" -p {package}"));
        }
        match (self.binary, self.crate_name) {
            (Some(binary), _) => command.push_str(&format!(" --bin {binary}")),
            (None, Some(crate_name)) if self.is_integration_test => {
                command.push_str(&format!(" --test {crate_name}"));
            }
            _ => command.push_str(" --lib"),
        }
        command.push_str(&format!(" -- --exact {}", self.name()));
        command
    }
}

impl Hunt {
    /// The hunt of a test. Its name is the test's path, from which the base seed follows.
    pub fn for_test(test: TestInfo) -> Hunt {
        let mut hunt = Hunt::new(test.path);
        hunt.test = Some(test);
        hunt
    }

    /// Which test it is, if it is one.
    #[must_use]
    pub fn test(&self) -> Option<&TestInfo> {
        self.test.as_ref()
    }

    /// Runs the program, and demands that the report is in order.
    ///
    /// # Panics
    /// With the report, if it is not.
    #[track_caller]
    pub fn run_test<F, Fut>(&self, program: F)
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        self.run(program).assert_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBRARY: TestInfo = TestInfo {
        path: "bank::tests::deposits",
        package: Some("bank"),
        crate_name: Some("bank"),
        binary: None,
        manifest_dir: None,
        is_integration_test: false,
        file: "src/lib.rs",
        wish: None,
    };

    #[test]
    fn a_command_names_package_target_and_test() {
        let command = "cargo test -p bank --lib -- --exact tests::deposits";
        assert_eq!(LIBRARY.command(), command);
        let binary = TestInfo { path: "teller::deposits", binary: Some("teller"), ..LIBRARY };
        assert_eq!(binary.command(), "cargo test -p bank --bin teller -- --exact deposits");
        let integration =
            TestInfo { crate_name: Some("all"), is_integration_test: true, ..LIBRARY };
        let command = "cargo test -p bank --test all -- --exact tests::deposits";
        assert_eq!(integration.command(), command);
        let on_demand = TestInfo { wish: Some("UNPICK_TOKIO_TEST=hunt"), ..integration };
        assert_eq!(on_demand.command(), format!("UNPICK_TOKIO_TEST=hunt {command}"));
    }
}
