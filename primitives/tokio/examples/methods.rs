//! Holds the methods and the traits of this package's types against tokio's:
//! `cargo run -p unpick-tokio --example methods`.
//!
//! It builds the documentation of both, and takes from it what each type can do. Types that are
//! tokio's own need no comparison. A method that is missing, or whose signature differs in more
//! than the ways in which [`canonical`] makes them alike, is printed, and fails the command, unless
//! it is [`KNOWN`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What differs, and why.
const KNOWN: &[(&str, &str)] = &[
    ("sync/mpsc/struct.Receiver.html fn recv_many", ONE_LIFETIME),
    ("sync/mpsc/struct.UnboundedReceiver.html fn recv_many", ONE_LIFETIME),
];

const ONE_LIFETIME: &str = "both borrows are of the lifetime that they have in common";

/// Traits that nobody calls or asks for: what is dropped how, and what the compiler finds out.
const UNASKED: [&str; 3] = ["impl Drop", "impl Freeze", "impl !Unpin"];

/// What a type can do: what is compared of each item, by its name.
type Items = BTreeMap<String, String>;

fn main() -> ExitCode {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = package.ancestors().nth(2).expect("it is two folders down").join("target/doc");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(package)
        // Tokio's as that of a dependency, so that it has the same features.
        .args(["doc", "--quiet", "-p", "unpick-tokio", "--features", "full,sim"])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the documentation can be built");
    let mut pages = Vec::new();
    collect(&docs.join("unpick_tokio"), &mut pages);
    pages.sort();
    let (mut types, mut items, mut known, mut differences) = (0, 0, 0, 0);
    for page in pages {
        let name = page.strip_prefix(docs.join("unpick_tokio")).expect("it was found there");
        // What tokio's documentation has elsewhere is this package's alone.
        let Ok(theirs) = fs::read_to_string(docs.join("tokio").join(name)) else { continue };
        let ours = fs::read_to_string(&page).expect("it was just found");
        if !ours.contains("/src/unpick_tokio/") {
            continue;
        }
        let of_type = name.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let of_type = of_type.split_once('.').map_or("", |(_, name)| name);
        let (ours, theirs) = (items_of(&ours, of_type), items_of(&theirs, of_type));
        types += 1;
        for (item, signature) in theirs {
            if UNASKED.contains(&item.as_str()) {
                continue;
            }
            items += 1;
            let told = format!("{} {item}", name.display());
            let difference = match ours.get(&item) {
                None => "missing".to_owned(),
                Some(ours) if *ours == signature => continue,
                Some(ours) => format!("differs\n    tokio {signature}\n    ours  {ours}"),
            };
            match KNOWN.iter().find(|(known, _)| *known == told) {
                Some((_, why)) => {
                    known += 1;
                    println!("{told}: {why}");
                }
                None => {
                    differences += 1;
                    println!("{told}: {difference}");
                }
            }
        }
    }
    println!("{types} types, {items} methods and traits, {known} known, {differences} differ");
    if differences == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The pages of types below a folder.
fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("rustdoc has written it").filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            collect(&path, pages);
        } else if ["struct.", "enum.", "fn."].iter().any(|kind| name.starts_with(kind)) {
            pages.push(path);
        }
    }
}

