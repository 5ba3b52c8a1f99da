//! Shrinking: a failing tape, cut down to the few choices that matter.

mod passes;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use super::laboratory::{Laboratory, Trial};
use super::plan::Plan;
use crate::finding::{Finding, Signature};
use crate::hunt::Verdict;
use crate::options::{Options, Tracing};
use crate::tape::Tape;

/// How much is spent on cutting a tape down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many runs, at the most. 4000 by default.
    pub runs_max: u64,
    /// How many steps in all of them, at the most. 5 million by default.
    pub steps_max: u64,
    /// How much wall-clock time, at the most: a backstop, because what it cuts short differs from
    /// one machine to another. 10 seconds by default.
    pub wall_max: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { runs_max: 4000, steps_max: 5_000_000, wall_max: Duration::from_secs(10) }
    }
}

/// What cut the shrinking short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The budget of runs was used up.
    Runs,
    /// The budget of steps was used up.
    Steps,
    /// The budget of wall-clock time was used up.
    Wall,
    /// The budget of runs that end their process was used up.
    Lost,
}

/// What shrinking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The smallest tape that fails in the same way.
    pub tape: Tape,
    /// What its run finds.
    pub finding: Finding,
    /// How often another task than the one before has a turn in it.
    pub switches: u64,
    /// How many steps it takes.
    pub steps: u64,
    /// How many runs shrinking took.
    pub runs: u64,
    /// What cut it short: then smaller tapes were left untried.
    pub cut_short: Option<Limit>,
}

/// Cuts a failing tape down to a smaller one that fails in the same way: with the same
/// [`Signature`].
///
/// Smaller is fewer deviations, then fewer choices, then fewer task switches, then smaller
/// values. What comes out is never larger than what went in, and unless it was cut short, no
/// deviation in it can be made plain or lowered by one. The same budget of runs and steps gives
/// the same tape, unless wall-clock time cut it short. Choices of all labels shrink together: schedule, time, faults and data.
///
/// `None` if the tape, replayed, does not fail in the same way.
///
/// # Panics
/// If the options are refused, or inside of a run.
///
/// # Examples
/// ```
/// use unpick_sim::hunt::{Hunt, explain};
/// use unpick_sim::options::Options;
/// use std::rc::Rc;
/// use unpick_sim::{Shared, spawn, yield_now};
///
/// let program = || async {
///     let balance = Rc::new(Shared::synchronized(100).named("balance"));
///     let deposit = |balance: Rc<Shared<u32>>| async move {
///         let seen = balance.get();
///         yield_now().await;
///         balance.set(seen + 10);
///     };
///     let tasks = [spawn(deposit(balance.clone())), spawn(deposit(balance.clone()))];
///     for task in tasks {
///         task.await.expect("it returns");
///     }
/// };
/// let report = Hunt::new("deposit").quiet().run(program);
/// let failure = report.failure().expect("it loses an update");
/// let budget = explain::Budget::default();
/// let shrunk = explain::shrink(&program, &Options::default(), &failure.tape, &failure.finding, budget);
/// let shrunk = shrunk.expect("it fails again");
/// assert!(shrunk.tape.deviations() <= failure.tape.deviations());
/// assert_eq!(shrunk.finding.signature(), failure.finding.signature());
/// ```
#[track_caller]
pub fn shrink<F, Fut>(
    program: &F,
    options: &Options,
    tape: &Tape,
    finding: &Finding,
    budget: Budget,
) -> Option<Shrunk>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    shrink_in(Laboratory::new(program, options, tape), tape, finding, budget)
}

