//! Faults that strike a run: asked for on the tape, and brought about here.
//!
//! The loop comes by in [`Core::attend`], whose flag stays up while faults are on: so they cost
//! nothing where they are off.

use std::panic::Location;

use super::ids::{TaskId, Turn};
use super::operations::Phase;
use super::tasks::State;
use super::{Core, Question};
use crate::choice::Label;
use crate::faults::{Cancellations, Faults, Mixing, Striking};
use crate::streams::Stream;
use crate::trace::{EventKind, Struck};

/// What a run with faults keeps of them.
#[derive(Debug)]
pub(crate) struct FaultState {
    faults: Faults,
    /// How many cancellations, spurious wakes and stalls there have been.
    struck: u32,
    /// Drawn when the first question is asked.
    swarm: Option<Swarm>,
    /// The `buggify!` places that were passed, and whether each is active in this run.
    places: Vec<(&'static Location<'static>, bool)>,
    /// Turns that are put off.
    stalled: Vec<Stalled>,
    /// The task whose turn was the last, until it was looked at.
    last: Option<TaskId>,
}

/// A turn that is put off, in the order in which they were.
#[derive(Clone, Copy, Debug)]
struct Stalled {
    turn: Turn,
    until_ns: u64,
}

/// Which kinds of faults a random strategy draws in this run, and how often: out of 2^32.
#[derive(Clone, Copy, Debug)]
struct Swarm {
    buggify: bool,
    cancellations: bool,
    spurious_wakes: bool,
    stalls: bool,
    weight: u32,
}

/// One in 16.
const WEIGHT: u32 = 1 << 28;
/// The rates of a swarm: one in 4, in 16, in 64.
const WEIGHTS: [u32; 3] = [1 << 30, 1 << 28, 1 << 26];

/// A kind of fault that the engine brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strike {
    Cancellation,
    SpuriousWake,
    Stall,
}

impl FaultState {
    pub(super) fn new(faults: Faults) -> Option<Box<FaultState>> {
        faults.is_any().then(|| {
            let (places, stalled) = (Vec::new(), Vec::new());
            Box::new(FaultState { faults, struck: 0, swarm: None, places, stalled, last: None })
        })
    }

    const fn is_on(&self, strike: Strike) -> bool {
        match strike {
            Strike::Cancellation => !matches!(self.faults.cancellations, Cancellations::Off),
            Strike::SpuriousWake => matches!(self.faults.spurious_wakes, Striking::On),
            Strike::Stall => matches!(self.faults.stalls, Striking::On),
        }
    }
}

impl Core {
    pub(crate) fn has_buggify(&self) -> bool {
        let faults = self.faults.as_ref();
        faults.is_some_and(|state| state.faults.buggify == Striking::On)
    }

    /// Whether something is to go wrong at a place of the program's, with this weight where the
    /// place is active.
    pub(crate) fn buggify(&mut self, site: &'static Location<'static>, weight: u32) -> bool {
        let swarm = self.swarm();
        let Some(state) = &mut self.faults else { return false };
        let known = state.places.iter().find(|(known, _)| *known == site);
        let is_active = match known {
            Some(&(_, is_active)) => is_active,
            None => {
                let is_swarm = state.faults.mixing == Mixing::Swarm;
                let is_active = !is_swarm || self.streams.below(Stream::Swarm, 4) == 0;
                state.places.push((site, is_active));
                is_active
            }
        };
        let weight = if is_active && swarm.buggify { weight } else { 0 };
        let question = Question { label: Label::Fault, arity: 2, weight: Some(weight) };
        let strikes = self.choose_at(question, site) == 1;
        if strikes {
            self.record(|_| EventKind::Struck(Struck::Buggified { site: site.into() }));
        }
        strikes
    }

    /// What this run's seed makes of the faults.
    fn swarm(&mut self) -> Swarm {
        let all = Swarm {
            buggify: true,
            cancellations: true,
            spurious_wakes: true,
            stalls: true,
            weight: WEIGHT,
        };
        let Some(state) = &mut self.faults else { return all };
        *state.swarm.get_or_insert_with(|| {
            if state.faults.mixing == Mixing::All {
                return all;
            }
            let mut is_in = || self.streams.below(Stream::Swarm, 2) == 0;
            let (buggify, cancellations) = (is_in(), is_in());
            let (spurious_wakes, stalls) = (is_in(), is_in());
            let weight = WEIGHTS[self.streams.below(Stream::Swarm, 3) as usize];
            Swarm { buggify, cancellations, spurious_wakes, stalls, weight }
        })
    }

    /// Asks whether a fault strikes: 0 for no, and else which one of `alternatives`.
    fn strikes(&mut self, strike: Strike, alternatives: u32) -> u32 {
        let Some(state) = &self.faults else { return 0 };
        if alternatives == 0 || state.struck >= state.faults.strikes_max || !state.is_on(strike) {
            return 0;
        }
        let swarm = self.swarm();
        let is_in = match strike {
            Strike::Cancellation => swarm.cancellations,
            Strike::SpuriousWake => swarm.spurious_wakes,
            Strike::Stall => swarm.stalls,
        };
        let weight = Some(if is_in { swarm.weight } else { 0 });
        let taken = self.choose(Question { label: Label::Fault, arity: 1 + alternatives, weight });
        if taken > 0
            && let Some(state) = &mut self.faults
        {
            state.struck += 1;
        }
        taken
    }

