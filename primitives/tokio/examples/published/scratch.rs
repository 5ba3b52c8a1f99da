//! The package that the tests are built in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Place;
use crate::inside::{HELPER, awaiting, wrapped};
use crate::scan::tests;
use crate::skipped;

/// What came of a test.
pub(crate) enum Verdict {
    Passed,
    Skipped(&'static str),
    Failed(String),
    /// The registry cannot be reached, and cargo's cache lacks what the tests need: what it says.
    Unreachable(String),
}

/// What cargo says when it got no answer.
const NO_ANSWER: [&str; 6] = [
    "failed to download",
    "Unable to update registry",
    "failed to query replaced source registry",
    "Could not resolve host",
    "spurious network error",
    "you're using offline mode",
];

/// A package whose `tokio` is this one, with tokio's tests.
pub(crate) struct Scratch {
    place: Place,
    version: String,
    /// Where the tests come from.
    published: PathBuf,
    folder: PathBuf,
    target: PathBuf,
}

/// Files of these names are run, which is all that there is on `sync`, `task` and `time`, and the
/// macros.
const PREFIXES: [&str; 4] = ["macros_", "sync_", "task_", "time_"];

/// Those of other names.
const OTHERS: [&str; 3] = ["async_send_sync", "coop_budget", "join_handle_panic"];

/// Comparisons that name no type, which is ambiguous beside `serde_json`, on which unpick depends.
const AMBIGUOUS: [(&str, &str); 1] =
    [("assert_eq!(items, vec![]);", "assert_eq!(items, Vec::<u32>::new());")];

impl Scratch {
    pub(crate) fn new(place: Place) -> Scratch {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = package.ancestors().nth(2).expect("it is two folders down");
        let lock = fs::read_to_string(workspace.join("Cargo.lock")).expect("there is a Cargo.lock");
        let version = version_of("tokio", &lock);
        let published = source_of(&format!("tokio-{version}"));
        let target = workspace.join("target");
        let folder = target.join("published").join(place.name());
        let manifest = format!(
            "[package]\nname = \"published-{}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
             [workspace]\n\n\
             [features]\ndefault = [\"full\", \"macros\", \"rt\", \"rt-multi-thread\", \"sync\", \
             \"test-util\", \"time\"]\nfull = []\nmacros = []\nrt = []\nrt-multi-thread = []\n\
             sync = []\ntest-util = []\ntime = []\n\n\
             [dependencies]\n\
             tokio = {{ package = \"unpick-tokio\", path = {package:?}, features = [\"full\", \
             \"sim\", \"test-util\"] }}\n\
             unpick-sim = {{ path = {sim:?} }}\n\n\
             [dev-dependencies]\nasync-stream = \"0.3\"\nbytes = \"1\"\nfutures = {{ version = \"0.3\", features = \
             [\"async-await\"] }}\nfutures-test = \"0.3\"\nrand = \"0.9\"\ntempfile = \"3\"\n\
             tokio-stream = \"0.1\"\ntokio-test = \"0.4\"\n\n\
             [lints.rust]\nunexpected_cfgs = \"allow\"\nunused = \"allow\"\n\n\
             [profile.dev]\ndebug = false\n",
            place.name(),
            sim = workspace.join("sim"),
        );
        fs::create_dir_all(folder.join("tests")).expect("the target folder can be written");
        fs::create_dir_all(folder.join("src")).expect("the target folder can be written");
        write(&folder.join("src/lib.rs"), "");
        write(&folder.join("Cargo.toml"), &manifest);
        if !folder.join("Cargo.lock").exists() {
            write(&folder.join("Cargo.lock"), &lock);
        }
        copy_support(&published.join("tests/support"), &folder.join("tests/support"));
        Scratch { place, version, published, folder, target }
    }

    /// Of which version of tokio the tests are.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The files of tests, without their ending.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.published.join("tests")).expect("the package has tests");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let names = names.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned()));
        let mut names: Vec<String> = names
            .filter(|name| {
                PREFIXES.iter().any(|prefix| name.starts_with(prefix))
                    || OTHERS.contains(&name.as_str())
            })
            .collect();
        names.sort();
        names
    }

