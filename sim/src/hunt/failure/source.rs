//! The lines of the program that a report names, as they stand in its source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many folders above the current one a file is looked for in: the compiler names files from
/// the workspace's folder, and tests are run in their package's.
const FOLDERS_MAX: usize = 5;

/// A function of so many lines is shown in whole: what is wrong is mostly next to what is named.
const FUNCTION_MAX: usize = 16;

/// Of a longer one, so many lines on either side of what is named.
const AROUND: u32 = 2;

/// A file of the program.
pub(super) struct Source {
    lines: Vec<String>,
}

/// A row of an excerpt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row<'a> {
    /// A line, with its number.
    Line(u32, &'a str),
    /// So many lines of the same function are left out.
    Gap(usize),
    /// What follows is of another function.
    Elsewhere,
}

impl Source {
    /// Reads a file, if it is there and was not edited after the program was built: other lines than
    /// those that ran are worse than none.
    pub(super) fn of(file: &str) -> Option<Source> {
        let path = found(file)?;
        let program = std::env::current_exe().ok()?.metadata().ok()?.modified().ok()?;
        if path.metadata().ok()?.modified().ok()? > program {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        Some(Source { lines: text.lines().map(str::to_owned).collect() })
    }

    /// The lines of these numbers, those named first before others if there are more than `most`;
    /// and, as long as there is room, the functions that they are in, or the lines around them, but
    /// for `minor` ones. Without the indentation that all have.
    pub(super) fn excerpt(&self, named: &[u32], minor: &[u32], most: usize) -> Vec<Row<'_>> {
        let mut numbers: BTreeSet<u32> = BTreeSet::new();
        let all = named.iter().chain(minor);
        for number in all.filter(|number| self.is_told(**number)) {
            if numbers.len() < most {
                numbers.insert(*number);
            }
        }
        for number in named.iter().filter(|number| self.is_told(**number)) {
            let whole = self.function(*number).filter(|it| it.clone().count() <= FUNCTION_MAX);
            let near = || number.saturating_sub(AROUND).max(1)..=number.saturating_add(AROUND);
            let mut wanted: Vec<u32> = whole.unwrap_or_else(near).collect();
            wanted.retain(|number| !numbers.contains(number) && self.is_told(*number));
            if numbers.len() + wanted.len() > most {
                // The nearest first.
                wanted.sort_by_key(|near| near.abs_diff(*number));
                wanted.truncate((2 * AROUND as usize).min(most - numbers.len()));
            }
            numbers.extend(wanted);
        }
        self.rows(&numbers)
    }

    /// These lines, with what is left out between them. A line alone is not left out.
    fn rows(&self, numbers: &BTreeSet<u32>) -> Vec<Row<'_>> {
        let mut shown: Vec<u32> = numbers.iter().copied().collect();
        for pair in shown.clone().windows(2) {
            let mut hidden = (pair[0] + 1..pair[1]).filter(|number| self.is_told(*number));
            if let (Some(alone), None) = (hidden.next(), hidden.next())
                && self.function(pair[0]) == self.function(pair[1])
            {
                shown.push(alone);
            }
        }
        shown.sort_unstable();
        let lines: Vec<(u32, &str)> =
            shown.into_iter().filter_map(|number| Some((number, self.line(number)?))).collect();
        let indents = lines.iter().map(|(_, line)| line.len() - line.trim_start().len());
        let indent = indents.min().unwrap_or(0);
        let mut rows = Vec::new();
        let mut last: Option<u32> = None;
        for (number, line) in lines {
            if let Some(last) = last.filter(|last| last + 1 < number) {
                let hidden = (last + 1..number).filter(|number| self.is_told(*number)).count();
                match self.function(last) == self.function(number) {
                    true if hidden == 0 => {}
                    true => rows.push(Row::Gap(hidden)),
                    false => rows.push(Row::Elsewhere),
                }
            }
            rows.push(Row::Line(number, line.get(indent..).unwrap_or(line)));
            last = Some(number);
        }
        rows
    }

    /// The function that a line is in, by its indentation: from the line that names it to its last
    /// brace.
    fn function(&self, number: u32) -> Option<std::ops::RangeInclusive<u32>> {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let mut within = indent(self.line(number)?);
        // Whether what stands at this indentation was begun further above.
        let mut goes_on = true;
        let first = (1..=number).rev().find(|&above| {
            let line = self.line(above).unwrap_or_default();
            if line.trim().is_empty() || indent(line) > within {
                return false;
            }
            let is_further_out = indent(line) < within;
            if (is_further_out || goes_on) && is_function(line) {
                return true;
            }
            if is_further_out || above == number {
                within = indent(line);
                goes_on = line.trim_start().starts_with([')', '}', '{']) || line.trim() == "where";
            }
            false
        })?;
        let line = self.line(first)?;
        if line.trim_end().ends_with('}') {
            return (first == number).then_some(first..=first);
        }
        let mut below = (first + 1..).map_while(|number| Some((number, self.line(number)?)));
        let (last, _) = below.find(|(_, it)| indent(it) == indent(line) && it.trim() == "}")?;
        (last >= number).then_some(first..=last)
    }

    /// Whether a line says more than that something begins or ends there.
    fn is_told(&self, number: u32) -> bool {
        self.line(number).is_some_and(|line| line.contains(char::is_alphanumeric))
    }

    /// The only line with a literal that a message was made of: all that stands between its
    /// placeholders, and that is more than a few letters, is in the message.
    pub(super) fn line_that_says(&self, message: &str) -> Option<u32> {
        let says = |line: &String| literals(line).any(|literal| is_made_of(message, literal));
        let mut numbers = (1..).zip(&self.lines).filter(|(_, line)| says(line));
        let (number, _) = numbers.next()?;
        numbers.next().is_none().then_some(number)
    }

    /// Lines count from one.
    fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.lines.get(index).map(String::as_str)
    }
}

