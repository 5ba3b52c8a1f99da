//! How somebody who sits at a terminal calls this program again.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// What cargo tells a program that `cargo run` starts.
struct Cargo {
    package: String,
    manifest_dir: PathBuf,
    /// Whether the package has more than one program.
    has_several: bool,
}

impl Cargo {
    fn of_process() -> Option<Cargo> {
        let package = env::var("CARGO_PKG_NAME").ok()?;
        let manifest_dir = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
        let has_several = has_several_programs(&manifest_dir);
        Some(Cargo { package, manifest_dir, has_several })
    }
}

/// Whether `cargo run` must be told which program of a package is meant.
fn has_several_programs(manifest_dir: &Path) -> bool {
    let manifest = fs::read_to_string(manifest_dir.join("Cargo.toml")).unwrap_or_default();
    let sections = manifest.lines().filter(|line| line.trim() == "[[bin]]").count();
    sections > 1 || manifest_dir.join("src/bin").is_dir()
}

/// How this process was called, to be called again: through `cargo run` if it was started by that,
/// so that an edit is built first, and otherwise as it was typed.
pub(super) fn of_process(typed: &OsStr) -> String {
    let folder = env::current_dir().unwrap_or_default();
    let by_cargo =
        Cargo::of_process().and_then(|cargo| cargo_run(Path::new(typed), &folder, &cargo));
    by_cargo.unwrap_or_else(|| quoted(&typed.to_string_lossy()))
}

/// The `cargo run` that starts this program from this folder; `None` if it is not where cargo puts
/// programs.
fn cargo_run(program: &Path, folder: &Path, cargo: &Cargo) -> Option<String> {
    let name = program.file_stem()?.to_str()?;
    let mut parent = program.parent()?;
    let is_example = parent.ends_with("examples");
    if is_example {
        parent = parent.parent()?;
    }
    let mut words = String::from("cargo run");
    match parent.file_name()?.to_str()? {
        "debug" => {}
        "release" => words.push_str(" --release"),
        profile if parent.parent()?.ends_with("target") => {
            words.push_str(&format!(" --profile {profile}"));
        }
        _ => return None,
    }
    if folder != cargo.manifest_dir {
        words.push_str(&format!(" -p {}", cargo.package));
    }
    if is_example {
        words.push_str(&format!(" --example {name}"));
    } else if cargo.has_several {
        words.push_str(&format!(" --bin {name}"));
    }
    Some(words + " --")
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "/\\._-+:".contains(char);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_run(program: &str, folder: &str, has_several: bool, expected: Option<&str>) {
        let (package, manifest_dir) = (String::from("bank"), PathBuf::from("/w/bank"));
        let cargo = Cargo { package, manifest_dir, has_several };
        let words = cargo_run(Path::new(program), Path::new(folder), &cargo);
        assert_eq!(words.as_deref(), expected);
    }

    #[test]
    fn what_cargo_started_is_started_by_cargo_again() {
        check_run("target/debug/bank", "/w/bank", false, Some("cargo run --"));
        check_run("target/release/bank", "/w", false, Some("cargo run --release -p bank --"));
        let example = Some("cargo run --example own --");
        check_run("/w/target/debug/examples/own", "/w/bank", true, example);
        check_run("/w/target/debug/teller", "/w/bank", true, Some("cargo run --bin teller --"));
        let profile = Some("cargo run --profile dist --");
        check_run("target/dist/bank", "/w/bank", false, profile);
        check_run("/usr/local/bin/bank", "/w/bank", false, None);
    }

    #[test]
    fn a_path_with_spaces_is_quoted() {
        assert_eq!(quoted("./target/release/bank"), "./target/release/bank");
        assert_eq!(quoted("my bank's"), "'my bank'\\''s'");
    }
}
