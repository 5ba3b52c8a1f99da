//! How a run is carried out: one plain struct, its defaults, and what it refuses.

use std::fmt;
use std::time::Duration;

use crate::faults::Faults;

/// Where another task may come in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Switching {
    /// Only where an await really suspends, as on asyncio's loop or a tokio `LocalSet`.
    Cooperative,
    /// Also before every announced operation, as between the threads of a multi-threaded
    /// runtime. It does not see inside a step: std locks, atomics, `try_*` calls and the drops
    /// of guards do not give way.
    #[default]
    Preemptive,
}

/// How virtual time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeModel {
    /// The clock moves only when nothing can run.
    #[default]
    Exact,
    /// A choice may let the clock reach the next timer although turns are ready, as when a
    /// machine is slow.
    Stalling,
}

/// Whether a run records its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tracing {
    /// Only the tape and what detectors need.
    #[default]
    Off,
    /// Every event: the outcome carries a [`Trace`](crate::trace::Trace).
    On,
    /// The last events, so many of them, for runs that have too many to be kept. The trace says
    /// how many came before, and what is told of a finding knows nothing of those.
    Last(u32),
}

/// Whether a detector listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Detection {
    /// It does.
    #[default]
    On,
    /// It does not.
    Off,
}

/// What becomes of stale checks: a task acts on what it read before an await, although another
/// one has written that since and has looked at, or changed, what is acted upon.
///
/// No order of the two tasks one after the other gives what both saw. But a program may mean it:
/// a status page does not mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StaleChecks {
    /// They are told beside whatever else goes wrong in the run, such as a failed assertion.
    #[default]
    Evidence,
    /// They are findings of their own.
    Found,
    /// They are not told.
    Ignored,
}

/// Which detectors listen, one switch each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detectors {
    /// Whether accesses to [`Shared`](crate::Shared) variables that nothing orders are found,
    /// under preemptive switching. On by default; costs nothing without such variables.
    pub races: Detection,
    /// Whether updates of [`Shared`](crate::Shared) variables that are lost across an await are
    /// found. On by default; costs nothing without such variables.
    pub atomicity: Detection,
    /// What becomes of stale checks of [`Shared`](crate::Shared) variables, which the same
    /// detector looks for. Evidence by default.
    pub stale_checks: StaleChecks,
    /// Whether tasks that wait in a ring are found although others go on. A ring that closes is
    /// looked at again [`Options::ring_steps`] later, and when the run is over. On by default;
    /// costs a look at the holders when an operation blocks on something that is held. (A run in
    /// which nothing can go on is a deadlock with the detector off as well.)
    pub deadlocks: Detection,
    /// Whether a task that waits for what was handed to, or is held by, a future of its own that
    /// it no longer polls is told apart from other deadlocks. On by default; costs nothing.
    pub futurelocks: Detection,
    /// Whether a task is found that waits in an object's queue, and is not woken, while others
    /// take that object 1000 times. On by default; costs a count when something is taken.
    pub starvation: Detection,
    /// Whether what went round is told of a run that has used up its budget of steps. (That it
    /// has is found with the detector off as well.) On by default; costs nothing before that.
    pub livelocks: Detection,
    /// Whether a hunt that has found nothing looks for locks that were taken in opposite orders,
    /// and steers a run into each: only one that really deadlocks is a finding. On by default;
    /// costs nothing unless a task takes something while it holds something else.
    pub lock_order: Detection,
    /// Whether a hunt repeats its run 0, and one run in 256 (in 4096 from number 65 536 on), to
    /// see whether they do the same again: see
    /// [`nondeterminism`](crate::hunt::nondeterminism). On by default.
    pub nondeterminism: Detection,
    /// Whether tasks are woken by hand when nothing can run any more, to see whether they only
    /// missed a notification. On by default; costs nothing before.
    pub lost_wakeups: Detection,
    /// Whether a standstill is found that is hidden by tasks which wake themselves by timers and
    /// nobody else: after [`Options::standstill_rounds`]. On by default; costs a counter.
    pub standstills: Detection,
}

/// What becomes of tasks that have not ended when the main future has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Leaks {
    /// They are counted. At the end of how many runs something was held by whoever waits for ever,
    /// or has ended without letting go of it, is said by a hunt that finds nothing.
    #[default]
    Allow,
    /// They are a finding, daemons apart: with what they wait for and what they hold. So is what
    /// was taken and whose guard was never dropped.
    Forbid,
}

impl Detectors {
    /// What listens by default.
    pub const DEFAULT: Detectors = Detectors {
        races: Detection::On,
        atomicity: Detection::On,
        stale_checks: StaleChecks::Evidence,
        deadlocks: Detection::On,
        futurelocks: Detection::On,
        starvation: Detection::On,
        livelocks: Detection::On,
        lock_order: Detection::On,
        nondeterminism: Detection::On,
        lost_wakeups: Detection::On,
        standstills: Detection::On,
    };

