//! The list of real crates is well formed, and what their programs say is understood. Hunting them
//! needs the crates themselves: that is the example `real`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use unpick::sim::finding::Kind;
use unpick_scenarios::real::{
    FILE, Outcome, PAIRS, PROGRAMS, Package, Pair, ProgramRow, Row, Symptom, Tokio, Traces,
    markdown, program_table, table,
};

#[path = "../real/hunting.rs"]
#[expect(dead_code, reason = "the programs' own entry is not called here")]
mod hunting;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("real")
}

#[track_caller]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn versions(pair: &Pair) -> [(&'static str, &'static str); 2] {
    [("buggy", pair.buggy), ("fixed", pair.fixed)]
}

#[test]
fn every_folder_is_in_a_list_and_what_is_listed_has_a_folder() {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let entries = entries.map(|entry| entry.expect("it can be read").path());
    let folders: BTreeSet<String> = entries
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().expect("an entry has a name").to_string_lossy().into_owned())
        .collect();
    let pairs = PAIRS.iter().map(|pair| pair.name.to_owned());
    let programs = PROGRAMS.iter().map(|program| program.name.to_owned());
    let names: BTreeSet<String> = pairs.chain(programs).collect();
    assert_eq!(folders, names);
    assert_eq!(names.len(), PAIRS.len() + PROGRAMS.len(), "names are unique");
}

#[test]
fn every_package_has_exactly_the_version_that_the_list_says() {
    for pair in PAIRS {
        for (variant, version) in versions(pair) {
            let package = Package::new(pair.name, variant);
            check_has_exactly(&package, pair.krate, version);
            let is_over_tokio = read(&package.folder().join("Cargo.toml")).contains("unpick-tokio");
            assert_eq!(is_over_tokio, pair.tokio != Tokio::None, "{}", pair.name);
        }
    }
    for program in PROGRAMS {
        let package = Package::of_program(program.name);
        for release in program.driven.iter().chain(program.moved) {
            check_has_exactly(&package, release.krate, release.version);
        }
    }
}

#[track_caller]
fn check_has_exactly(package: &Package, krate: &str, version: &str) {
    let manifest = read(&package.folder().join("Cargo.toml"));
    assert!(manifest.starts_with("[workspace]\n"), "a workspace of its own:\n{manifest}");
    assert!(manifest.contains("\npublish = false\n"), "{manifest}");
    assert!(manifest.contains(&format!("\nname = \"{}\"\n", package.name())), "{manifest}");
    let exactly = format!("\"={version}\"");
    let is_named = |line: &str| line.starts_with(krate) && line.contains(&exactly);
    assert!(manifest.lines().any(is_named), "{krate} {version}:\n{manifest}");
    let lock = read(&package.folder().join("Cargo.lock"));
    let named = format!("name = \"{krate}\"\nversion = ");
    let locked: Vec<_> =
        lock.split(&named).skip(1).filter_map(|rest| rest.lines().next()).collect();
    assert_eq!(locked, [format!("\"{version}\"")], "{}", package.folder().display());
}

#[test]
fn every_program_names_its_page_and_both_versions() {
    for pair in PAIRS {
        let program = read(&folder().join(pair.name).join("program.rs"));
        let mut docs: Vec<_> = program.lines().map_while(|line| line.strip_prefix("//!")).collect();
        docs.retain(|line| !line.is_empty());
        let docs = docs.join("\n");
        for said in
            ["Symptom:", "Cause:", "Upstream:", "Fix:", pair.upstream, pair.buggy, pair.fixed]
        {
            assert!(docs.contains(said), "{}: {said}\n{docs}", pair.name);
        }
        assert!(pair.upstream.starts_with("https://github.com/"), "{}", pair.upstream);
    }
}

#[test]
fn every_symptom_is_told_of_by_a_kind_that_there_is() {
    let kinds = [Kind::Deadlock, Kind::Panic, Kind::Error, Kind::Crash, Kind::Hang];
    let [stuck, panics, wrong, aborts, hangs] = kinds.map(Kind::name);
    assert!(Symptom::Stuck.kinds().contains(&stuck));
    assert!(Symptom::Panics.kinds().contains(&panics));
    assert!(Symptom::Wrong.kinds().contains(&wrong));
    assert!(Symptom::Aborts.kinds().contains(&aborts));
    assert!(Symptom::Hangs.kinds().contains(&hangs));
    assert!(PAIRS.iter().all(|pair| pair.runs > 0), "a hunt has runs to make");
    assert!(PROGRAMS.iter().all(|program| program.runs > 0), "a hunt has runs to make");
}

#[test]
fn what_a_program_says_of_its_hunt_is_understood() {
    let clean = hunting::report("clean", 7, 40, || async { Ok(()) });
    let said = format!("{clean}\n{}", hunting::Outcome(&clean));
    assert_eq!(Outcome::read(Some(0), &said), Ok(Outcome::Clean { runs: 40 }));

    let stuck = hunting::report("stuck", 7, 40, std::future::pending);
    let said = format!("{stuck}\n{}", hunting::Outcome(&stuck));
    let Ok(Outcome::Found { runs, strategy, kind, headline }) = Outcome::read(Some(0), &said)
    else {
        panic!("it was found:\n{said}");
    };
    assert_eq!((runs, &*strategy, &*kind), (1, "fifo", "deadlock"));
    assert_eq!(headline, stuck.failure().expect("it failed").finding.headline());
}