/// How many letters of a literal there are at the least, apart from its placeholders.
const LETTERS_MIN: usize = 8;

/// What stands between quotes in a line of source.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// Whether a message may be what a literal was formatted to.
fn is_made_of(message: &str, literal: &str) -> bool {
    let mut rest = message;
    let mut letters = 0;
    for (index, part) in literal.split('{').enumerate() {
        let part = if index == 0 { part } else { part.split_once('}').map_or("", |it| it.1) };
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        letters += part.chars().filter(|letter| letter.is_alphabetic()).count();
    }
    letters >= LETTERS_MIN
}

/// Whether a function begins in this line.
fn is_function(line: &str) -> bool {
    let before = line.trim_start().split_once("fn ").map(|(before, _)| before);
    let words = ["pub", "async", "const", "unsafe", "extern", "default", "\"C\""];
    before.is_some_and(|before| {
        before.split_whitespace().all(|word| words.contains(&word) || word.starts_with("pub("))
    })
}

/// Where a file is that the compiler named, seen from here.
fn found(file: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut folders = here.ancestors().take(FOLDERS_MAX).map(|folder| folder.join(file));
    if Path::new(file).is_absolute() {
        return Some(PathBuf::from(file)).filter(|path| path.is_file());
    }
    folders.find(|path| path.is_file())
}

/// The words of a text, without what stands around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "(),;`".contains(c));
    words.map(|word| word.trim_end_matches(['.', ':']))
}

/// The lines of a file that a text names, as `file:12` or `:12`, each once, in the text's order.
pub(super) fn named(text: &str, file: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for word in words(text) {
        let line = word.strip_prefix(file).unwrap_or(word).strip_prefix(':');
        let number = line.and_then(|line| line.parse().ok());
        numbers.extend(number.filter(|number| !numbers.contains(number)));
    }
    numbers
}

/// The files that a text names in full, as `src/file.rs:12`, each once, in the text's order.
pub(super) fn files_in(text: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for word in words(text) {
        let Some((file, line)) = word.rsplit_once(':') else { continue };
        let is_new = !files.iter().any(|known| known == file);
        if is_new && file.ends_with(".rs") && line.parse::<u32>().is_ok() {
            files.push(file.to_owned());
        }
    }
    files
}

/// The lines of a file that a text names with the file's name.
pub(super) fn named_in_full(text: &str, file: &str) -> Vec<u32> {
    let in_full = words(text).filter(|word| word.starts_with(file));
    named(&in_full.collect::<Vec<_>>().join(" "), file)
}

#[cfg(test)]
mod tests {
    use super::{Row, Source, files_in, named, named_in_full};

    #[test]
    fn places_are_found_in_whole_and_as_lines_alone() {
        let text = "teller read 100 (src/bank.rs:13), gave way at :14, then wrote (:15). t=0:7 :13";
        assert_eq!(named(text, "src/bank.rs"), [13, 14, 15]);
        assert_eq!(named("at src/other.rs:13 of 3:4", "src/bank.rs"), [] as [u32; 0]);
    }

