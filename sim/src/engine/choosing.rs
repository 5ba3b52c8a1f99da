//! `choose`: the one place where anything in a run is decided.

use super::Core;
use super::ids::{TaskId, Turn};
use crate::choice::{Choice, Label};
use crate::options::TimeModel;
use crate::strategy::{Point, Turns};
use crate::streams::Stream;
use crate::trace::EventKind;

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) label: Label,
    /// How many alternatives there are.
    pub(crate) arity: u32,
    /// With two alternatives, how often 1 should be drawn: out of 2^32. `None` for evenly.
    pub(crate) weight: Option<u32>,
}

/// How often the clock runs ahead under [`TimeModel::Stalling`], out of 2^32: one time in 8.
const STALL_WEIGHT: u32 = 1 << 29;

impl Core {
    /// Decides, and records what was decided. One alternative is no decision and leaves no trace.
    ///
    /// # Panics
    /// If the arity is zero or above [`Choice::ARITY_MAX`].
    #[inline]
    pub(crate) fn choose(&mut self, question: Question) -> u32 {
        if question.arity == 1 || self.teardown {
            return 0;
        }
        self.decide(question, None)
    }

    #[inline]
    fn decide(&mut self, question: Question, announced_by: Option<TaskId>) -> u32 {
        let Question { label, arity, weight } = question;
        let taken = if self.is_random_walk {
            self.streams.alternative(label, arity, weight)
        } else {
            self.ask_strategy(question, announced_by)
        };
        self.keep(Choice::new(label, arity, taken))
    }

    /// Puts a decision on the tape, and says what was taken.
    #[inline]
    fn keep(&mut self, choice: Choice) -> u32 {
        self.tape.push(choice);
        self.record(move |core| EventKind::Choice { number: core.tape.len() - 1, choice });
        choice.taken()
    }

    #[inline(never)]
    fn ask_strategy(&mut self, question: Question, announced_by: Option<TaskId>) -> u32 {
        let Question { label, arity, weight } = question;
        let point = Point {
            label,
            arity,
            weight,
            number: self.tape.len(),
            turns: Turns {
                ready: &self.ready,
                operations: &self.operations,
                in_place: announced_by,
            },
        };
        let strategy = self.strategy.as_mut().expect("a run has a strategy; a bug in unpick");
        strategy.choose(&point, &mut self.streams).unwrap_or_else(|divergence| {
            self.fail_diverged(divergence);
            0
        })
    }

    /// Chooses the next turn and takes it out of the ready set.
    #[inline(always)]
    pub(super) fn next_turn(&mut self) -> Option<Turn> {
        let taken = match self.ready.len() {
            0 => return None,
            1 => 0,
            turns if self.is_random_walk => {
                let arity = turns as u32;
                let taken = self.streams.below(Stream::Choice(Label::Schedule), arity);
                self.keep(Choice::new_fitting(Label::Schedule, arity, taken))
            }
            turns => {
                let arity = turns as u32;
                self.decide(Question { label: Label::Schedule, arity, weight: None }, None)
            }
        };
        Some(self.ready.take(taken as usize))
    }

    /// At a preemption point: whether the operation goes on in place. If not, the turn that
    /// comes before it is decided as well.
    #[inline]
    pub(super) fn goes_on_in_place(&mut self) -> bool {
        let others = self.ready.len();
        if others == 0 {
            return true;
        }
        let question = Question { label: Label::Schedule, arity: others as u32 + 1, weight: None };
        match self.decide(question, self.current) {
            0 => true,
            taken => {
                self.preselected = Some(self.ready.get(taken as usize - 1));
                self.attention = true;
                false
            }
        }
    }

    /// Under [`TimeModel::Stalling`], lets the clock run ahead although turns are ready, as long
    /// as choices say so. Returns early if wakers of others have to be called.
    #[inline]
    pub(super) fn stall(&mut self) {
        if self.options.time == TimeModel::Exact || self.teardown {
            return;
        }
        while self.wakes.is_empty()
            && let Some(deadline_ns) = self.timers.next_deadline_ns()
        {
            let question = Question { label: Label::Time, arity: 2, weight: Some(STALL_WEIGHT) };
            if self.choose(question) == 0 {
                break;
            }
            self.jump(deadline_ns);
        }
    }
}
