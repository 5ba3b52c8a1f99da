//! The table of what is controlled, detected and not seen.

const TABLE: &str = include_str!("../../sim/src/controlled.md");

#[test]
fn the_documentation_and_the_readme_have_the_same_table() {
    let readme = include_str!("../../README.md");
    assert!(readme.contains(TABLE), "README.md does not have sim/src/controlled.md");
    let documented = include_str!("../../sim/src/lib.rs");
    assert!(documented.contains("#![doc = include_str!(\"controlled.md\")]"), "{documented}");
    let rows = ["| controlled |", "| detected |", "| not seen |"];
    assert!(rows.iter().all(|row| TABLE.contains(row)), "{TABLE}");
}
