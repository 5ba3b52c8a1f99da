//! Runs that are repeated, to see whether they do the same again, as a hunt keeps count of them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::findings::Caught;
use super::jobs::Work;
use super::tally::Tally;
use crate::finding::Finding;
use crate::seed::RunId;
use crate::tape::Tape;

/// How many runs are being repeated at once for each job, at the most.
const REPEATING_MAX: usize = 8;

/// Run 0, which passed and is repeated later.
pub(super) struct First {
    pub(super) strategy: String,
    pub(super) tape: Tape,
    /// What was counted once it was made: the count of a hunt that ends with it.
    pub(super) tally: Tally,
}

/// The repetitions of a hunt.
#[derive(Debug, Default)]
pub(super) struct Repetitions {
    /// How many go on beside jobs.
    aside: AtomicUsize,
    /// How many were not made, because there was no OS thread to be had.
    missed: AtomicU64,
    /// The strategies of runs that passed, and did something else when they were repeated aside.
    failed: Mutex<Vec<String>>,
}

impl Repetitions {
    /// There was no thread to be had for one.
    #[cold]
    pub(super) fn miss(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were not made, if any.
    pub(super) fn missed(&self) -> Option<u64> {
        Some(self.missed.load(Ordering::Relaxed)).filter(|&missed| missed > 0)
    }

    /// Counts what came of those that were made aside.
    pub(super) fn tell(&self, tally: &mut Tally) {
        self.lock_failed().drain(..).for_each(|strategy| tally.fail(&strategy));
    }

    fn lock_failed(&self) -> MutexGuard<'_, Vec<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be said of so many runs that were to be repeated, and were not.
pub(super) fn tell_missed(missed: u64) -> String {
    let which = match missed {
        1 => String::from("1 run that was to be repeated was not"),
        _ => format!("{missed} runs that were to be repeated were not"),
    };
    format!(
        "{which}, because there was no OS thread to be had: whether the program does the same again \
         is not known of them"
    )
}

/// A passing run that is being repeated while its job goes on. It counts as that for as long as
/// this is there.
pub(super) struct Repeating<'a> {
    work: &'a Work<'a>,
    id: RunId,
    strategy: String,
    /// Whether it came to its end. If not, there was no thread to be had.
    has_ended: bool,
}

impl<'a> Repeating<'a> {
    /// Waits while there are many of them.
    pub(super) fn begin(work: &'a Work<'a>, id: RunId, strategy: String) -> Repeating<'a> {
        let aside = &work.repetitions.aside;
        while aside.load(Ordering::Acquire) >= work.hunt.jobs_made() * REPEATING_MAX {
            // They need the cores more.
            thread::yield_now();
        }
        aside.fetch_add(1, Ordering::Relaxed);
        Repeating { work, id, strategy, has_ended: false }
    }

    /// It was repeated, and that found this, if anything.
    #[cold]
    pub(super) fn ended(mut self, finding: Option<Finding>, tape: Tape) {
        self.has_ended = true;
        let Some(finding) = finding else { return };
        let strategy = std::mem::take(&mut self.strategy);
        self.work.repetitions.lock_failed().push(strategy.clone());
        let after = self.work.elapsed();
        self.work.catch(Caught { id: self.id, strategy, finding, tape, after });
    }
}

impl Drop for Repeating<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.work.repetitions.miss();
        }
        self.work.repetitions.aside.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_repeated_is_told_by_its_number() {
        assert!(tell_missed(1).starts_with("1 run that was to be repeated was not, because"));
        assert!(tell_missed(3).starts_with("3 runs that were to be repeated were not, because"));
    }
}