    /// Runs the tests of a file.
    pub(crate) fn run(&self, file: &str) -> Vec<(String, Verdict)> {
        if let Some(why) = skipped::file(file) {
            return vec![("*".to_owned(), Verdict::Skipped(why))];
        }
        let from = self.published.join("tests").join(format!("{file}.rs"));
        let mut source = fs::read_to_string(from).expect("the package has the file");
        for (text, instead) in AMBIGUOUS {
            source = source.replace(text, instead);
        }
        let mut verdicts = Vec::new();
        let text = match self.place {
            Place::Outside => source,
            Place::Inside => moved_inside(file, &source, &mut verdicts),
        };
        write(&self.folder.join("tests").join(format!("{file}.rs")), &text);
        self.test(file, &mut verdicts);
        for (test, verdict) in &mut verdicts {
            if let Some(why) = skipped::known(self.place, &format!("{file}::{test}"))
                && matches!(verdict, Verdict::Failed(_))
            {
                *verdict = Verdict::Skipped(why);
            }
        }
        verdicts
    }

    fn test(&self, file: &str, verdicts: &mut Vec<(String, Verdict)>) {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .args(["test", "--quiet", "--color", "never", "--test", file, "--"])
            .args(["--format", "pretty", "--test-threads", "1"]);
        let output = command.output().expect("cargo can be run");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let mut told: BTreeMap<&str, String> = BTreeMap::new();
        for part in stdout.split("\n---- ").skip(1) {
            let Some((test, text)) = part.split_once(" stdout ----") else { continue };
            let text: Vec<&str> = text.lines().filter(|line| !line.is_empty()).take(4).collect();
            told.insert(test, text.join("\n"));
        }
        let mut count = 0;
        for line in stdout.lines() {
            let Some(line) = line.strip_prefix("test ") else { continue };
            let Some((test, verdict)) = line.split_once(" ... ") else { continue };
            let test = test.trim_end_matches(" - should panic");
            count += 1;
            let verdict = match verdict {
                "ok" => Verdict::Passed,
                "ignored" => Verdict::Skipped("tokio ignores it"),
                _ => Verdict::Failed(told.remove(test).unwrap_or_else(|| verdict.to_owned())),
            };
            verdicts.push((test.to_owned(), verdict));
        }
        if count == 0 && !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let errors: Vec<&str> =
                stderr.lines().filter(|line| !line.is_empty()).take(12).collect();
            let is_unreachable = NO_ANSWER.iter().any(|words| stderr.contains(words));
            let verdict = if is_unreachable { Verdict::Unreachable } else { Verdict::Failed };
            verdicts.push(("*".to_owned(), verdict(errors.join("\n"))));
        } else if !stdout.contains("test result:") {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last: Vec<&str> = stderr.lines().take(6).collect();
            verdicts.push(("* was broken off".to_owned(), Verdict::Failed(last.join("\n"))));
        }
    }
}

/// The source with its tests inside of runs, but for those that are skipped.
fn moved_inside(file: &str, source: &str, verdicts: &mut Vec<(String, Verdict)>) -> String {
    let mut text = String::new();
    let mut at = 0;
    for mut test in tests(source) {
        text.push_str(&source[at..test.from]);
        at = test.to;
        if skipped::may_await(&format!("{file}::{}", test.name)) {
            test.body = awaiting(&test.body);
            text.push_str(&wrapped(&test));
            continue;
        }
        match skipped::test(Place::Inside, &test.body) {
            Some(why) => verdicts.push((test.name, Verdict::Skipped(why))),
            None => text.push_str(&wrapped(&test)),
        }
    }
    text.push_str(&source[at..]);
    text.push_str(HELPER);
    text
}

/// The version of a package in a Cargo.lock, the highest if there are several.
fn version_of(package: &str, lock: &str) -> String {
    let head = format!("name = \"{package}\"\nversion = \"");
    let versions = lock.split(&head).skip(1).filter_map(|rest| rest.split('"').next());
    let number = |version: &&str| -> Vec<u32> {
        version.split('.').filter_map(|part| part.parse().ok()).collect()
    };
    versions.max_by_key(number).expect("tokio is in Cargo.lock").to_owned()
}

/// Where cargo keeps the source of a package of the registry.
fn source_of(package: &str) -> PathBuf {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let sources = home.expect("there is a home folder").join("registry/src");
    let registries = fs::read_dir(sources).expect("cargo has downloaded something");
    let found = registries.filter_map(Result::ok).map(|entry| entry.path().join(package));
    found.into_iter().find(|path| path.exists()).expect("cargo has downloaded tokio")
}

fn copy_support(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the target folder can be written");
    for entry in fs::read_dir(from).expect("the package has it").filter_map(Result::ok) {
        fs::copy(entry.path(), to.join(entry.file_name()))
            .expect("the target folder can be written");
    }
}

/// Writes a file, unless it is so already: cargo looks at when it was changed.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::write(path, text).expect("the target folder can be written");
}
