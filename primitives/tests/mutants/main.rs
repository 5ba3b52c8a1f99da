//! The list of deliberate breakages is up to date: each applies to the source as it is.
//!
//! `cargo run -p unpick-primitives --example mutants` shows that the tests catch each of them.

mod list;

use std::fs;
use std::path::Path;

use list::{Mutant, all};

#[test]
fn every_mutant_applies() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for &Mutant { name, file, original, broken } in all() {
        let source = fs::read_to_string(sources.join(file)).expect(file);
        assert_eq!(source.matches(original).count(), 1, "{name}: `{original}` in {file}");
        assert_ne!(original, broken, "{name}");
    }
}

#[test]
fn there_are_enough_mutants_and_no_two_of_a_name() {
    let names: Vec<_> = all().map(|mutant| mutant.name).collect();
    assert!(names.len() >= 25, "{}", names.len());
    for (position, name) in names.iter().enumerate() {
        assert!(!names[..position].contains(name), "{name}");
    }
}
