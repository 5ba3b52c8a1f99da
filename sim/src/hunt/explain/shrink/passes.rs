//! The passes of shrinking, in the order in which they are made.

use std::future::Future;

use super::super::plan::Plan;
use super::{Attempt, Shrinker};
use crate::choice::Choice;
use crate::hunt::Verdict;

/// Up to how many alternatives of one choice are all tried.
const ALTERNATIVES_MAX: u32 = 16;

impl<F, Fut> Shrinker<'_, F>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    /// Makes all passes until none helps any more. Each acceptance makes the best smaller, in an
    /// order in which there is no endless descent.
    pub(super) fn run(&mut self) {
        while !self.is_over() {
            let cheap = self.flatten() | self.delete() | self.lower();
            if !cheap && !self.exchange() && !self.slide() {
                return;
            }
        }
    }

    /// Makes blocks of deviations plain: all, half, a quarter, …, one, from the end.
    fn flatten(&mut self) -> bool {
        let mut helped = false;
        let mut size = self.deviations().len();
        while size > 0 {
            let mut end = self.deviations().len();
            while end > 0 {
                let deviations = self.deviations();
                end = end.min(deviations.len());
                let first = end.saturating_sub(size);
                let block = &deviations[first..end];
                let plan = Plan::masked(&self.best.tape.choices, |number| !block.contains(&number));
                helped |= self.attempt(plan) == Attempt::Accepted;
                // What lies before the block is where it was, whether it was accepted or not.
                end = first;
            }
            size /= 2;
        }
        helped
    }

    /// Leaves out chunks of choices before the last deviation, so that later ones move forward.
    fn delete(&mut self) -> bool {
        let mut helped = false;
        let mut size = self.last_deviation() / 2;
        while size > 0 {
            let mut end = self.last_deviation();
            while end >= size {
                let first = end - size;
                let plan = Plan::without(&self.best.tape.choices, first, size);
                helped |= self.attempt(plan) == Attempt::Accepted;
                end = first.min(self.last_deviation());
            }
            size /= 2;
        }
        helped
    }

    /// Lowers what deviations take: to 1, by halves, by one.
    fn lower(&mut self) -> bool {
        let mut helped = false;
        let mut place = self.deviations().len();
        while place > 0 {
            place -= 1;
            while let Some(&number) = self.deviations().get(place) {
                let taken = self.best.tape.choices[number].taken();
                let lowered = lower_values(taken).into_iter().any(|value| {
                    let plan = Plan::with(&self.best.tape.choices, number, value);
                    self.attempt(plan) == Attempt::Accepted
                });
                if !lowered {
                    break;
                }
                helped = true;
            }
        }
        helped
    }

    /// Looks for one deviation, anywhere, that does alone or beside one of the others what all do:
    /// a random run is often left with several where one or two, elsewhere, are enough.
    fn exchange(&mut self) -> bool {
        let deviations = self.deviations();
        let others = match deviations.len() {
            0 | 1 => return false,
            2 => Vec::new(),
            _ => deviations,
        };
        let kept = std::iter::once(None).chain(others.into_iter().map(Some));
        kept.into_iter().any(|kept| self.exchange_beside(kept))
    }

    fn exchange_beside(&mut self, kept: Option<usize>) -> bool {
        if self.is_over() {
            return false;
        }
        let plan = Plan::masked(&self.best.tape.choices, |number| Some(number) == kept);
        let base = std::mem::take(&mut self.laboratory.try_plan(plan).tape.choices);
        let plain = base.iter().enumerate().filter(|(_, choice)| choice.is_plain());
        for (number, &choice) in plain {
            for taken in other_values(choice) {
                if self.attempt(Plan::with(&base, number, taken)) == Attempt::Accepted {
                    return true;
                }
            }
        }
        false
    }

    /// Moves single deviations to other choices nearby, for the sake of fewer choices or fewer
    /// switches between tasks.
    fn slide(&mut self) -> bool {
        let mut helped = false;
        for place in 0..self.deviations().len() {
            let deviations = self.deviations();
            let Some(&number) = deviations.get(place) else { break };
            if self.is_over() {
                break;
            }
            let plan = Plan::masked(&self.best.tape.choices, |other| other != number);
            let base = std::mem::take(&mut self.laboratory.try_plan(plan).tape.choices);
            let near = number.saturating_sub(SLIDE_MAX)..base.len().min(number + SLIDE_MAX + 1);
            for to in near.filter(|&to| base[to].is_plain()) {
                for taken in other_values(base[to]) {
                    helped |= self.attempt(Plan::with(&base, to, taken)) == Attempt::Accepted;
                }
            }
        }
        helped
    }

    fn last_deviation(&self) -> usize {
        self.deviations().last().copied().unwrap_or(0)
    }
}

/// How many choices a deviation is moved at the most.
const SLIDE_MAX: usize = 8;

/// Values to lower a deviation to, the lowest first.
fn lower_values(taken: u32) -> Vec<u32> {
    if taken <= ALTERNATIVES_MAX {
        return (1..taken).collect();
    }
    let halves = (1..).map(|shift| taken >> shift).take_while(|&value| value > 1);
    let mut values: Vec<u32> = std::iter::once(1).chain(halves).chain([taken - 1]).collect();
    values.sort_unstable();
    values
}

/// Values that a plain choice could take instead.
fn other_values(choice: Choice) -> Vec<u32> {
    let last = choice.arity() - 1;
    if last <= ALTERNATIVES_MAX { (1..=last).collect() } else { vec![1, last / 2, last] }
}