    /// After a poll: the task that had it may be cancelled at the await where it is, and polled
    /// once more although nobody woke it.
    #[cold]
    pub(super) fn strike_last(&mut self) {
        let Some(task) = self.faults.as_mut().and_then(|state| state.last.take()) else { return };
        if self.may_be_woken(task) && self.strikes(Strike::SpuriousWake, 1) > 0 {
            self.wake_spuriously(task);
        }
        if self.may_be_cancelled(task) && self.strikes(Strike::Cancellation, 1) > 0 {
            self.cancel(task);
        }
    }

    /// After the clock has moved: the same for any task.
    #[cold]
    pub(super) fn strike_any(&mut self) {
        let tasks = || (0..self.tasks.len() as u32).map(TaskId);
        let resting: Vec<TaskId> = tasks().filter(|&task| self.may_be_woken(task)).collect();
        if let Some(place) = self.strikes(Strike::SpuriousWake, resting.len() as u32).checked_sub(1)
        {
            self.wake_spuriously(resting[place as usize]);
        }
        let tasks = (0..self.tasks.len() as u32).map(TaskId);
        let victims: Vec<TaskId> = tasks.filter(|&task| self.may_be_cancelled(task)).collect();
        if let Some(place) = self.strikes(Strike::Cancellation, victims.len() as u32).checked_sub(1)
        {
            self.cancel(victims[place as usize]);
        }
    }

    fn may_be_woken(&self, task: TaskId) -> bool {
        self.rests_idle(task)
    }

    fn may_be_cancelled(&self, task: TaskId) -> bool {
        let which = self.faults.as_ref().map(|state| state.faults.cancellations);
        let of = &self.tasks[task.index()];
        let is_meant = match which {
            None | Some(Cancellations::Off) => false,
            Some(Cancellations::Marked) => of.new.is_cancellable,
            Some(Cancellations::Every) => task != TaskId::MAIN,
        };
        let rests = self.rests_idle(task) || of.state == State::Ready;
        // One that has not begun is not at an await.
        is_meant && !of.aborted && of.polls > 0 && rests
    }

    fn wake_spuriously(&mut self, task: TaskId) {
        self.record(|_| EventKind::Struck(Struck::WokenSpuriously { task: task.into() }));
        self.tasks[task.index()].state = State::Ready;
        self.make_ready(Turn::Resume(task));
    }

    fn cancel(&mut self, task: TaskId) {
        self.record(|_| EventKind::Struck(Struck::Cancelled { task: task.into() }));
        self.abort(task);
    }

    /// Asks whether a turn that was chosen is put off. If so, another one is to be chosen.
    pub(super) fn stalls(&mut self, turn: Turn) -> bool {
        const LENGTHS: [u32; 3] = [100, 10, 1];
        let Some(place) = self.strikes(Strike::Stall, LENGTHS.len() as u32).checked_sub(1) else {
            return false;
        };
        let task = self.task_of(turn);
        let now_ns = self.now_ns;
        let Some(state) = &mut self.faults else { return false };
        let length = state.faults.stall_max / LENGTHS[place as usize];
        let length_ns = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
        let until_ns = now_ns.saturating_add(length_ns);
        state.stalled.push(Stalled { turn, until_ns });
        let until = crate::time::Instant::from_nanos(until_ns);
        self.record(|_| EventKind::Struck(Struck::Stalled { task: task.into(), until }));
        true
    }

    /// Notes whose turn it is, so that faults can strike that task after it.
    pub(super) fn note_turn(&mut self, turn: Turn) {
        let task = self.task_of(turn);
        if let Some(state) = &mut self.faults {
            state.last = Some(task);
        }
    }

    fn task_of(&self, turn: Turn) -> TaskId {
        match turn {
            Turn::Resume(task) => task,
            Turn::Operation(id) => self.operations.get(id.0).map_or(TaskId::MAIN, |of| of.task),
        }
    }

    /// When the next stall is over.
    #[cold]
    pub(super) fn next_stall_ns(&self) -> Option<u64> {
        let stalled = self.faults.iter().flat_map(|state| &state.stalled);
        stalled.map(|stalled| stalled.until_ns).min()
    }

    /// Puts turns back whose stall is over, unless they are gone.
    #[cold]
    pub(super) fn end_stalls(&mut self) {
        let now_ns = self.now_ns;
        let Some(state) = &mut self.faults else { return };
        let over: Vec<Stalled> =
            state.stalled.iter().filter(|stalled| stalled.until_ns <= now_ns).copied().collect();
        state.stalled.retain(|stalled| stalled.until_ns > now_ns);
        for Stalled { turn, .. } in over {
            let is_due = match turn {
                Turn::Resume(task) => self.tasks[task.index()].state == State::Ready,
                Turn::Operation(id) => {
                    let record = self.operations.get(id.0);
                    record.is_some_and(|record| record.phase == Phase::Announced)
                }
            };
            if is_due && !self.ready.contains(turn) {
                self.make_ready(turn);
            }
        }
    }
}
