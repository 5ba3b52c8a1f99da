//! How far a hunt has come, on a terminal.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// From when on it is shown: most hunts are over before.
const FIRST: Duration = Duration::from_secs(1);
/// How often it is shown anew.
const AGAIN: Duration = Duration::from_millis(250);

/// How far a hunt has come: one line that is overwritten. Nothing where standard error is no
/// terminal.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    /// When it is to be shown next; `None` if never.
    due: Option<Instant>,
    is_shown: bool,
}

/// What is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) made: u64,
    pub(super) runs: u64,
    pub(super) classes: u64,
    pub(super) findings: usize,
}

impl Progress {
    pub(super) fn new(start: Instant, talks: bool) -> Progress {
        let due = (talks && stderr().is_terminal()).then(|| start + FIRST);
        Progress { start, due, is_shown: false }
    }

    /// Shows it if it is due.
    pub(super) fn show(
        &mut self,
        now: impl FnOnce() -> Instant,
        name: &str,
        shown: impl FnOnce() -> Shown,
    ) {
        let Some(due) = self.due else { return };
        let now = now();
        if now < due {
            return;
        }
        self.due = Some(now + AGAIN);
        self.is_shown = true;
        let line = line(name, shown(), now.duration_since(self.start));
        let _ = write!(stderr(), "\r\x1b[K{line}");
    }
}

/// It is taken off the terminal, however the hunt ends.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(name: &str, shown: Shown, elapsed: Duration) -> String {
    let Shown { made, runs, classes, findings } = shown;
    let rate = u128::from(made) * 1000 / elapsed.as_millis().max(1);
    let found = match findings {
        0 => String::from("nothing found"),
        1 => String::from("1 finding"),
        count => format!("{count} findings"),
    };
    format!("{name}: {made} of {runs} runs, {rate} a second, {classes} classes, {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_runs_rate_classes_and_findings() {
        let shown = Shown { made: 1500, runs: 5000, classes: 12, findings: 2 };
        let line = line("churn", shown, Duration::from_millis(750));
        assert_eq!(line, "churn: 1500 of 5000 runs, 2000 a second, 12 classes, 2 findings");
    }
}
