//! Every public item is documented with an example, which the documentation tests run, and every
//! one that waits says what cancelling it does.
//!
//! It reads the sources line by line, which is enough for sources that `rustfmt` has formatted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A public item: where, its documentation, and its declaration up to its body.
struct Item {
    place: String,
    docs: String,
    declaration: String,
}

impl Item {
    /// What kind of item it is, and its name.
    fn head(&self) -> (&str, &str) {
        let words = self.declaration.split(|c: char| !c.is_alphanumeric() && c != '_');
        let mut words =
            words.filter(|word| !matches!(*word, "" | "pub" | "const" | "async" | "unsafe"));
        (words.next().unwrap_or(""), words.next().unwrap_or(""))
    }

    /// What a function returns.
    fn returns(&self) -> Option<&str> {
        let signature = self.declaration.split(" where ").next()?;
        let (_, returned) = signature.rsplit_once("-> ")?;
        Some(returned)
    }

    /// The future that a type says that it is of.
    fn is_future_of(&self) -> bool {
        self.docs.starts_with("The future of [`")
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("sources are there") {
        let path = entry.expect("sources can be listed").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn public_items(path: &Path, source: &str) -> Vec<Item> {
    const KINDS: [&str; 6] = ["fn", "struct", "enum", "trait", "type", "macro"];
    let (mut items, mut docs, mut is_sealed) = (Vec::new(), String::new(), false);
    let mut lines = source.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let text = line.trim_start();
        is_sealed = (is_sealed || line.starts_with("mod sealed")) && line != "}";
        if let Some(doc) = text.strip_prefix("///") {
            docs.push_str(doc.trim_start());
            docs.push('\n');
        } else if text.starts_with("pub ") && !is_sealed {
            let place = format!("{}:{}", path.display(), number + 1);
            let mut item =
                Item { place, docs: std::mem::take(&mut docs), declaration: text.into() };
            if !KINDS.contains(&item.head().0) {
                continue;
            }
            while !item.declaration.contains(['{', ';']) {
                let Some((_, more)) = lines.next() else { break };
                item.declaration.push(' ');
                item.declaration.push_str(more.trim());
            }
            items.push(item);
        } else if !text.starts_with("#[") && !text.starts_with("//") {
            docs.clear();
        }
    }
    items
}

fn all_items() -> (Vec<Item>, String) {
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut paths);
    paths.sort();
    let (mut items, mut everything) = (Vec::new(), String::new());
    for path in paths {
        let source = fs::read_to_string(&path).expect("sources can be read");
        items.extend(public_items(&path, &source));
        everything.push_str(&source);
    }
    (items, everything)
}

#[track_caller]
fn assert_none(complaint: &str, places: &[String]) {
    assert!(places.is_empty(), "{complaint}:\n{}", places.join("\n"));
}

#[test]
fn every_public_item_has_an_example() {
    let (items, _) = all_items();
    assert!(items.len() > 300, "only {} public items were found", items.len());
    let lacking = items.iter().filter(|item| !item.docs.contains("# Examples\n```\n"));
    // The example of a future is that of the function that makes it.
    let lacking = lacking.filter(|item| !item.is_future_of());
    let lacking: Vec<_> =
        lacking.map(|item| format!("{}  {}", item.place, item.declaration)).collect();
    assert_none("without an example", &lacking);
}

#[test]
fn everything_that_waits_says_what_cancelling_it_does() {
    let (items, everything) = all_items();
    let mut futures: BTreeSet<&str> = BTreeSet::new();
    let implementations = everything.lines().filter(|line| line.starts_with("impl"));
    for line in implementations.filter(|line| line.contains("Future for ")) {
        let (_, implementor) = line.rsplit_once("Future for ").expect("it was looked for");
        futures.extend(implementor.split(['<', ' ']).next());
    }
    futures.extend(items.iter().filter(|item| item.is_future_of()).map(|item| item.head().1));
    // The one of `oneshot` is a future, which its own documentation says; others are none.
    futures.remove("Receiver");
    assert!(futures.len() > 30, "only {} futures were found", futures.len());
    let waits = |item: &&Item| {
        let returned = item.returns().unwrap_or_default().replace("Self::", "");
        let head = returned.split(['<', ' ']).next().unwrap_or_default();
        item.declaration.contains("async fn")
            || (item.head().0 == "fn" && item.returns().is_some_and(|r| r.contains("impl Future")))
            || (item.head().0 == "fn" && futures.contains(head))
    };
    let waiting: Vec<_> = items.iter().filter(waits).collect();
    assert!(waiting.len() > 45, "only {} functions that wait were found", waiting.len());
    let lacking = waiting.iter().filter(|item| !item.docs.contains("# Cancel safety\n"));
    let lacking: Vec<_> =
        lacking.map(|item| format!("{}  {}", item.place, item.declaration)).collect();
    assert_none("without a word on cancelling", &lacking);
}
