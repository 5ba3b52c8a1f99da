//! The list of deliberate breakages is up to date: each applies to the source as it is.
//!
//! `cargo run -p unpick-primitives --example mutants -- sim/` shows that the tests catch each of them.

mod list;

use std::fs;
use std::path::Path;

use list::Mutant;

#[test]
fn every_mutant_applies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for &Mutant { name, file, original, broken, tests } in list::all() {
        let source = fs::read_to_string(root.join("sim/src").join(file)).expect(file);
        assert_eq!(source.matches(original).count(), 1, "{name}: `{original}` in {file}");
        assert_ne!(original, broken, "{name}");
        let folder = root.join("tests").join(tests);
        let is_of_primitives = tests == "contracts";
        let is_there = is_of_primitives || tests == "lib" || folder.join("main.rs").is_file();
        assert!(is_there, "{name}: {tests}");
    }
}

#[test]
fn there_are_enough_mutants_and_no_two_of_a_name() {
    let mutants: Vec<&Mutant> = list::all().collect();
    assert!(mutants.len() >= 90, "{}", mutants.len());
    for (position, mutant) in mutants.iter().enumerate() {
        let earlier = &mutants[..position];
        assert!(earlier.iter().all(|other| other.name != mutant.name), "{}", mutant.name);
    }
}
