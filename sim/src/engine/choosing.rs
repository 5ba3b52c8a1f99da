//! `choose`: the one place where anything in a run is decided.

use std::panic::Location;

use super::ids::{TaskId, Turn};
use super::{Core, Description, Heed, ReadySet};
use crate::choice::{Choice, Label};
use crate::options::TimeModel;
use crate::strategy::{Chooser, Notice, Point, TurnKey};
use crate::streams::Stream;
use crate::trace::{EventKind, Site};

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) label: Label,
    /// How many alternatives there are.
    pub(crate) arity: u32,
    /// How often another alternative than 0 should be drawn: out of 2^32. `None` for evenly.
    pub(crate) weight: Option<u32>,
}

/// How many orders of hash maps there are: few, since exhaustive search tries all.
const HASHING_ORDERS: u32 = 16;

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
        let taken = self.decide(question, None);
        self.order_choice(taken);
        taken
    }

    /// Decides what the program asks, at a place that the trace then has.
    pub(crate) fn choose_at(
        &mut self,
        question: Question,
        site: &'static Location<'static>,
    ) -> u32 {
        self.asked_at = Some(site);
        let taken = self.choose(question);
        self.asked_at = None;
        taken
    }

    /// The order of the run's hash maps, decided when it is asked for first.
    pub(crate) fn hashing_order(&mut self) -> u32 {
        if let Some(order) = self.hashing_order {
            return order;
        }
        let arity = HASHING_ORDERS;
        let order = self.choose(Question { label: Label::Data, arity, weight: None });
        self.hashing_order = Some(order);
        order
    }

    #[inline]
    fn decide(&mut self, question: Question, in_place: Option<Description>) -> u32 {
        let Question { label, arity, weight } = question;
        let taken = if self.is_asking {
            self.ask_strategy(question, in_place)
        } else {
            self.streams.alternative(label, arity, weight)
        };
        self.keep(Choice::new(label, arity, taken))
    }

    /// Puts a decision on the tape, and says what was taken.
    #[inline]
    fn keep(&mut self, choice: Choice) -> u32 {
        self.tape.push(choice);
        self.record(move |core| {
            let (number, site) = (core.tape.len() - 1, core.asked_at.map(Site));
            EventKind::Choice { number, choice, site }
        });
        choice.taken()
    }

    #[inline(never)]
    fn ask_strategy(&mut self, question: Question, in_place: Option<Description>) -> u32 {
        let Question { label, arity, weight } = question;
        let task = self.current.unwrap_or(TaskId::MAIN).0;
        let Chooser::Strategy(strategy) = &mut self.chooser else { return 0 };
        let point = Point {
            label,
            arity,
            weight,
            number: self.tape.len(),
            in_place: in_place.map(|description| (task, description.into())),
            ready: &self.ready,
        };
        strategy.choose(&point, &mut self.streams).unwrap_or_else(|divergence| {
            self.fail_diverged(divergence);
            0
        })
    }

    /// Takes the turn that a preemption choice has decided on, unless it is gone: its key. What
    /// became ready since then is behind it, so that it is mostly where it was. `HEARD` says whether
    /// a strategy may be told.
    #[inline(always)]
    pub(super) fn take_preselected<const HEARD: bool>(&mut self) -> Option<u32> {
        self.heed.remove(Heed::PRESELECTED);
        let (key, place) = self.preselected;
        if !(HEARD && self.is_asking) && self.ready.take_if(key, place as usize) {
            return Some(key);
        }
        self.take_if_there(key)
    }

    #[inline(never)]
    fn take_if_there(&mut self, key: u32) -> Option<u32> {
        self.make_unready(Turn::of_key(key)).then_some(key)
    }

    /// Adds a turn behind all others.
    #[inline]
    pub(super) fn make_ready(&mut self, turn: Turn) {
        self.ready.push(turn);
        if self.is_asking {
            self.tell_ready(turn);
        }
    }

    /// Takes a turn out of the ready set by its name; says whether it was there.
    #[inline]
    pub(super) fn make_unready(&mut self, turn: Turn) -> bool {
        let was_there = self.ready.remove(turn);
        if self.is_asking && was_there {
            self.tell(Notice::Gone { turn: TurnKey(turn.key()) });
        }
        was_there
    }

    #[inline(never)]
    fn tell_ready(&mut self, turn: Turn) {
        let (task, operation) = match turn {
            Turn::Resume(task) => (task, None),
            Turn::Operation(id) => {
                let record =
                    self.operations.get(id.0).expect("a turn's operation; a bug in unpick");
                (record.task, Some(record.description.into()))
            }
        };
        self.tell(Notice::Ready { turn: TurnKey(turn.key()), task: task.0, operation });
    }

    /// Tells the strategy, if there is one, what happened.
    #[inline(never)]
    pub(super) fn tell(&mut self, notice: Notice) {
        if let Chooser::Strategy(strategy) = &mut self.chooser {
            strategy.hear(&notice, &mut self.streams);
        }
    }

    /// Chooses the next turn at random, of so many as are listed, and takes it out of the ready set:
    /// its key. Nobody is told of it.
    #[inline(always)]
    pub(super) fn next_key_unheard(&mut self, listed: usize) -> u32 {
        if (2..=ReadySet::LIST).contains(&listed) {
            let taken = self.draw_turn(listed as u32);
            self.ready.take_of_list(taken as usize, listed)
        } else if listed == 1 {
            self.ready.take_of_list(0, 1)
        } else {
            self.next_turn_of_crowd().key()
        }
    }

    #[inline(never)]
    fn next_turn_of_crowd(&mut self) -> Turn {
        let taken = self.draw_turn(self.ready.len() as u32);
        self.ready.take(taken as usize)
    }

    /// Draws one of so many turns, and puts that on the tape.
    #[inline(always)]
    fn draw_turn(&mut self, arity: u32) -> u32 {
        let taken = self.streams.below(Stream::Choice(Label::Schedule), arity);
        self.tape.push(Choice::new_fitting(Label::Schedule, arity, taken));
        taken
    }

    /// Chooses the next turn, of those that there are, and takes it out of the ready set.
    #[inline]
    pub(super) fn next_turn(&mut self) -> Turn {
        let arity = self.ready.len() as u32;
        let taken = if arity > 1 {
            self.decide(Question { label: Label::Schedule, arity, weight: None }, None)
        } else {
            0
        };
        let turn = self.ready.take(taken as usize);
        if self.is_asking {
            self.tell(Notice::Gone { turn: TurnKey(turn.key()) });
        }
        turn
    }

    /// At a preemption point: whether the operation goes on in place. If not, the turn that
    /// comes before it is decided as well.
    #[inline(always)]
    pub(super) fn goes_on_as_drawn<const HEARD: bool>(&mut self) -> bool {
        let others = self.ready.len();
        if others == 0 {
            return true;
        }
        let (label, arity) = (Label::Schedule, others as u32 + 1);
        let taken = self.streams.below(Stream::Choice(label), arity);
        let choice = Choice::new_fitting(label, arity, taken);
        if HEARD {
            self.keep(choice);
        } else {
            self.tape.push(choice);
        }
        self.goes_on_after(taken)
    }

    /// The same, as a strategy decides.
    #[inline(never)]
    pub(super) fn goes_on_as_asked(&mut self, description: Description) -> bool {
        let others = self.ready.len();
        let goes_on = others == 0 || {
            let (label, arity) = (Label::Schedule, others as u32 + 1);
            let taken = self.decide(Question { label, arity, weight: None }, Some(description));
            self.goes_on_after(taken)
        };
        if goes_on && let Some(TaskId(task)) = self.current {
            self.tell(Notice::WentOn { task, operation: description.into() });
        }
        goes_on
    }

    #[inline]
    fn goes_on_after(&mut self, taken: u32) -> bool {
        let Some(place) = (taken as usize).checked_sub(1) else { return true };
        self.preselected = (self.ready.get(place).key(), place as u32);
        self.heed.add(Heed::PRESELECTED);
        false
    }

    /// Under [`TimeModel::Stalling`], lets the clock run ahead although turns are ready, as long
    /// as choices say so. Returns early if wakers of others have to be called, or if the
    /// clock may go no further.
    #[inline]
    pub(super) fn stall(&mut self) {
        if self.options.time == TimeModel::Exact || self.teardown {
            return;
        }
        while self.wakes.is_empty()
            && self.finding.is_none()
            && let Some(deadline_ns) = self.next_deadline_ns()
        {
            let question = Question { label: Label::Time, arity: 2, weight: Some(STALL_WEIGHT) };
            // Asked of the engine rather than of a task: nothing that a task does follows from it.
            if self.decide(question, None) == 0 {
                break;
            }
            self.jump(deadline_ns);
        }
    }
}