    /// A function of four lines, one of twenty, and one of one.
    fn source() -> Source {
        let mut lines: Vec<String> = ["impl A {", "    async fn short(&self) {", "        one();"]
            .map(str::to_owned)
            .to_vec();
        lines.extend(
            ["        two();", "    }", "", "    pub(crate) fn long(", "    ) {"]
                .map(str::to_owned),
        );
        lines.extend((9..=27).map(|number| format!("        line({number});")));
        lines.extend(["    }", "", "    fn tiny() {}", "}"].map(str::to_owned));
        Source { lines }
    }

    fn numbers(source: &Source, named: &[u32], most: usize) -> Vec<u32> {
        let rows = source.excerpt(named, &[], most);
        let number = |row: &Row<'_>| match row {
            Row::Line(number, _) => Some(*number),
            Row::Gap(_) | Row::Elsewhere => None,
        };
        rows.iter().filter_map(number).collect()
    }

    #[test]
    fn files_are_those_that_are_named_with_a_line() {
        let text = "at src/a.rs:13 (src/b.rs:4), then src/a.rs:14: not src/c.rs, t=0:7";
        assert_eq!(files_in(text), ["src/a.rs", "src/b.rs"]);
        assert_eq!(named_in_full(text, "src/a.rs"), [13, 14]);
        assert_eq!(named_in_full(":12 and src/b.rs:4", "src/b.rs"), [4], "a line of another file");
    }

    #[test]
    fn a_short_function_is_shown_in_whole_and_of_a_long_one_what_is_around() {
        let source = source();
        assert_eq!(numbers(&source, &[4], 9), [2, 3, 4]);
        assert_eq!(numbers(&source, &[4, 15], 9), [2, 3, 4, 13, 14, 15, 16, 17]);
        assert_eq!(numbers(&source, &[15, 4], 4), [4, 14, 15, 16], "the nearest come first");
        assert_eq!(numbers(&source, &[30], 9), [30]);
        let minor = source.excerpt(&[15], &[4], 9);
        assert_eq!(minor[0], Row::Line(4, "two();"), "what matters less stands alone");
        assert_eq!(minor.len(), 7, "{minor:?}");
    }

    #[test]
    fn what_is_named_comes_before_what_is_around_and_what_is_named_first_before_the_rest() {
        let source = source();
        assert_eq!(numbers(&source, &[12, 22, 4], 3), [4, 12, 22]);
        assert_eq!(numbers(&source, &[12, 22, 4, 99], 2), [12, 22]);
    }

    #[test]
    fn lines_of_one_function_that_are_left_out_are_counted_and_one_alone_is_shown() {
        let source = source();
        assert_eq!(
            source.excerpt(&[12, 20], &[], 2),
            [Row::Line(12, "line(12);"), Row::Gap(7), Row::Line(20, "line(20);")]
        );
        assert_eq!(numbers(&source, &[12, 14], 2), [12, 13, 14]);
        let rows = source.excerpt(&[3, 12], &[], 2);
        assert_eq!(rows, [Row::Line(3, "one();"), Row::Elsewhere, Row::Line(12, "line(12);")]);
    }

    #[test]
    fn a_function_is_what_its_indentation_says() {
        let source = source();
        assert_eq!(source.function(2), Some(2..=5));
        assert_eq!(source.function(4), Some(2..=5));
        assert_eq!(source.function(5), Some(2..=5));
        assert_eq!(source.function(8), Some(7..=28));
        assert_eq!(source.function(20), Some(7..=28));
        assert_eq!(source.function(30), Some(30..=30));
        assert_eq!(source.function(1), None);
        assert_eq!(source.function(31), None);
    }

    #[test]
    fn the_line_is_found_that_says_what_a_message_says_if_there_is_one() {
        let program = ["let x = 1;", "Err(format!(\"rendered {times} times by {who}\"))", "\"by\""];
        let mut source = Source { lines: program.map(str::to_owned).to_vec() };
        let message = "the program returned an error: \"rendered 2 times by ada\"";
        assert_eq!(source.line_that_says(message), Some(2));
        assert_eq!(source.line_that_says("it was rendered 2 times for ada"), None);
        assert_eq!(source.line_that_says("nothing by ada"), None, "two letters are too few");
        source.lines.push(source.lines[1].clone());
        assert_eq!(source.line_that_says(message), None, "it may be either");
    }

    #[test]
    fn a_file_of_this_package_is_found_and_another_is_not() {
        assert!(Source::of(file!()).is_some());
        assert!(Source::of("src/no_such_file.rs").is_none());
    }
}
