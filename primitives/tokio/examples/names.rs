//! Writes down tokio's public names, for the test `names`.
//!
//! `cargo run -p unpick-tokio --example names` builds tokio's documentation and takes the names
//! from it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Kinds of items, as rustdoc begins the names of its files.
const KINDS: [&str; 8] = ["attr", "constant", "enum", "fn", "macro", "struct", "trait", "type"];

fn main() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = package.ancestors().nth(2).expect("it is two folders down").join("target");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(package)
        // Tokio as a dependency of this package: alone it would have none of its features.
        .args(["doc", "--quiet", "-p", "unpick-tokio", "--features", "full,test-util"])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "tokio's documentation can be built");
    let mut names = Vec::new();
    collect(&target.join("doc/tokio"), &mut Vec::new(), &mut names);
    names.sort();
    names.dedup();
    let mut text = String::from(
        "// Tokio's public names, as its documentation has them: written by the example `names`.\n\n",
    );
    for name in &names {
        writeln!(text, "use unpick_tokio::{name} as _;").expect("a text can be written to");
    }
    fs::write(package.join("tests/names/list.rs"), text).expect("the list can be written");
    println!("{} names", names.len());
}

/// The names below a folder of rustdoc's, with the modules that they are in.
fn collect(folder: &Path, modules: &mut Vec<String>, names: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("rustdoc has written it").filter_map(Result::ok);
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    for path in paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() {
            modules.push(name.to_owned());
            collect(&path, modules, names);
            modules.pop();
        } else if let Some((kind, rest)) = name.split_once('.')
            && let Some(item) = rest.strip_suffix(".html")
            && KINDS.contains(&kind)
            && !is_redirection(&path)
        {
            let mut path = modules.clone();
            path.push(item.to_owned());
            names.push(path.join("::"));
        }
    }
}

/// Whether a page only leads to where the item is public.
fn is_redirection(page: &Path) -> bool {
    fs::read_to_string(page).is_ok_and(|text| text.contains("http-equiv=\"refresh\""))
}
