//! The list of deliberate breakages is up to date: each applies to the source as it is.
//!
//! `cargo run -p unpick-primitives --example mutants` shows that the tests catch each of them.

mod list;

use std::fs;
use std::path::Path;

use list::{MUTANTS, Mutant};

#[test]
fn every_mutant_applies() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for &Mutant { name, file, original, broken } in MUTANTS {
        let source = fs::read_to_string(sources.join(file)).expect(file);
        assert_eq!(source.matches(original).count(), 1, "{name}: `{original}` in {file}");
        assert_ne!(original, broken, "{name}");
    }
}

#[test]
fn there_are_enough_mutants_and_no_two_of_a_name() {
    assert!(MUTANTS.len() >= 25, "{}", MUTANTS.len());
    for (position, mutant) in MUTANTS.iter().enumerate() {
        let earlier = &MUTANTS[..position];
        assert!(earlier.iter().all(|other| other.name != mutant.name), "{}", mutant.name);
    }
}
