//! What becomes of a run that failed: it is explained, kept, and told how to be made again.

use std::future::Future;

use super::builder::{Explaining, Hunt};
use super::explain::{self, Budget};
use super::findings::Caught;
use super::{Failure, Origin, Verdict, isolation};
use crate::finding::{Finding, Kind};
use crate::tape::Tape;

impl Hunt {
    /// Makes a failure of what was caught: finds out about it, and keeps it, unless it was
    /// expected.
    pub(super) fn fail<F, Fut>(&self, caught: Caught, origin: Origin, program: &F) -> Failure
    where
        F: Fn() -> Fut + Sync,
        Fut: Future,
        Fut::Output: Verdict,
    {
        let Caught { id, strategy, mut finding, tape, after } = caught;
        let is_unexpected = self.expected != Some(finding.kind);
        // It says something of the tape, not of the program: there is nothing to explain or keep.
        let is_of_the_program = finding.kind != Kind::Divergence;
        let is_explained =
            is_unexpected && is_of_the_program && self.explaining == Explaining::Unexpected;
        let explanation = match self.ordinal {
            _ if !is_explained => None,
            Some(ordinal) if finding.kind.ends_process() => {
                match isolation::explain_lost(self, ordinal, &tape, &finding, program) {
                    Ok(explanation) => Some(explanation),
                    Err(why) => {
                        finding.evidence.push(format!("it is not cut down: {why}"));
                        None
                    }
                }
            }
            _ => self.can_explain(&mut finding, &tape).then(|| {
                explain::explain(program, &self.options, &tape, &finding, Budget::default())
            }),
        };
        let mut failure = Failure {
            hunt: self.name.clone(),
            origin,
            id,
            runs_max: self.runs,
            after,
            strategy,
            finding,
            tape,
            explanation,
            rerun: Vec::new(),
            kept: None,
            report: None,
        };
        if is_of_the_program {
            failure.rerun = self.rerun(&failure);
        }
        if is_unexpected && is_of_the_program {
            self.keep(&mut failure);
        }
        failure
    }

    /// Whether this process would survive what explains a failure; if not, the finding says why.
    fn can_explain(&self, finding: &mut Finding, tape: &Tape) -> bool {
        if finding.kind.ends_process() {
            return false;
        }
        let Some(ordinal) = self.ordinal else { return true };
        match isolation::rehearse_explaining(self, ordinal, tape) {
            Ok(()) => true,
            Err(how) => {
                let told =
                    format!("it is not explained: a process that replayed runs near it {how}");
                finding.evidence.push(told);
                false
            }
        }
    }
}
