//! The package of one version: built by cargo, and run.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Outcome, Release, Traces, Unreadable};

/// The package of one version of a pair, or of a program.
#[derive(Debug)]
pub struct Package {
    folder: PathBuf,
    name: String,
    /// Which crates are built against `unpick-tokio`.
    moved: Vec<Release>,
}

/// What became of a lock file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// It is as it was.
    Kept,
    /// Cargo had to change it, as when what Unpick itself depends on has changed. The versions that
    /// a pair is about are fixed in its manifests.
    Changed,
}

/// Why there is no outcome.
#[derive(Debug)]
pub enum Failed {
    /// The registry cannot be reached, and cargo's cache has not all that is needed: what cargo
    /// says of it.
    Unreachable(String),
    /// Cargo could not be started.
    NoCargo(io::Error),
    /// Cargo could not build the package, for another reason: what it says.
    Build(String),
    /// A crate's source could not be copied.
    Copy(PathBuf, io::Error),
    /// A crate of this version that was to be built against `unpick-tokio` does not depend on tokio.
    NoTokio(&'static str, &'static str),
    /// The program could not be started.
    NotStarted(io::Error),
    /// The program did not say what came of its runs; and what it said instead.
    Unreadable(Unreadable, String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Unreachable(cargo) => write!(
                f,
                "the registry of crates cannot be reached, and cargo's cache lacks some of them; \
                 try again with a network. Cargo says:\n{cargo}"
            ),
            Failed::NoCargo(error) => write!(f, "cargo cannot be started: {error}"),
            Failed::Build(cargo) => write!(f, "cargo cannot build it:\n{cargo}"),
            Failed::Copy(path, error) => write!(f, "{} cannot be copied: {error}", path.display()),
            Failed::NoTokio(krate, version) => {
                write!(
                    f,
                    "{krate} {version} was to be built against `unpick-tokio`, but does not depend on tokio"
                )
            }
            Failed::NotStarted(error) => write!(f, "it cannot be started: {error}"),
            Failed::Unreadable(error, stderr) => write!(f, "{error}:\n{stderr}"),
        }
    }
}

impl std::error::Error for Failed {}

/// What cargo says when it got no answer.
const NO_ANSWER: [&str; 6] = [
    "failed to download",
    "Unable to update registry",
    "failed to query replaced source registry",
    "Could not resolve host",
    "spurious network error",
    "you're using offline mode",
];

impl Failed {
    /// Why cargo could not build, from what it says.
    pub(super) fn of_build(cargo: String) -> Failed {
        if NO_ANSWER.iter().any(|words| cargo.contains(words)) {
            return Failed::Unreachable(cargo);
        }
        Failed::Build(cargo)
    }
}

impl Package {
    /// The package of this version (`buggy` or `fixed`) of a pair.
    #[must_use]
    pub fn new(pair: &str, version: &str) -> Package {
        let folder = real().join(pair).join(version);
        Package { folder, name: format!("real-{pair}-{version}"), moved: Vec::new() }
    }

    /// The package of a program.
    #[must_use]
    pub fn of_program(program: &str) -> Package {
        let folder = real().join(program);
        Package { folder, name: format!("real-{program}"), moved: Vec::new() }
    }

    /// It with these crates built against `unpick-tokio`.
    #[must_use]
    pub fn moving(mut self, moved: impl IntoIterator<Item = Release>) -> Package {
        self.moved.extend(moved);
        self
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its name, and its program's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Builds it, and says what became of its lock file.
    ///
    /// # Errors
    /// If the registry cannot be reached and its crates are not in cargo's cache, or cargo fails
    /// otherwise.
    pub fn build(&self) -> Result<Lock, Failed> {
        let mut cargo = Command::new(cargo());
        cargo.args(["build", "--quiet", "--manifest-path"]).arg(self.folder.join("Cargo.toml"));
        cargo.arg("--target-dir").arg(target());
        for moved in &self.moved {
            let copy = moved.moved()?;
            cargo.arg("--config").arg(format!("patch.crates-io.{}.path={copy:?}", moved.krate));
        }
        // A crate of the registry is built with its lints off, and so is to be a copy of one.
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        cargo.env("RUSTFLAGS", format!("{flags} --cap-lints warn"));
        // Panics and findings name their places without it.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "none").env("CARGO_INCREMENTAL", "0");
        let lock = || std::fs::read(self.folder.join("Cargo.lock")).ok();
        let before = lock();
        let output = cargo.output().map_err(Failed::NoCargo)?;
        if output.status.success() {
            return Ok(if lock() == before { Lock::Kept } else { Lock::Changed });
        }
        Err(Failed::of_build(stderr(&output)))
    }

    /// Runs its hunt under this base seed, and hands back what came of it, and what it printed.
    ///
    /// # Errors
    /// If it cannot be started, or does not say what came of it.
    pub fn hunt(&self, seed: u64, runs: u64) -> Result<(Outcome, String), Failed> {
        self.run(&[seed, runs].map(|it| it.to_string()), Outcome::read)
    }

    /// Makes so many runs in a process of their own, traced and each twice, and hands back what came
    /// of that, and what it printed.
    ///
    /// # Errors
    /// If it cannot be started, or does not say what came of it.
    pub fn traces(&self, seed: u64, runs: u64) -> Result<(Traces, String), Failed> {
        self.run(&[String::from("traces"), seed.to_string(), runs.to_string()], Traces::read)
    }

    fn run<T>(
        &self,
        arguments: &[String],
        read: impl Fn(Option<i32>, &str) -> Result<T, Unreadable>,
    ) -> Result<(T, String), Failed> {
        let program = target().join("debug").join(&self.name);
        let program = program.with_extension(std::env::consts::EXE_EXTENSION);
        let mut program = Command::new(program);
        // What is set for hunts of one's own is not meant for these.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("UNPICK_") {
                program.env_remove(variable);
            }
        }
        let output = program.args(arguments).output().map_err(Failed::NotStarted)?;
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), stderr(&output));
        match read(output.status.code(), &stdout) {
            Ok(said) => Ok((said, format!("{stdout}{stderr}").trim_end().to_owned())),
            Err(error) => Err(Failed::Unreadable(error, stderr)),
        }
    }
}

/// The folder of all packages.
fn real() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("real")
}

/// The folder of this repository.
pub(super) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All of them share one target directory, so that what they share is built once.
pub(super) fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| workspace().join("target")).join("real")
}

/// The cargo that builds this.
pub(super) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

pub(super) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_out_of_reach_is_told_from_a_program_that_does_not_compile() {
        for cargo in [
            "error: failed to get `tokio` as a dependency\nCaused by:\n  failed to download from \
             `https://index.crates.io/config.json`",
            "error: no matching package named `tokio` found\nAs a reminder, you're using offline \
             mode (--offline) which can sometimes cause surprising resolution failures",
        ] {
            let failed = Failed::of_build(cargo.to_owned());
            assert!(matches!(failed, Failed::Unreachable(_)), "{failed}");
            assert!(failed.to_string().contains("cannot be reached"), "{failed}");
        }
        let failed = Failed::of_build(String::from("error[E0425]: cannot find value `x`"));
        assert!(matches!(failed, Failed::Build(_)), "{failed}");
    }
}
