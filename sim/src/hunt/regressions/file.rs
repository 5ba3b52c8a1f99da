//! The file that keeps a test's failures.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::entry::Entry;
use crate::hunt::files::write_atomically;

/// The version of the format that is written. Older ones are read as well, once there are any.
const FORMAT: u32 = 1;

const HEAD: &str = "unpick-regressions";

/// The failures that one file keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regressions {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Regressions {
    /// A file that keeps nothing yet.
    pub fn new(path: impl Into<PathBuf>) -> Regressions {
        Regressions { path: path.into(), entries: Vec::new() }
    }

    /// Reads a file. One that is not there keeps nothing.
    ///
    /// # Errors
    /// If it cannot be read, or is no such file: the error names the line, and what is allowed.
    pub fn read(path: impl Into<PathBuf>) -> Result<Regressions, RegressionsError> {
        let path = path.into();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if is_absent(&error) => {
                return Ok(Regressions::new(path));
            }
            Err(error) => return Err(RegressionsError { path, line: 0, wrong: error.to_string() }),
        };
        match parse(&text) {
            Ok(entries) => Ok(Regressions { path, entries }),
            Err((line, wrong)) => Err(RegressionsError { path, line, wrong }),
        }
    }

    /// Where they are kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The failures, in the order in which they were kept.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Keeps one more, unless the same bug is kept already with a tape that is no longer; says
    /// whether the file has to be written.
    pub fn keep(&mut self, entry: Entry) -> bool {
        match self.entries.iter_mut().find(|known| known.is_like(&entry)) {
            Some(known) if known.token.length() <= entry.token.length() => false,
            Some(known) => {
                *known = entry;
                true
            }
            None => {
                self.entries.push(entry);
                true
            }
        }
    }

    /// Puts an entry in the place of the one at this place in the file, from 0.
    pub(in crate::hunt) fn renew(&mut self, number: usize, entry: Entry) {
        if let Some(known) = self.entries.get_mut(number) {
            *known = entry;
        }
    }

    /// Writes the file, its folder too: in one go, so that nobody reads half of it.
    ///
    /// # Errors
    /// If that is not possible, as in a tree that is read-only.
    pub fn write(&self) -> io::Result<()> {
        write_atomically(&self.path, self.to_string().as_bytes())
    }
}

/// Whether there is no such file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl fmt::Display for Regressions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Failures that unpick found. Commit this file: they are replayed first.")?;
        writeln!(f, "{HEAD} {FORMAT}")?;
        for entry in &self.entries {
            write!(f, "\n{entry}")?;
        }
        Ok(())
    }
}

/// Reads the text of a file; errors have the number of their line, from 1.
fn parse(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim_end()));
    let mut lines =
        lines.filter(|(_, line)| !line.is_empty() && !line.trim_start().starts_with('#'));
    let expected = format!("the first line is to be `{HEAD} {FORMAT}`");
    let Some((number, head)) = lines.next() else { return Err((1, expected)) };
    let version = head.strip_prefix(HEAD).map(str::trim);
    match version.and_then(|version| version.parse::<u32>().ok()) {
        Some(FORMAT) => {}
        Some(version) if version > FORMAT => {
            let wrong = format!("its format is {version}, and this version reads up to {FORMAT}");
            return Err((number, wrong));
        }
        _ => return Err((number, format!("`{head}`: {expected}"))),
    }
    let mut entries: Vec<Vec<(usize, &str)>> = Vec::new();
    for (number, line) in lines {
        let is_continued = line.starts_with([' ', '\t']);
        let fields = line.split(';').map(|field| (number, field.trim()));
        let fields = fields.filter(|(_, field)| !field.is_empty());
        match (is_continued, entries.last_mut()) {
            (true, Some(entry)) => entry.extend(fields),
            (true, None) => {
                let wrong = "an indented line goes on with an entry, and there is none before it";
                return Err((number, String::from(wrong)));
            }
            (false, _) => entries.push(fields.collect()),
        }
    }
    entries.iter().map(|fields| Entry::parse(fields)).collect()
}

/// A file that is not one of regressions, or not of this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegressionsError {
    path: PathBuf,
    /// From 1; 0 if it could not be read at all.
    line: usize,
    wrong: String,
}

impl fmt::Display for RegressionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut place = self.path.display().to_string();
        if self.line > 0 {
            let _ = write!(place, ":{}", self.line);
        }
        write!(
            f,
            "{place}: {}; allowed: a file that unpick has written, or none; `UNPICK_REGRESSIONS=off` \
             leaves it unread",
            self.wrong
        )
    }
}

impl std::error::Error for RegressionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# Failures that unpick found. Commit this file: they are replayed first.
unpick-regressions 1

failure deadlock
  place src/pool.rs:44
  date 2026-11-25
  version 0.1.0
  tape 1pe:9@2=1~77ab03
  choice 2 schedule 1/3
    task main.1 checkout
    before acquire lock a%3bb
    nth 1
    to main.2 reaper
    then acquire lock conns
";

    #[test]
    fn a_file_survives_parse_and_print() {
        let entries = parse(FILE).expect("it is one");
        let path = PathBuf::from("x");
        assert_eq!(Regressions { path, entries }.to_string(), FILE);
    }

    #[test]
    fn an_entry_in_one_line_is_the_same() {
        let entries = parse(FILE).expect("it is one");
        let pasted = format!("unpick-regressions 1\n{}\n", entries[0].to_line());
        assert_eq!(parse(&pasted), Ok(entries));
    }

    #[test]
    fn what_is_malformed_is_named_by_its_line() {
        for (from, to, line, reason) in [
            ("unpick-regressions 1", "", 4, "`failure deadlock`: the first line is to be"),
            ("unpick-regressions 1", "unpick-regressions 2", 2, "its format is 2, and this"),
            ("  place src", "  palce src", 5, "there is no field `palce`; allowed: failure, place"),
            ("tape 1pe:9@2=1~77ab03", "tape 1pe", 8, "`1pe` is not a tape"),
            ("  tape 1pe:9@2=1~77ab03\n", "", 4, "the entry has no field `tape`"),
            ("2 schedule 1/3", "2 schedule 3/3", 9, "`2 schedule 3/3` is no choice"),
            ("2 schedule 1/3", "2 shedule 1/3", 9, "allowed: a number, a label (schedule, time,"),
            ("nth 1", "nth first", 12, "`nth first`: a number was expected"),
            ("a%3bb", "a%zzb", 11, "two hexadecimal digits"),
            ("failure deadlock\n", "", 4, "an indented line goes on with an entry"),
        ] {
            let (at, error) = parse(&FILE.replace(from, to)).expect_err(to);
            assert!(error.contains(reason), "{to}: {error}");
            assert_eq!(at, line, "{to}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = parse(&format!("unpick-regressions 1\n{text}"));
        }
    }
}
