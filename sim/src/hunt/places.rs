//! Where a test's files are.

use std::env;
use std::path::{Path, PathBuf};

use super::TestInfo;

impl TestInfo {
    /// The name of the test's files, without an extension: `bank__tests__deposits`.
    #[must_use]
    pub fn file_stem(&self) -> String {
        file_stem(self.path)
    }

    /// Where the test's failures are kept: in `unpick-regressions/` beside `Cargo.toml`; `None` if
    /// it was not built by cargo.
    #[must_use]
    pub fn regressions(&self) -> Option<PathBuf> {
        let file = format!("{}.txt", self.file_stem());
        Some(Path::new(self.manifest_dir?).join("unpick-regressions").join(file))
    }

    /// Where the test's reports go: `unpick/` in the target folder; `None` if it was not built by
    /// cargo. The target folder is `CARGO_TARGET_DIR` if that is set, or else `target` in the
    /// package's folder or the next one above that has a `Cargo.lock`, which is the workspace's.
    #[must_use]
    pub fn report_dir(&self) -> Option<PathBuf> {
        let package = Path::new(self.manifest_dir?);
        let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        let root = root.unwrap_or(package);
        let target = env::var_os("CARGO_TARGET_DIR").filter(|target| !target.is_empty());
        // A relative one is relative to where cargo was started: mostly that folder.
        let target = target.map_or_else(|| PathBuf::from("target"), PathBuf::from);
        Some(root.join(target).join("unpick"))
    }
}

/// A name of a file for a hunt's name: `::` is `__`, and what is not a letter, a digit, `-`, `_`
/// or `.` is `-`.
pub(super) fn file_stem(name: &str) -> String {
    let plain = |letter: char| match letter {
        letter if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') => letter,
        _ => '-',
    };
    name.replace("::", "__").chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_has_a_file_of_its_own() {
        let test = TestInfo {
            path: "bank::tests::deposits",
            package: Some("bank"),
            crate_name: Some("bank"),
            binary: None,
            manifest_dir: Some("/home/bank"),
            is_integration_test: false,
            file: "src/lib.rs",
            wish: None,
        };
        let kept = PathBuf::from("/home/bank/unpick-regressions/bank__tests__deposits.txt");
        assert_eq!(test.regressions(), Some(kept));
        assert_eq!(TestInfo { manifest_dir: None, ..test }.regressions(), None);
    }

    #[test]
    fn a_name_of_a_hunt_is_a_name_of_a_file() {
        assert_eq!(file_stem("lost-update buggy/1: \"a\""), "lost-update-buggy-1---a-");
    }
}
