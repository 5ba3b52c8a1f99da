//! What a program's output says of its run.

use std::fmt;

use crate::finding::{Finding, Kind};
use crate::run::Outcome;

/// Turns an output that is an error into a finding.
pub fn judge<T: Verdict>(outcome: Outcome<T>) -> Outcome<()> {
    let elapsed = outcome.elapsed;
    outcome.judged(|output| {
        let message = format!("the program returned an error: {}", output.complaint()?);
        let mut finding = Finding::new(Kind::Error, message, elapsed);
        finding.task = Some(String::from("main"));
        Some(finding)
    })
}

/// Whether a program's output says that something went wrong.
pub trait Verdict {
    /// What went wrong, or `None`.
    fn complaint(&self) -> Option<String>;
}

impl Verdict for () {
    fn complaint(&self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Debug> Verdict for Result<T, E> {
    fn complaint(&self) -> Option<String> {
        self.as_ref().err().map(|error| format!("{error:?}"))
    }
}
