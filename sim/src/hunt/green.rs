//! What a hunt that found nothing is worth.

use std::fmt;

use super::report::Report;
use super::tally::Left;
use crate::class::Awaits;
use crate::seed::RunId;

impl Report {
    /// Says what it is worth that nothing was found; first of all, why that is not enough, if it
    /// is not.
    pub(super) fn fmt_green(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { name, runs, classes, .. } = self;
        let reasons = self.reasons();
        match reasons.split_first() {
            None => write!(f, "{name}: ")?,
            Some((first, others)) => {
                write!(f, "FAILED {name}: {first}")?;
                others.iter().try_for_each(|other| write!(f, "\n  and {other}"))?;
                f.write_str("\n  ")?;
            }
        }
        write!(f, "nothing found in {runs} runs")?;
        match (classes.distinct, classes.scale) {
            (1, 1) => f.write_str(", all of one class")?,
            (distinct, 1) => write!(f, ", of {distinct} distinct classes")?,
            _ => write!(f, ", of about {} distinct classes", classes.distinct_estimated())?,
        }
        self.fmt_strategies(f)?;
        let begun = self.interleaved.iter().filter(|interleaved| interleaved.made > 0);
        begun.into_iter().try_for_each(|interleaved| write!(f, "\n  {interleaved}"))?;
        fmt_awaits(self.awaits, f)?;
        self.fmt_left(f)
    }

    /// What is no finding unless leaks are forbidden, and may well be one.
    fn fmt_left(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Left { runs, first: Some(first) } = self.left else { return Ok(()) };
        let (of, first) = (self.runs, RunId::new(self.seed, first));
        write!(
            f,
            "\n  at the end of {runs} of {of} runs something was held by whoever will not let go \
             of it (the first is {first});\n  `leaks = \"forbid\"` makes that a finding, with who \
             and where"
        )
    }

    /// Why a hunt that found nothing failed.
    fn reasons(&self) -> Vec<String> {
        let unmet = if self.misses_properties() { self.unmet() } else { Vec::new() };
        let unmet = unmet.iter().map(ToString::to_string);
        let order = self.order.as_ref().filter(|order| order.stuck.is_some());
        let order = order.map(ToString::to_string);
        let vacuous = self.vacuous.as_ref().map(|vacuous| format!("VACUOUS: {vacuous}"));
        unmet.chain(order).chain(vacuous).collect()
    }

    fn fmt_strategies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.strategies.is_empty() {
            return Ok(());
        }
        write!(
            f,
            "\n  {:<10} {:>7} {:>8}  next is new  fails below",
            "strategy", "runs", "classes"
        )?;
        for (name, counts) in &self.strategies {
            let distinct = counts.classes.distinct_estimated();
            let unseen = counts.classes.unseen_per_mille().map_or_else(String::new, percent);
            write!(f, "\n  {name:<10} {:>7} {distinct:>8}", counts.runs)?;
            write!(f, " {unseen:>12} {:>12}", percent(failure_bound_per_mille(counts.runs)))?;
        }
        Ok(())
    }
}

/// The rule of three: after this many runs without a failure, with 95 % confidence the chance of
/// one lies below this many thousandths. Rounded up.
fn failure_bound_per_mille(runs: u64) -> u64 {
    3000_u64.div_ceil(runs.max(1)).min(1000)
}

fn percent(per_mille: u64) -> String {
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

fn fmt_awaits(awaits: Awaits, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Awaits { pending, unknown } = awaits;
    match (pending, unknown) {
        (0, _) => f.write_str("\n  no task ever waited"),
        (_, 0) => f.write_str("\n  every await is instrumented"),
        _ => {
            // At least one is not, so that it is never rounded up to all of them.
            let known = (pending - unknown) * 1000 / pending;
            write!(
                f,
                "\n  {} of the awaits that waited are instrumented; the others are seen only where \
                 they really wait",
                percent(known)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_rate_is_bounded_by_the_rule_of_three_and_by_one() {
        let bounds = [(1, 1000), (3, 1000), (4, 750), (300, 10), (301, 10), (3000, 1), (9000, 1)];
        for (runs, bound) in bounds {
            assert_eq!(failure_bound_per_mille(runs), bound, "{runs} runs");
        }
        assert_eq!(percent(failure_bound_per_mille(0)), "100.0 %");
    }
}
