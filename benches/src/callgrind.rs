//! Instructions, counted by valgrind's callgrind, whatever else the machine does.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::Command;

/// Why nothing was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountError {
    /// Valgrind is not installed.
    NoValgrind,
    /// Something else; what.
    Other(String),
}

impl CountError {
    pub(crate) fn other(error: impl fmt::Display) -> CountError {
        CountError::Other(error.to_string())
    }
}

impl fmt::Display for CountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CountError::NoValgrind => f.write_str("valgrind is not installed"),
            CountError::Other(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for CountError {}

/// How many instructions a program takes for these arguments, in all of its process.
pub(crate) fn instructions(command: &Command) -> Result<u64, CountError> {
    let text = under_callgrind(command, Path::new("/dev/null"))?;
    let collected = text.lines().find_map(|line| line.split("Collected :").nth(1));
    let collected = collected.and_then(|number| number.trim().parse().ok());
    collected.ok_or_else(|| CountError::Other(format!("valgrind printed no count: {text}")))
}

/// Runs a program under callgrind, which writes its profile to this file; what valgrind says.
pub(crate) fn under_callgrind(command: &Command, profile: &Path) -> Result<String, CountError> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    valgrind.arg(command.get_program()).args(command.get_args());
    for (variable, value) in command.get_envs() {
        if let Some(value) = value {
            valgrind.env(variable, value);
        }
    }
    let output = valgrind.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CountError::NoValgrind,
        _ => CountError::other(format!("valgrind could not be started: {error}")),
    })?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(CountError::Other(format!("the program failed under valgrind: {text}")));
    }
    Ok(text)
}
