//! Breaks the primitives and the hunts on purpose, one thing at a time, and runs their tests: each
//! breakage has to be caught.
//!
//! Works on a copy of the workspace under `target/mutants`. Needs some minutes, git, and the
//! `timeout` command: a breakage that makes a test hang counts as caught. Arguments, if there are
//! any, choose the mutants whose names or files contain one of them: `sim/` are those of hunts,
//! `primitives/` the others.

#[path = "../tests/mutants/list.rs"]
mod list;
#[path = "../../tests/mutants/list.rs"]
mod sim;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// One breakage, and which tests are to catch it.
struct Breakage {
    name: &'static str,
    path: String,
    original: &'static str,
    broken: &'static str,
    /// The arguments of `cargo test`.
    tests: Vec<&'static str>,
}

fn all() -> Vec<Breakage> {
    let primitives = list::all().map(|mutant| Breakage {
        name: mutant.name,
        path: format!("primitives/src/{}", mutant.file),
        original: mutant.original,
        broken: mutant.broken,
        tests: vec!["-p", "unpick-primitives", "--lib", "--tests"],
    });
    let hunts = sim::all().map(|mutant| Breakage {
        name: mutant.name,
        path: format!("sim/src/{}", mutant.file),
        original: mutant.original,
        broken: mutant.broken,
        tests: match mutant.tests {
            "lib" => vec!["-p", "unpick-sim", "--lib"],
            "contracts" => vec!["-p", "unpick-primitives", "--test", "contracts"],
            tests => vec!["-p", "unpick", "--features", "proptest", "--test", tests],
        },
    });
    primitives.chain(hunts).collect()
}

/// How long the tests of one mutant may take, in seconds, build included.
const SECONDS_MAX: &str = "150";

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let is_chosen = |mutant: &Breakage| {
        let is_meant = |part: &String| mutant.name.contains(part) || mutant.path.contains(part);
        chosen.is_empty() || chosen.iter().any(is_meant)
    };
    match run(&all().into_iter().filter(is_chosen).collect::<Vec<_>>()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::from(2)
        }
    }
}

/// Tries each mutant; says how many were not caught.
fn run(mutants: &[Breakage]) -> io::Result<usize> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let copy = workspace.join("target/mutants/workspace");
    copy_workspace(&workspace, &copy)?;
    let mut sound: Vec<&[&str]> = Vec::new();
    let (mut caught, mut missed) = (0, 0);
    for Breakage { name, path, original, broken, tests } in mutants {
        if !sound.contains(&tests.as_slice()) {
            if test(&workspace, &copy, tests)? != Verdict::Passed {
                let tests = tests.join(" ");
                let error = format!("the tests ({tests}) do not pass without any breakage");
                return Err(io::Error::other(error));
            }
            sound.push(tests);
        }
        let path = copy.join(path);
        let source = fs::read_to_string(&path)?;
        fs::write(&path, source.replacen(original, broken, 1))?;
        let verdict = test(&workspace, &copy, tests)?;
        fs::write(&path, source)?;
        match verdict {
            Verdict::Failed | Verdict::Hung => caught += 1,
            Verdict::Passed | Verdict::DoesNotBuild => missed += 1,
        }
        println!("{:<14} {name}", format!("{verdict:?}"));
    }
    println!("{caught} caught, {missed} missed");
    Ok(missed)
}

/// What the tests said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing: the breakage goes unnoticed.
    Passed,
    /// A test failed.
    Failed,
    /// It does not even compile, which shows nothing.
    DoesNotBuild,
    /// A test did not end.
    Hung,
}

fn test(workspace: &Path, copy: &Path, tests: &[&str]) -> io::Result<Verdict> {
    let cargo = |arguments: &[&str]| {
        Command::new("timeout")
            .args(["-k", "5", SECONDS_MAX, "cargo", "test", "-q"])
            .args(tests)
            .args(arguments)
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", workspace.join("target/mutants/target"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
    };
    if !cargo(&["--no-run"])?.success() {
        return Ok(Verdict::DoesNotBuild);
    }
    // The list's own test would notice every breakage.
    Ok(match cargo(&["--", "--skip", "every_mutant_applies"])?.code() {
        Some(0) => Verdict::Passed,
        Some(124 | 137) | None => Verdict::Hung,
        Some(_) => Verdict::Failed,
    })
}

/// Copies what git knows of, and what it does not ignore.
fn copy_workspace(workspace: &Path, copy: &Path) -> io::Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace)
        .output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    for file in listed.lines().map(PathBuf::from) {
        let (from, to) = (workspace.join(&file), copy.join(&file));
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap_or(copy))?;
            fs::copy(from, to)?;
        }
    }
    Ok(())
}
