//! Every public name of tokio's is a name of the package.

#[expect(unused_imports, reason = "that they can be imported is the test")]
mod list;

/// What the package is without its feature `sim`: whatever else there is depends on the feature.
#[test]
fn without_the_feature_it_is_tokio_and_nothing_else() {
    let source = include_str!("../../src/lib.rs");
    let lines = source.lines().filter(|line| !line.starts_with("//") && !line.is_empty());
    let (mut is_behind_feature, mut names) = (false, Vec::new());
    for line in lines {
        match line {
            "#[cfg(feature = \"sim\")]" => is_behind_feature = true,
            attribute if attribute.starts_with('#') => {}
            _ if is_behind_feature => is_behind_feature = false,
            line => names.push(line),
        }
    }
    assert_eq!(names, ["pub use tokio::*;"]);
}