    /// Nothing listens: what is left are panics, failed properties, budgets that are used up, and
    /// runs in which nothing can go on.
    ///
    /// # Examples
    /// ```
    /// use unpick_sim::Run;
    /// use unpick_sim::options::Detectors;
    ///
    /// let outcome = Run::new().detectors(Detectors::OFF).execute(async || ());
    /// assert_eq!(outcome.result, Ok(()));
    /// ```
    pub const OFF: Detectors = Detectors {
        races: Detection::Off,
        atomicity: Detection::Off,
        stale_checks: StaleChecks::Ignored,
        deadlocks: Detection::Off,
        futurelocks: Detection::Off,
        starvation: Detection::Off,
        livelocks: Detection::Off,
        lock_order: Detection::Off,
        nondeterminism: Detection::Off,
        lost_wakeups: Detection::Off,
        standstills: Detection::Off,
    };
}

impl Default for Detectors {
    fn default() -> Self {
        Detectors::DEFAULT
    }
}

/// How one run is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where another task may come in between. Preemptive by default.
    pub switching: Switching,
    /// How virtual time passes. Exact by default.
    pub time: TimeModel,
    /// Whether events are recorded. Off by default.
    pub tracing: Tracing,
    /// How many steps a run may take before it counts as a livelock: turns, and operations that
    /// went on in place. One million by default.
    pub steps_max: u64,
    /// How far the virtual clock may go before the run counts as a livelock. Unlimited by
    /// default (`Duration::MAX`).
    pub elapsed_max: Duration,
    /// How much wall-clock time one poll may take before the watchdog ends the process with exit
    /// code 101; `None` turns it off. 30 seconds by default.
    pub poll_max: Option<Duration>,
    /// How many steps after it has closed a ring of waiting tasks is a finding although others go
    /// on, if it is still there. 1000 by default.
    pub ring_steps: u64,
    /// After how many jumps of the clock it is a finding that the main future waits and that
    /// nobody but tasks which wake themselves has run, and woken nobody. 10 000 by default: give
    /// more to a program in which somebody counts for longer before it tells others.
    pub standstill_rounds: u64,
    /// What becomes of tasks that have not ended when the main future has. Allowed by default.
    pub leaks: Leaks,
    /// Which detectors listen.
    pub detectors: Detectors,
    /// Which faults may strike. None by default.
    pub faults: Faults,
    /// Whether the run's happens-before [class](crate::class::Class) is hashed. Off by default;
    /// hunts turn it on.
    pub classes: Detection,
    /// Whether it is looked at from where the operations of a failing run were
    /// [called](crate::hunt::explain::Callers), for its report. On by default; costs one replay of
    /// the run, and nothing in a hunt.
    pub callers: Detection,
}

impl Default for Options {
    fn default() -> Self {
        Options::DEFAULT
    }
}

impl Options {
    /// What a run is by default.
    pub const DEFAULT: Options = Options {
        switching: Switching::Preemptive,
        time: TimeModel::Exact,
        tracing: Tracing::Off,
        steps_max: 1_000_000,
        elapsed_max: Duration::MAX,
        poll_max: Some(Duration::from_secs(30)),
        ring_steps: 1000,
        standstill_rounds: 10_000,
        leaks: Leaks::Allow,
        detectors: Detectors::DEFAULT,
        faults: Faults::OFF,
        classes: Detection::Off,
        callers: Detection::On,
    };

    /// Says whether a run can be carried out so.
    ///
    /// # Errors
    /// If a budget is zero.
    pub fn check(&self) -> Result<(), OptionsError> {
        if self.steps_max == 0 {
            return Err(OptionsError { option: "steps_max", allowed: "at least 1" });
        }
        if self.elapsed_max.is_zero() {
            return Err(OptionsError { option: "elapsed_max", allowed: "more than zero" });
        }
        if self.poll_max.is_some_and(|limit| limit.is_zero()) {
            return Err(OptionsError { option: "poll_max", allowed: "None, or more than zero" });
        }
        Ok(())
    }
}

/// An option has a value with which no run can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError {
    option: &'static str,
    allowed: &'static str,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "option `{}` is zero; allowed: {}", self.option, self.allowed)
    }
}

impl std::error::Error for OptionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_of_zero_are_refused_by_name() {
        let none = Options { steps_max: 0, ..Options::default() };
        let error = none.check().expect_err("a run of no steps is no run");
        assert_eq!(error.to_string(), "option `steps_max` is zero; allowed: at least 1");
        let none = Options { elapsed_max: Duration::ZERO, ..Options::default() };
        assert!(none.check().is_err());
        let none = Options { poll_max: Some(Duration::ZERO), ..Options::default() };
        assert!(none.check().is_err());
        assert_eq!(Options::default().check(), Ok(()));
    }
}
