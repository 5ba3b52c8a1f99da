//! The lines of the program that a report names, as they stand in its source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How many folders above the current one a file is looked for in: the compiler names files from
/// the workspace's folder, and tests are run in their package's.
const FOLDERS_MAX: usize = 5;

/// Between lines that are named, up to so many others are shown.
const GAP_MAX: u32 = 2;

/// A file of the program.
pub(super) struct Source {
    lines: Vec<String>,
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

    /// The lines of these numbers, those named first before others if there are more than `most`,
    /// and, as long as there is room, the few that stand between them and those next to them;
    /// without the indentation that all have.
    pub(super) fn excerpt(&self, named: &[u32], most: usize) -> Vec<(u32, &str)> {
        let mut numbers: BTreeSet<u32> = BTreeSet::new();
        for number in named.iter().filter(|number| self.is_told(**number)) {
            if numbers.len() < most {
                numbers.insert(*number);
            }
        }
        let ends: Vec<u32> = numbers.iter().copied().collect();
        for pair in ends.windows(2) {
            let between = pair[0] + 1..pair[1];
            let has_room = numbers.len() + between.len() <= most;
            if has_room && pair[1] - pair[0] <= GAP_MAX + 1 {
                numbers.extend(between);
            }
        }
        for number in named {
            for next in [number.saturating_add(1), number.saturating_sub(1)] {
                if numbers.len() < most && numbers.contains(number) && self.is_told(next) {
                    numbers.insert(next);
                }
            }
        }
        let lines: Vec<(u32, &str)> =
            numbers.into_iter().filter_map(|number| Some((number, self.line(number)?))).collect();
        let indents = lines.iter().map(|(_, line)| line.len() - line.trim_start().len());
        let indent = indents.min().unwrap_or(0);
        lines
            .into_iter()
            .map(|(number, line)| (number, line.get(indent..).unwrap_or(line)))
            .collect()
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

/// Where a file is that the compiler named, seen from here.
fn found(file: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut folders = here.ancestors().take(FOLDERS_MAX).map(|folder| folder.join(file));
    if Path::new(file).is_absolute() {
        return Some(PathBuf::from(file)).filter(|path| path.is_file());
    }
    folders.find(|path| path.is_file())
}

/// The lines of a file that a text names, as `file:12` or `:12`, each once, in the text's order.
pub(super) fn named(text: &str, file: &str) -> Vec<u32> {
    let is_around = |c: char| c.is_whitespace() || "(),;`".contains(c);
    let mut numbers = Vec::new();
    for word in text.split(is_around) {
        let line = word.strip_prefix(file).unwrap_or(word).strip_prefix(':');
        let line = line.map(|line| line.trim_end_matches(['.', ':']));
        let number = line.and_then(|line| line.parse().ok());
        numbers.extend(number.filter(|number| !numbers.contains(number)));
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::{Source, named};

    #[test]
    fn places_are_found_in_whole_and_as_lines_alone() {
        let text = "teller read 100 (src/bank.rs:13), gave way at :14, then wrote (:15). t=0:7 :13";
        assert_eq!(named(text, "src/bank.rs"), [13, 14, 15]);
        assert_eq!(named("at src/other.rs:13 of 3:4", "src/bank.rs"), [] as [u32; 0]);
    }

    #[test]
    fn lines_between_named_ones_are_shown_while_there_is_room() {
        let lines = (1..=9).map(|number| format!("        line {number}")).collect();
        let source = Source { lines };
        let numbers = |named: &[u32], most| -> Vec<u32> {
            source.excerpt(named, most).iter().map(|(number, _)| *number).collect()
        };
        assert_eq!(numbers(&[8, 2, 4], 4), [2, 3, 4, 8]);
        assert_eq!(numbers(&[8, 2, 4], 6), [2, 3, 4, 7, 8, 9], "then those next to the first");
        assert_eq!(numbers(&[8, 2, 4], 3), [2, 4, 8]);
        assert_eq!(numbers(&[8, 2, 4, 99], 2), [2, 8], "those named first come first");
        assert_eq!(source.excerpt(&[2], 1), [(2, "line 2")]);
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
