//! Every bug of the gallery says what it is: symptom, cause, shortest schedule, fix.

use unpick::cli::Expectation;
use unpick_scenarios::SCENARIOS;

const GALLERY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gallery");

#[test]
fn every_file_of_the_gallery_says_symptom_cause_shortest_schedule_and_fix() {
    let entries = std::fs::read_dir(GALLERY).expect("the gallery is there");
    let mut bugs = 0;
    for entry in entries {
        let path = entry.expect("it can be read").path();
        let source = std::fs::read_to_string(&path).expect("it is text");
        let docs: Vec<&str> = source.lines().take_while(|line| line.starts_with("//!")).collect();
        let leads: Vec<&str> =
            docs.iter().filter_map(|line| line.strip_prefix("//! - ")?.split(':').next()).collect();
        assert_eq!(leads, ["Symptom", "Cause", "Shortest schedule", "Fix"], "{}", path.display());
        bugs += 1;
    }
    assert!(bugs >= 30, "the gallery has {bugs} bugs");
}

#[test]
fn every_bug_of_the_gallery_has_a_buggy_and_a_fixed_variant() {
    let planted = SCENARIOS.iter().filter(|scenario| {
        scenario.variants.iter().any(|variant| variant.expectation != Expectation::Passes)
    });
    for scenario in planted {
        let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name).collect();
        assert_eq!(names, ["buggy", "fixed"], "{}", scenario.name);
    }
}
