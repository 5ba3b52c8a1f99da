//! Crates that are built against `unpick-tokio`: copies of their sources, with one line changed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use unpick::sim::hunt::Hunt;

use super::Failed;
use super::package::{cargo, stderr, target, workspace};

/// A published version of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The crate.
    pub krate: &'static str,
    /// Which version.
    pub version: &'static str,
}

impl Release {
    /// Copies its source below the target directory, unless it is there, as if its authors had
    /// written `tokio = { package = "unpick-tokio", … }`, and hands back where. Nothing else of it
    /// is changed.
    ///
    /// # Errors
    /// If cargo cannot download the crate, it does not depend on tokio, or the copy cannot be
    /// written.
    pub fn moved(self) -> Result<PathBuf, Failed> {
        let tokio = workspace().join("primitives/tokio");
        let tokio = tokio.canonicalize().map_err(|error| Failed::Copy(tokio, error))?;
        let copy = self.folder("moved", &tokio.display().to_string());
        if copy.exists() {
            return Ok(copy);
        }
        let source = self.source()?;
        let manifest = source.join("Cargo.toml");
        let published =
            fs::read_to_string(&manifest).map_err(|error| Failed::Copy(manifest, error))?;
        let manifest =
            move_manifest(&published, &tokio).ok_or(Failed::NoTokio(self.krate, self.version))?;
        let put = put(&copy, |aside| {
            copy_folder(&source, aside)?;
            fs::write(aside.join("Cargo.toml"), &manifest)
        });
        put.map_err(|error| Failed::Copy(copy.clone(), error))?;
        Ok(copy)
    }

    /// A folder below the target directory for this version, and for what else is in it.
    fn folder(self, kind: &str, content: &str) -> PathBuf {
        let hash = Hunt::seed_of(content);
        target().join(kind).join(format!("{}-{}-{hash:016x}", self.krate, self.version))
    }

    /// Where cargo keeps the crate's source, once it has downloaded it.
    fn source(self) -> Result<PathBuf, Failed> {
        let Release { krate, version } = self;
        let text = format!(
            "[workspace]\n\n[package]\nname = \"asks\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{krate} = {{ version = \"={version}\", default-features = false }}\n"
        );
        let asks = self.folder("asks", &text);
        let manifest = asks.join("Cargo.toml");
        let put = put(&asks, |aside| {
            fs::create_dir_all(aside.join("src"))?;
            fs::write(aside.join("src/lib.rs"), "")?;
            fs::write(aside.join("Cargo.toml"), &text)
        });
        put.map_err(|error| Failed::Copy(asks, error))?;
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
        let output = metadata.output().map_err(Failed::NoCargo)?;
        if !output.status.success() {
            return Err(Failed::of_build(stderr(&output)));
        }
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let packages = told["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_it = |package: &&Value| package["name"] == krate && package["version"] == version;
        let its = packages.iter().find(is_it).and_then(|it| it["manifest_path"].as_str());
        let folder = its.and_then(|its| Path::new(its).parent());
        let untold = || Failed::Build(format!("it does not say where {krate} {version} is"));
        folder.map(Path::to_owned).ok_or_else(untold)
    }
}

/// The manifest with `unpick-tokio` in the place of tokio, in the form in which cargo publishes
/// manifests: a table a dependency. `None` if there is no dependency on tokio.
///
/// What the crate's own tests need is left out: they are not built.
fn move_manifest(manifest: &str, tokio: &Path) -> Option<String> {
    let (mut moved, mut is_left_out, mut is_tokio, mut has_tokio) =
        (String::new(), false, false, false);
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_left_out = line.contains("dev-dependencies");
            is_tokio = !is_left_out && line.ends_with("dependencies.tokio]");
            has_tokio |= is_tokio;
        }
        if is_left_out {
            continue;
        }
        if is_tokio && line.starts_with("version = ") {
            moved.push_str(&format!("package = \"unpick-tokio\"\npath = {tokio:?}\n"));
            continue;
        }
        moved.push_str(line);
        moved.push('\n');
    }
    has_tokio.then_some(moved)
}

/// Puts a folder in its place, unless it is there, that is filled aside: other commands find all of
/// it or nothing.
///
/// # Errors
/// If it cannot be filled or put there, and nobody else has put it there meanwhile.
fn put(folder: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    if folder.exists() {
        return Ok(());
    }
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let aside = folder.with_file_name(format!(".{name}.{}.{number}", process::id()));
    let placed = fill(&aside).and_then(|()| fs::rename(&aside, folder));
    if placed.is_err() && aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    // One that is there was put there by somebody else, and is the same.
    placed.or_else(|error| if folder.exists() { Ok(()) } else { Err(error) })
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const PUBLISHED: &str = "\
[package]
name = \"pool\"
version = \"1.0.0\"

[dependencies.log]
version = \"0.4\"

[dependencies.tokio]
version = \"1.0\"
features = [\"sync\"]
optional = true

[dev-dependencies.tokio]
version = \"1.0\"
features = [\"macros\"]

[features]
rt = [\"tokio/rt\"]
";

    #[test]
    fn a_moved_crate_has_the_package_in_the_place_of_tokio_and_nothing_else_is_changed() {
        let moved = move_manifest(PUBLISHED, Path::new("/un/pick")).expect("it is over tokio");
        let expected = PUBLISHED
            .replace(
                "[dependencies.tokio]\nversion = \"1.0\"\n",
                "[dependencies.tokio]\npackage = \"unpick-tokio\"\npath = \"/un/pick\"\n",
            )
            .replace(
                "[dev-dependencies.tokio]\nversion = \"1.0\"\nfeatures = [\"macros\"]\n\n",
                "",
            );
        assert_eq!(moved, expected);
    }

    #[test]
    fn commands_that_copy_the_same_crate_at_once_all_find_all_of_it() {
        let folder = target().join("moved-in-a-test").join(process::id().to_string());
        let copy = folder.join("pool-1.0.0");
        let file = |number: u32| format!("{number}.rs");
        let fill = |aside: &Path| {
            fs::create_dir_all(aside)?;
            (0..20).try_for_each(|number| fs::write(aside.join(file(number)), "text"))
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    put(&copy, fill).expect("one of them puts it there");
                    assert!((0..20).all(|number| copy.join(file(number)).exists()));
                });
            }
        });
        let left = fs::read_dir(&folder).expect("it is there").count();
        assert_eq!(left, 1, "nothing else is left");
        fs::remove_dir_all(&folder).expect("it can be removed");
    }

    #[test]
    fn a_crate_that_does_not_depend_on_tokio_cannot_be_moved() {
        let without = PUBLISHED.replace("[dependencies.tokio]", "[dependencies.tokio-stream]");
        assert_eq!(move_manifest(&without, Path::new("/un/pick")), None);
    }
}
