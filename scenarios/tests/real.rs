//! The list of real crates is well formed, and what their programs say is understood. Hunting them
//! needs the crates themselves: that is the example `real`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use unpick::sim::finding::Kind;
use unpick_scenarios::real::{Outcome, PAIRS, Package, Pair, Row, Symptom, table};

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
fn every_folder_is_a_pair_and_every_pair_a_folder() {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let entries = entries.map(|entry| entry.expect("it can be read").path());
    let folders: BTreeSet<String> = entries
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().expect("an entry has a name").to_string_lossy().into_owned())
        .collect();
    let names: BTreeSet<String> = PAIRS.iter().map(|pair| pair.name.to_owned()).collect();
    assert_eq!(folders, names);
    assert_eq!(names.len(), PAIRS.len(), "names are unique");
}

#[test]
fn every_package_has_exactly_the_version_that_the_list_says() {
    for pair in PAIRS {
        for (variant, version) in versions(pair) {
            let package = Package::new(pair.name, variant);
            let manifest = read(&package.folder().join("Cargo.toml"));
            assert!(manifest.starts_with("[workspace]\n"), "a workspace of its own:\n{manifest}");
            assert!(manifest.contains("\npublish = false\n"), "{manifest}");
            assert!(manifest.contains(&format!("\nname = \"{}\"\n", package.name())), "{manifest}");
            let exactly = format!("\"={version}\"");
            let is_named = |line: &str| line.starts_with(pair.krate) && line.contains(&exactly);
            assert!(manifest.lines().any(is_named), "{} {version}:\n{manifest}", pair.krate);
            let lock = read(&package.folder().join("Cargo.lock"));
            let named = format!("name = \"{}\"\nversion = ", pair.krate);
            let locked: Vec<_> =
                lock.split(&named).skip(1).filter_map(|rest| rest.lines().next()).collect();
            assert_eq!(locked, [format!("\"{version}\"")], "{}", package.folder().display());
        }
    }
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
    let [stuck, panics] = [Kind::Deadlock, Kind::Panic].map(Kind::name);
    assert!(Symptom::Stuck.kinds().contains(&stuck));
    assert!(Symptom::Panics.kinds().contains(&panics));
    assert!(PAIRS.iter().all(|pair| pair.runs > 0), "a hunt has runs to make");
}

#[test]
fn what_a_program_says_of_its_hunt_is_understood() {
    let clean = hunting::report("clean", 7, 40, || async { Ok(()) });
    let said = format!("{clean}\n{}", hunting::Outcome(&clean));
    assert_eq!(Outcome::read(Some(0), &said), Ok(Outcome::Clean { runs: 40 }));

    let stuck = hunting::report("stuck", 7, 40, std::future::pending);
    let said = format!("{stuck}\n{}", hunting::Outcome(&stuck));
    let strategy = String::from("fifo");
    let found = Outcome::Found { runs: 1, strategy, kind: String::from("deadlock") };
    assert_eq!(Outcome::read(Some(0), &said), Ok(found));
}

/// A pair is as expected only if the bug is found, in its own way, and only where it is.
#[test]
fn the_table_says_what_is_not_as_expected() {
    let pair = &PAIRS[0];
    let found = |kind: &str| Outcome::Found {
        runs: 4,
        strategy: String::from("random"),
        kind: kind.to_owned(),
    };
    let clean = || Outcome::Clean { runs: 1000 };
    let rows = [
        Row { pair, buggy: found("deadlock"), fixed: clean() },
        Row { pair, buggy: found("panic"), fixed: clean() },
        Row { pair, buggy: clean(), fixed: clean() },
        Row { pair, buggy: found("deadlock"), fixed: found("deadlock") },
    ];
    assert_eq!(rows.each_ref().map(Row::is_expected), [true, false, false, false]);
    insta::assert_snapshot!("real_table", table(&rows));
}
