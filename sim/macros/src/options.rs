//! The options between the parentheses: `name = value, …`.

use proc_macro::{Delimiter, Span, TokenStream, TokenTree};

use crate::failure::Failure;

/// Every option and what it may be.
const OPTIONS: &[(&str, Shape)] = &[
    ("runs", Shape::Count),
    ("seed", Shape::Number),
    ("switching", Shape::Word(&["preemptive", "cooperative", "both"])),
    ("time", Shape::Word(&["exact", "stalling"])),
    ("leaks", Shape::Word(&["allow", "forbid"])),
    ("expect", Shape::Text("the name of a kind of finding, such as \"deadlock\"")),
    ("strategy", Shape::Text("the name of a strategy, such as \"surw\" or \"pct(3)\"")),
    ("jobs", Shape::Count),
    ("shard", Shape::Shard),
    ("steps", Shape::Count),
    ("wall", Shape::Time),
    ("distinct", Shape::Count),
    ("order", Shape::Labels),
    ("reach", Shape::Labels),
    ("isolate", Shape::Word(&["process", "none"])),
    ("vacuous", Shape::Word(&["fail", "allow"])),
    ("explain", Shape::Word(&["unexpected", "none"])),
    ("regressions", Shape::Text("a path of a file, or \"off\"")),
    ("reports", Shape::Text("a path of a folder")),
    ("options", Shape::Expression),
    ("faults", Shape::Expression),
    ("detectors", Shape::Expression),
    ("crate", Shape::Text("a path, such as \"::unpick\"")),
];

/// What an option may be.
#[derive(Clone, Copy)]
enum Shape {
    /// A whole number from 1.
    Count,
    /// A whole number from 0.
    Number,
    /// One of these.
    Word(&'static [&'static str]),
    /// A text, with what is expected of it.
    Text(&'static str),
    /// A number and a unit.
    Time,
    /// Which part of how many, from 1.
    Shard,
    /// A list of texts.
    Labels,
    /// Whatever Rust makes of it.
    Expression,
}

/// The value of an option that was given.
pub(crate) enum Value {
    /// A whole number.
    Number(u64),
    /// A text, and where it is.
    Text(String, Span),
    /// A span of time, in nanoseconds.
    Nanos(u64),
    /// Which part of how many, from 1.
    Part(u64, u64),
    /// A list of texts, as it was written; and an expression.
    Tokens(TokenStream),
}

/// The options that were given.
pub(crate) struct Settings {
    given: Vec<(&'static str, Value)>,
}

impl Settings {
    /// The text that was given for this option, and where.
    pub(crate) fn text(&self, name: &str) -> Option<(&str, Span)> {
        self.iter().find_map(|(given, value)| match value {
            Value::Text(text, span) if given == name => Some((text.as_str(), *span)),
            _ => None,
        })
    }

    /// Every option that was given, in that order, but for `options`, on which the others build.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let is_base = |given: &&(&str, Value)| given.0 == "options";
        let base = self.given.iter().filter(is_base);
        let others = self.given.iter().filter(move |given| !is_base(given));
        base.chain(others).map(|(name, value)| (*name, value))
    }

