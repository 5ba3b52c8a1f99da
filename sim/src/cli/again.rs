//! How a failure is made again: by this command line.

use super::{Console, Scenario, Variant};
use crate::hunt::{Failure, Origin};

/// Which hunt found a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HowFound {
    /// One by the portfolio, as a replay of its seed takes it to be.
    ByPortfolio,
    /// None, or one by a strategy of its own: a replay of its seed would be another run.
    Otherwise,
}

impl Console<'_> {
    /// The lines that make a failure again, the smallest run first.
    pub(super) fn again(
        &self,
        scenario: &Scenario,
        variant: &Variant,
        failure: &Failure,
        found: HowFound,
    ) -> Vec<String> {
        let call = format!("{} replay {}", self.invocation, scenario.title(variant));
        let mut lines = vec![format!("{call} --tape '{}'", failure.smallest().token())];
        if found == HowFound::ByPortfolio && failure.origin == Origin::Hunt {
            let id = failure.id;
            lines.push(format!("(original run: with `--seed {id}` in place of the tape)"));
        }
        lines
    }
}
