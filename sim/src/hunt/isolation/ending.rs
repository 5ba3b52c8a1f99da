//! How a worker ended, in words.

use std::process::ExitStatus;

use super::records::Polled;
use crate::finding::{Finding, Kind};
use crate::time::Instant;

/// How many lines of what a worker printed are shown.
pub(super) const SAID_MAX: usize = 8;

/// A worker that is gone.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) status: ExitStatus,
    /// How long a poll had gone on that did not return, in milliseconds.
    pub(super) hung_ms: Option<u64>,
    /// What was polled last, if that is known.
    pub(super) polled: Option<Polled>,
    /// The last lines of its standard error, and how many there were before.
    pub(super) said: Vec<String>,
    pub(super) said_before: usize,
}

impl Ending {
    /// How the process ended: such as `was ended by signal 6 (SIGABRT)`.
    pub(super) fn how(&self) -> String {
        if let Some(limit_ms) = self.hung_ms {
            return format!("was ended because a poll had not returned for {limit_ms} ms");
        }
        match (self.status.code(), signal(self.status)) {
            (Some(code), _) => format!("exited with code {code}"),
            (None, Some(signal)) => match name(signal) {
                Some(name) => format!("was ended by signal {signal} ({name})"),
                None => format!("was ended by signal {signal}"),
            },
            (None, None) => format!("ended: {}", self.status),
        }
    }

    /// The finding of the run that it ended in, which had made so many choices.
    pub(super) fn finding(&self, choices: usize) -> Finding {
        let (kind, message) = match self.hung_ms {
            Some(limit_ms) => (
                Kind::Hang,
                format!(
                    "a poll had not returned for {limit_ms} ms: it blocks its thread, or loops \
                     without an await"
                ),
            ),
            None => (Kind::Crash, format!("the process of the run {}", self.how())),
        };
        let mut finding = Finding::new(kind, message, Instant::START);
        if let Some(Polled { task, spawned }) = &self.polled {
            let spawned =
                spawned.as_ref().map_or(String::new(), |place| format!(", spawned at {place}"));
            let choices = match choices {
                1 => String::from("1 choice"),
                choices => format!("{choices} choices"),
            };
            finding.story.push(format!("last  {task}{spawned} was polled, after {choices}"));
        }
        if self.hung_ms.is_none() {
            if self.said_before > 0 {
                finding.story.push(format!("said  ({} lines before)", self.said_before));
            }
            finding.story.extend(self.said.iter().map(|line| format!("said  {line}")));
        }
        finding.task = self.polled.as_ref().map(|polled| polled.task.clone());
        finding.place = self.polled.as_ref().and_then(|polled| polled.spawned.clone());
        finding
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// The names of those whose numbers are the same on every Unix.
fn name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        2 => "SIGINT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL; out of memory, unless somebody else sent it",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return None,
    })
}
