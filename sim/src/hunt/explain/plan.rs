//! What a trial is to choose: a tape that was tampered with.

use std::cell::Cell;
use std::rc::Rc;

use crate::choice::{Choice, Label};
use crate::strategy::{Divergence, Notice, Point, Strategy};
use crate::streams::Streams;

/// What to take, choice by choice: one queue a label, so that leaving out a draw of data moves
/// no schedule. What is beyond a queue is plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::hunt) struct Plan {
    /// Invariant: none ends with a plain choice.
    queues: [Vec<u32>; Label::ALL.len()],
}

impl Plan {
    /// Takes these, in this order.
    pub(in crate::hunt) fn new(choices: impl IntoIterator<Item = (Label, u32)>) -> Plan {
        let mut plan = Plan::default();
        for (label, taken) in choices {
            plan.queues[label as usize].push(taken);
        }
        for queue in &mut plan.queues {
            let length = queue.iter().rposition(|&taken| taken != 0).map_or(0, |last| last + 1);
            queue.truncate(length);
        }
        plan
    }

    /// What these choices took, as far as `keeps` says so by their number; the others are plain.
    pub(in crate::hunt) fn masked(choices: &[Choice], keeps: impl Fn(usize) -> bool) -> Plan {
        let kept = |number: usize, choice: Choice| if keeps(number) { choice.taken() } else { 0 };
        let numbered = choices.iter().enumerate();
        Plan::new(numbered.map(|(number, &choice)| (choice.label(), kept(number, choice))))
    }

    /// What these choices took, but for one of them.
    pub(super) fn with(choices: &[Choice], changed: usize, taken: u32) -> Plan {
        let kept = |number: usize, choice: Choice| {
            if number == changed { taken } else { choice.taken() }
        };
        let numbered = choices.iter().enumerate();
        Plan::new(numbered.map(|(number, &choice)| (choice.label(), kept(number, choice))))
    }

    /// What these choices took, without `count` of them from `first` on.
    pub(super) fn without(choices: &[Choice], first: usize, count: usize) -> Plan {
        let left = choices[..first].iter().chain(&choices[first + count..]);
        Plan::new(left.map(|choice| (choice.label(), choice.taken())))
    }

    /// A 64-bit FNV-1a hash, to know a plan by that was tried before.
    pub(super) fn hash(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for queue in &self.queues {
            for value in queue.iter().copied().chain([u32::MAX]) {
                for byte in value.to_be_bytes() {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
            }
        }
        hash
    }
}

/// What comes after a plan's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hunt) enum Rest {
    /// Plain choices.
    Plain,
    /// Random ones, from this choice of the run on, whatever the plan has.
    Drawn {
        /// The number of the first that is drawn.
        from: usize,
    },
}

/// Takes what a plan has. An alternative that there is not is the last that there is.
#[derive(Debug)]
pub(in crate::hunt) struct Planned {
    plan: Plan,
    next: [usize; Label::ALL.len()],
    rest: Rest,
    switches: Switches,
    last_task: u32,
}

/// How often another task than the one before had a turn. Shared with who made the strategy.
pub(in crate::hunt) type Switches = Rc<Cell<u64>>;

impl Planned {
    pub(super) fn new(plan: Plan, rest: Rest, switches: Switches) -> Planned {
        Planned { plan, next: [0; Label::ALL.len()], rest, switches, last_task: 0 }
    }
}

impl Strategy for Planned {
    fn choose(&mut self, point: &Point<'_>, streams: &mut Streams) -> Result<u32, Box<Divergence>> {
        if let Rest::Drawn { from } = self.rest
            && point.number >= from
        {
            return Ok(point.draw(streams));
        }
        let label = point.label as usize;
        let taken = self.plan.queues[label].get(self.next[label]).copied().unwrap_or(0);
        self.next[label] += 1;
        Ok(taken.min(point.arity - 1))
    }

    fn hear(&mut self, notice: &Notice, _: &mut Streams) {
        if let Notice::Step { task, .. } = *notice
            && task != self.last_task
        {
            self.last_task = task;
            self.switches.set(self.switches.get() + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> [Choice; 4] {
        [
            Choice::new(Label::Schedule, 3, 2),
            Choice::new(Label::Data, 9, 8),
            Choice::new(Label::Schedule, 3, 1),
            Choice::new(Label::Data, 9, 0),
        ]
    }

    #[test]
    fn labels_do_not_move_one_another() {
        let plan = Plan::without(&choices(), 1, 1);
        assert_eq!(plan.queues[Label::Schedule as usize], [2, 1]);
        assert!(plan.queues[Label::Data as usize].is_empty());
    }

    #[test]
    fn plans_that_choose_the_same_are_the_same() {
        let shorter = Plan::masked(&choices()[..3], |_| true);
        let plan = Plan::masked(&choices(), |_| true);
        assert_eq!(plan, shorter);
        assert_eq!(plan.hash(), shorter.hash());
        assert_ne!(plan.hash(), Plan::with(&choices(), 2, 0).hash());
    }
}