    /// Reads what stands between the parentheses.
    pub(crate) fn parse(attribute: TokenStream) -> Result<Settings, Failure> {
        let mut given: Vec<(&'static str, Value)> = Vec::new();
        let tokens: Vec<TokenTree> = attribute.into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        let mut parts: Vec<&[TokenTree]> = tokens.split(is_comma).collect();
        if parts.last().is_some_and(|last| last.is_empty()) {
            // Nothing at all, or a comma behind the last option.
            parts.pop();
        }
        for part in parts {
            let (name, value) = option(part)?;
            if given.iter().any(|(other, _)| *other == name) {
                return Err(Failure::over(part, format!("option `{name}` is given twice")));
            }
            given.push((name, value));
        }
        Ok(Settings { given })
    }
}

fn names() -> String {
    let names: Vec<&str> = OPTIONS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

fn option(part: &[TokenTree]) -> Result<(&'static str, Value), Failure> {
    let Some(TokenTree::Ident(ident)) = part.first() else {
        let message = format!("expected `option = value`; allowed: {}", names());
        return Err(Failure::over(part, message));
    };
    let written = ident.to_string();
    let Some(&(name, shape)) = OPTIONS.iter().find(|(name, _)| *name == written) else {
        let message = format!("there is no option `{written}`; allowed: {}", names());
        return Err(Failure::at(ident.span(), message));
    };
    match part.get(1) {
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {}
        _ => {
            let message = format!("option `{name}` has no value; allowed: {}", shape.allowed());
            return Err(Failure::over(part, message));
        }
    }
    Ok((name, value(name, shape, &part[2..])?))
}

impl Shape {
    fn allowed(self) -> String {
        match self {
            Shape::Count => String::from("a whole number from 1"),
            Shape::Number => String::from("a whole number from 0, below 2^64"),
            Shape::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                words.join(", ")
            }
            Shape::Text(what) => what.to_owned(),
            Shape::Time => {
                String::from("a number from 1 and a unit: \"500 ms\", \"30 s\", \"2 min\"")
            }
            Shape::Shard => String::from("\"i/n\", with i from 1 up to n, such as \"2/4\""),
            Shape::Labels => String::from("a list of texts: [\"first\", \"second\"]"),
            Shape::Expression => String::from("an expression"),
        }
    }
}

fn value(name: &str, shape: Shape, tokens: &[TokenTree]) -> Result<Value, Failure> {
    let refuse = || {
        let written: TokenStream = tokens.iter().cloned().collect();
        let message = format!("option `{name}` is `{written}`; allowed: {}", shape.allowed());
        Failure::over(tokens, message)
    };
    let read = match shape {
        Shape::Count => number(tokens).filter(|&number| number > 0).map(Value::Number),
        Shape::Number => number(tokens).map(Value::Number),
        Shape::Word(words) => {
            let word = text(tokens).filter(|word| words.contains(&word.as_str()));
            word.map(|word| Value::Text(word, tokens[0].span()))
        }
        Shape::Text(_) => text(tokens).map(|text| Value::Text(text, tokens[0].span())),
        Shape::Time => text(tokens).and_then(|text| nanos(&text)).map(Value::Nanos),
        Shape::Shard => text(tokens).and_then(|text| part(&text)),
        Shape::Labels => is_labels(tokens).then(|| Value::Tokens(tokens.iter().cloned().collect())),
        Shape::Expression => {
            (!tokens.is_empty()).then(|| Value::Tokens(tokens.iter().cloned().collect()))
        }
    };
    read.ok_or_else(refuse)
}

/// The one literal that the tokens are, also where a `macro_rules!` has put invisible delimiters
/// around it.
fn literal(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [TokenTree::Literal(literal)] => Some(literal.to_string()),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::None => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            literal(&inner)
        }
        _ => None,
    }
}

/// A text without escapes.
pub(crate) fn text(tokens: &[TokenTree]) -> Option<String> {
    let written = literal(tokens)?;
    let inner = written.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then(|| inner.to_owned())
}

fn number(tokens: &[TokenTree]) -> Option<u64> {
    let written = literal(tokens)?.replace('_', "");
    let digits = written.strip_suffix("u64").unwrap_or(&written);
    match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

fn nanos(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let nanos_each = match text[digits.len()..].trim() {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "min" => 60_000_000_000,
        _ => return None,
    };
    let number: u64 = digits.replace('_', "").parse().ok()?;
    number.checked_mul(nanos_each).filter(|&nanos| nanos > 0)
}

/// Reads `2/4`.
fn part(text: &str) -> Option<Value> {
    let (ordinal, count) = text.split_once('/')?;
    let (ordinal, count) = (ordinal.parse().ok()?, count.parse().ok()?);
    (1..=count).contains(&ordinal).then_some(Value::Part(ordinal, count))
}

fn is_labels(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Group(group)] = tokens else { return false };
    if group.delimiter() != Delimiter::Bracket {
        return false;
    }
    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut labels: Vec<&[TokenTree]> = inner.split(is_comma).collect();
    if labels.last().is_some_and(|last| last.is_empty()) {
        labels.pop();
    }
    !labels.is_empty() && labels.iter().all(|label| text(label).is_some())
}
