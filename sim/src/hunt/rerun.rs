//! How a failure is made again, to be pasted.

use std::env;
use std::thread;

use super::builder::Hunt;
use super::{Failure, Origin};
use crate::seed::RunId;

impl Hunt {
    /// How a failure is made again: by the command, as far as that is known, and for a hunt that
    /// does not know its test by the call too.
    pub(super) fn rerun(&self, failure: &Failure) -> Vec<String> {
        let token = failure.smallest().token();
        let in_code = format!("Run::new().replay_token(&\"{token}\".parse()?).execute(program)");
        let command = match &self.test {
            Some(test) => Some(test.command()),
            // The process's environment is not looked at where the code gives another one.
            None if self.environment.is_some() => None,
            None => command(),
        };
        let mut lines = match command {
            Some(command) if self.test.is_some() => {
                vec![format!("UNPICK_TAPE='{token}' {command}")]
            }
            Some(command) => {
                vec![format!("UNPICK_TAPE='{token}' {command}"), format!("(in code: {in_code})")]
            }
            None => vec![in_code],
        };
        if failure.origin == Origin::Hunt {
            lines.push(format!("(original run: {})", self.original(failure.id)));
        }
        lines
    }

    fn original(&self, RunId { seed, number }: RunId) -> String {
        if self.test.is_none() && (self.is_seeded || self.environment.is_some()) {
            // The environment would be overruled.
            let name = &self.name;
            return format!("Hunt::new({name:?}).seed({seed:#x}).run_one({number}, program)");
        }
        format!("UNPICK_SEED={seed:#x}/{number}")
    }
}

/// The command that comes to the same hunt again: the test that this thread runs, or this
/// program with its arguments. `None` in a test that is not known by its name.
fn command() -> Option<String> {
    let arguments: Vec<String> = env::args_os().map(|it| it.to_string_lossy().into()).collect();
    if !is_of_tests() {
        let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        return (!words.is_empty()).then(|| words.join(" "));
    }
    let name = test_of_thread().or_else(|| {
        let is_exact = arguments.iter().any(|argument| argument == "--exact");
        let mut names = arguments.iter().skip(1).filter(|argument| !argument.starts_with('-'));
        names.next_back().filter(|_| is_exact).cloned()
    })?;
    let package = env::var("CARGO_PKG_NAME").ok().filter(|package| !package.is_empty());
    let package = package.map_or_else(String::new, |package| format!(" -p {package}"));
    Some(format!("cargo test{package} -- --exact {}", quoted(&name)))
}

/// The name that the test harness gives to the thread of a test, unless that is the main one.
pub(super) fn test_of_thread() -> Option<String> {
    let thread = thread::current();
    let name = thread.name().filter(|&name| name != "main");
    name.filter(|_| is_of_tests()).map(str::to_owned)
}

/// Whether this executable is one of those that cargo builds for tests.
fn is_of_tests() -> bool {
    let executable = env::current_exe().ok();
    let folder = executable.as_deref().and_then(|executable| executable.parent());
    folder.is_some_and(|folder| folder.ends_with("deps"))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,+%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        let words = [("a/b-c_d::e", "a/b-c_d::e"), ("two words", "'two words'"), ("", "''")];
        for (word, shown) in words {
            assert_eq!(quoted(word), shown);
        }
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn a_test_knows_the_command_that_runs_it() {
        let command = command().expect("this is a test");
        let name = "hunt::rerun::tests::a_test_knows_the_command_that_runs_it";
        assert!(command.starts_with("cargo test"), "{command}");
        assert!(command.ends_with(&format!(" -- --exact {name}")), "{command}");
    }
}