/// What a page says that there is: methods of the type itself, and traits; or a function.
fn items_of(page: &str, of_type: &str) -> Items {
    let mut items = Items::new();
    if let Some(declared) = between(page, "<pre class=\"rust item-decl\"><code>", "</code>")
        && text_of(declared).contains("fn ")
    {
        items.insert("itself".to_owned(), canonical(&text_of(declared), ""));
    }
    // Blanket implementations follow from the others.
    let page = page.split("id=\"blanket-implementations\"").next().unwrap_or(page);
    let (own, traits) = page.split_once("id=\"trait-implementations\"").unwrap_or((page, ""));
    for part in own.split("<section id=\"method.").skip(1) {
        let Some((name, rest)) = part.split_once('"') else { continue };
        if let Some(header) = between(rest, "<h4 class=\"code-header\">", "</h4>") {
            items.insert(format!("fn {name}"), canonical(&text_of(header), of_type));
        }
    }
    for part in traits.split("<section id=\"impl-").skip(1) {
        if let Some(header) = between(part, "<h3 class=\"code-header\">", "</h3>") {
            // The bounds of a trait are written in more ways than one: not looked at.
            let header = text_of(header);
            let Some((head, _)) = header.split_once(" for ") else { continue };
            let head = head.strip_prefix("impl").unwrap_or(head);
            let generics =
                head.strip_prefix('<').and_then(|rest| rest.find("> ").map(|end| end + 3));
            items.insert(format!("impl {}", head[generics.unwrap_or(0)..].trim()), String::new());
        }
    }
    items
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(inner, _)| inner)
}

/// What a browser shows of some HTML, its white space made single.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for character in html.chars() {
        match character {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            _ => text.push(character),
        }
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let text = text.replace("&#39;", "'").replace("&nbsp;", " ").replace('\u{a0}', " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("where ", " where ").replace("  where ", " where ")
}

/// A signature, in a form that is the same for what a caller cannot tell apart: an async function
/// is one that returns a future, and what parameters are called does not matter.
fn canonical(signature: &str, of_type: &str) -> String {
    let mut text = with_self(signature, of_type);
    text = text.replace("pub const fn", "pub fn").replace("pub extern \"Rust\" fn", "pub fn");
    text = text.replace(",)", ")").replace("'_, ", "").replace("<'_>", "").replace("'static ", "");
    text = text.replace("( ", "(").replace(", )", ")").replace("mut ", "mut_");
    if let Some((before, rest)) = text.clone().split_once("async fn ") {
        let (head, bounds) = match rest.split_once(" where ") {
            Some((head, bounds)) => (head, format!(" where {bounds}")),
            None => (rest, String::new()),
        };
        let (head, output) = head.rsplit_once(" -> ").unwrap_or((head, "()"));
        text = format!("{before}fn {head} -> impl Future<Output = {output}>{bounds}");
    }
    while let Some((before, after)) = text.clone().split_once(" + use<") {
        let rest = after.split_once('>').map_or("", |(_, rest)| rest);
        text = format!("{before}{rest}");
    }
    without_parameter_names(&text).replace("mut_", "mut ").trim_end_matches(',').to_owned()
}

/// The type itself is `Self`.
fn with_self(signature: &str, of_type: &str) -> String {
    let mut text = String::new();
    let mut rest = signature;
    while let Some(at) = rest.find(of_type).filter(|_| !of_type.is_empty()) {
        let (before, behind) = rest.split_at(at);
        let behind = &behind[of_type.len()..];
        let is_name = |character: char| character.is_alphanumeric() || character == '_';
        text.push_str(before);
        if before.ends_with(is_name) || behind.starts_with(is_name) {
            text.push_str(of_type);
            rest = behind;
            continue;
        }
        text.push_str("Self");
        let generics = behind.strip_prefix('<').and_then(|inner| inner.split_once('>'));
        rest = generics.map_or(behind, |(_, rest)| rest);
    }
    text + rest
}

/// `(self, f: F)` is `(self, F)`.
fn without_parameter_names(text: &str) -> String {
    let Some((head, rest)) = text.split_once('(') else { return text.to_owned() };
    let mut depth = 1;
    let end = rest.find(|character| {
        match character {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    let Some(end) = end else { return text.to_owned() };
    let parameters = rest[..end].split(", ").map(|parameter| {
        let named = parameter.split_once(": ").filter(|(name, _)| {
            name.chars().all(|character| character.is_ascii_lowercase() || character == '_')
        });
        named.map_or(parameter, |(_, kind)| kind)
    });
    let parameters: Vec<&str> = parameters.collect();
    format!("{head}({}{}", parameters.join(", "), &rest[end..])
}