/// The same, in a laboratory for runs like the one with this tape.
pub(in crate::hunt) fn shrink_in<F, Fut>(
    full: Laboratory<'_, F>,
    tape: &Tape,
    finding: &Finding,
    budget: Budget,
) -> Option<Shrunk>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let signature = finding.signature();
    let whole = full.try_plan(Plan::masked(&tape.choices, |_| true));
    let best = Best::of(whole, &signature)?;
    let laboratory = full.capped_at(best.steps, finding.kind);
    let mut shrinker = Shrinker {
        laboratory,
        signature,
        best,
        tried: BTreeSet::new(),
        budget,
        deadline: Deadline::after(budget.wall_max),
        cut_short: None,
    };
    shrinker.run();
    let Shrinker { laboratory, best, cut_short, signature, .. } = shrinker;
    let Best { tape, finding, switches, steps } = best;
    if laboratory.is_beset() {
        let (cut_short, runs) =
            (cut_short.or(laboratory.refused()), full.spent() + laboratory.spent());
        return Some(Shrunk { tape, finding, switches, steps, runs, cut_short });
    }
    // Traced, so that the finding tells what shared variables held.
    let confirmed = full.replay(&tape, Tracing::On);
    let runs = full.spent() + laboratory.spent();
    let finding = confirmed.result.err().filter(|found| found.signature() == signature)?;
    Some(Shrunk { tape, finding, switches, steps, runs, cut_short })
}

/// The smallest failing run so far.
#[derive(Debug)]
struct Best {
    tape: Tape,
    finding: Finding,
    switches: u64,
    steps: u64,
}

impl Best {
    /// The run of this trial, if it fails in this way.
    fn of(trial: Trial, signature: &Signature) -> Option<Best> {
        let Trial { result, tape, switches, steps } = trial;
        let finding = result.err().filter(|finding| finding.signature() == *signature)?;
        Some(Best { tape, finding, switches, steps })
    }

    fn is_smaller_than(&self, other: &Best) -> bool {
        let size = |best: &Best| (best.tape.deviations(), best.tape.len(), best.switches);
        let (left, right) = (self.tape.choices.iter(), other.tape.choices.iter());
        let by_value = || left.map(|choice| choice.taken()).cmp(right.map(|choice| choice.taken()));
        size(self).cmp(&size(other)).then_with(by_value).is_lt()
    }
}

/// When wall-clock time is used up.
#[derive(Clone, Copy, Debug)]
struct Deadline(Option<std::time::Instant>);

impl Deadline {
    #[expect(clippy::disallowed_methods, reason = "a budget of wall-clock time, outside of runs")]
    fn after(wall_max: Duration) -> Deadline {
        Deadline(std::time::Instant::now().checked_add(wall_max))
    }

    #[expect(clippy::disallowed_methods, reason = "a budget of wall-clock time, outside of runs")]
    fn is_over(self) -> bool {
        self.0.is_some_and(|deadline| std::time::Instant::now() >= deadline)
    }
}

/// Shrinking in progress.
struct Shrinker<'a, F> {
    laboratory: Laboratory<'a, F>,
    signature: Signature,
    best: Best,
    /// Hashes of the plans that were tried.
    tried: BTreeSet<u64>,
    budget: Budget,
    deadline: Deadline,
    cut_short: Option<Limit>,
}

/// What came of trying a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// It fails in the same way and is smaller: it is the best now.
    Accepted,
    /// It does not, or was tried before.
    Rejected,
}

impl<F, Fut> Shrinker<'_, F>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    /// Tries a plan, unless it was tried before or the budget is used up.
    fn attempt(&mut self, plan: Plan) -> Attempt {
        if self.is_over() || !self.tried.insert(plan.hash()) {
            return Attempt::Rejected;
        }
        if self.laboratory.is_harmless(&plan) {
            return Attempt::Rejected;
        }
        match Best::of(self.laboratory.try_plan(plan), &self.signature) {
            Some(smaller) if smaller.is_smaller_than(&self.best) => {
                self.best = smaller;
                Attempt::Accepted
            }
            _ => Attempt::Rejected,
        }
    }

    /// Whether nothing more may be tried.
    fn is_over(&mut self) -> bool {
        self.cut_short = self.cut_short.or(self.laboratory.refused());
        if self.cut_short.is_none() {
            if self.laboratory.spent() >= self.budget.runs_max {
                self.cut_short = Some(Limit::Runs);
            } else if self.laboratory.steps() >= self.budget.steps_max {
                self.cut_short = Some(Limit::Steps);
            } else if self.deadline.is_over() {
                self.cut_short = Some(Limit::Wall);
            }
        }
        self.cut_short.is_some()
    }

    /// The numbers of the choices that are not plain.
    fn deviations(&self) -> Vec<usize> {
        let choices = self.best.tape.choices.iter().enumerate();
        choices.filter(|(_, choice)| !choice.is_plain()).map(|(number, _)| number).collect()
    }
}