/// Some steps of two tasks.
async fn steps() -> Result<(), String> {
    let other = unpick::sim::spawn(unpick::sim::yield_now());
    unpick::sim::yield_now().await;
    other.await.map_err(|error| error.to_string())
}

#[test]
fn what_a_program_says_of_its_traces_is_understood() {
    let said = hunting::traces(7, 5, steps).to_string();
    let Ok(Traces::Same { runs: 5, hash }) = Traces::read(Some(0), &said) else {
        panic!("they are the same:\n{said}");
    };
    let other = hunting::traces(8, 5, steps).to_string();
    assert!(!other.ends_with(&hash), "other runs have other traces: {other}");
}

#[test]
fn traces_that_differ_are_told_apart_with_their_first_lines() {
    let runs = std::sync::atomic::AtomicUsize::new(0);
    let count = || runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let said = hunting::traces(7, 5, || async {
        unpick::event!("run {}", count());
        Ok(())
    });
    let said = said.to_string();
    assert!(said.contains("run 0\n") && said.contains("run 1\n"), "{said}");
    assert_eq!(Traces::read(Some(0), &said), Ok(Traces::Differ { seed: String::from("0x7") }));
}

fn found(kind: &str) -> Outcome {
    let strategy = String::from("random");
    let headline = String::from("IT WENT WRONG");
    Outcome::Found { runs: 4, strategy, kind: kind.to_owned(), headline }
}

fn clean() -> Outcome {
    Outcome::Clean { runs: 1000 }
}

fn same() -> Traces {
    Traces::Same { runs: 20, hash: String::from("00c0ffee00c0ffee") }
}

fn differ() -> Traces {
    Traces::Differ { seed: String::from("0x7") }
}

/// A pair is as expected only if the bug is found, in its own way, and only where it is.
#[test]
fn the_table_says_what_is_not_as_expected() {
    let pair = PAIRS.iter().find(|pair| pair.name == "tokio-8260").expect("it is there");
    let row = |buggy, fixed, traces| Row { pair, buggy, fixed, traces };
    let rows = [
        row(found("deadlock"), clean(), same()),
        row(found("panic"), clean(), same()),
        row(clean(), clean(), same()),
        row(found("deadlock"), found("deadlock"), same()),
        row(found("deadlock"), clean(), differ()),
    ];
    assert_eq!(rows.each_ref().map(Row::is_expected), [true, false, false, false, false]);
    insta::assert_snapshot!("real_table", table(&rows));
}

/// A program is as expected only if it is clean, and its traces are the same.
#[test]
fn the_table_of_programs_says_what_is_not_as_expected() {
    let program = PROGRAMS.iter().find(|program| program.name == "bb8").expect("it is there");
    let row = |outcome, traces| ProgramRow { program, outcome, traces };
    let rows = [row(clean(), same()), row(found("deadlock"), same()), row(clean(), differ())];
    assert_eq!(rows.each_ref().map(ProgramRow::is_expected), [true, false, false]);
    let program = PROGRAMS.iter().find(|program| program.differs.is_some()).expect("there is one");
    let row = |outcome, traces| ProgramRow { program, outcome, traces };
    assert!(row(found("nondeterminism"), same()).is_expected());
    assert!(row(clean(), differ()).is_expected());
    assert!(!row(found("deadlock"), same()).is_expected());
    assert!(!row(clean(), same()).is_expected(), "its cause is gone");
    insta::assert_snapshot!("real_programs", program_table(&rows));
}

/// The package's documentation has a line for each of them; the command compares what they say.
#[test]
fn the_written_table_has_a_line_for_each_of_them_that_is_over_tokio() {
    let written = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(FILE));
    assert_eq!(markdown(&written, &[], &[]), written, "of nobody else, and in their order");
    let over_tokio = PAIRS.iter().filter(|pair| pair.tokio != Tokio::None);
    let is_line = |line: &&str| line.starts_with("| ") && !line.starts_with("| crate");
    assert_eq!(written.lines().filter(is_line).count(), PROGRAMS.len() + over_tokio.count());
}

#[test]
fn what_was_hunted_takes_its_line_and_leaves_the_others() {
    let pair = PAIRS.iter().find(|pair| pair.name == "deadpool-205").expect("it is there");
    let program = PROGRAMS.iter().find(|program| program.name == "bb8").expect("it is there");
    let row = |buggy| Row { pair, buggy, fixed: clean(), traces: same() };
    let other = ProgramRow { program, outcome: clean(), traces: same() };
    let before = markdown("", &[other], &[row(found("deadlock"))]);
    let line = "| deadpool, moved | [0.9.4](https://github.com/deadpool-rs/deadpool/issues/205) | 3 | \
                `` IT WENT WRONG `` | 0.9.5: 1000 | 20 |\n";
    assert!(before.contains(line), "{before}");
    let after = markdown(&before, &[], &[row(clean())]);
    assert_eq!(after, before.replace("| 3 | `` IT WENT WRONG `` |", "| none | ``  `` |"));
}
