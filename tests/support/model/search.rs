//! Searching all states of a program, and following one run.

use std::collections::{BTreeMap, BTreeSet};

use unpick::sim::tape::Tape;

use super::code::Code;
use super::state::{Machine, Mode, State};
use crate::support::programs::{Program, Summary};

/// Everything that a program may come to.
pub(crate) struct Explored {
    pub(crate) outcomes: BTreeSet<Summary>,
    /// How many ways of deciding there are, from the beginning to an end.
    pub(crate) ways: u64,
}

/// Searches all states; `None` if there are more than `states_max`.
pub(crate) fn explore(program: &Program, mode: Mode, states_max: usize) -> Option<Explored> {
    let machine = Machine { code: Code::of(program), mode };
    let first = State::first(&machine, program);
    let mut search =
        Search { machine, states_max, ways: BTreeMap::new(), outcomes: BTreeSet::new() };
    let ways = search.ways_from(&first)?;
    Some(Explored { outcomes: search.outcomes, ways })
}

struct Search {
    machine: Machine,
    states_max: usize,
    /// How many ways lead from a state to an end.
    ways: BTreeMap<State, u64>,
    outcomes: BTreeSet<Summary>,
}

impl Search {
    fn ways_from(&mut self, state: &State) -> Option<u64> {
        let Some((_, arity)) = state.question() else {
            self.outcomes.insert(state.summary());
            return Some(1);
        };
        if let Some(&ways) = self.ways.get(state) {
            return Some(ways);
        }
        let mut ways = 0_u64;
        for alternative in 0..arity {
            let mut next = state.clone();
            next.take(&self.machine, alternative);
            ways = ways.saturating_add(self.ways_from(&next)?);
        }
        self.ways.insert(state.clone(), ways);
        (self.ways.len() <= self.states_max).then_some(ways)
    }
}

/// Leads the model along a run's tape: it must ask the same questions.
pub(crate) fn follow(program: &Program, mode: Mode, tape: &Tape) -> Result<Summary, String> {
    let machine = Machine { code: Code::of(program), mode };
    let mut state = State::first(&machine, program);
    for (number, choice) in tape.choices.iter().enumerate() {
        let asked = Some((choice.label(), choice.arity()));
        let expected = state.question();
        if asked != expected {
            return Err(format!("choice {number}: the model asks {expected:?}, the run {asked:?}"));
        }
        state.take(&machine, choice.taken());
    }
    match state.question() {
        None => Ok(state.summary()),
        question => Err(format!("the run is over, and the model asks {question:?}")),
    }
}

/// What a strict replay of another program's tape says, if it leaves the tape.
pub(crate) fn divergence(program: &Program, mode: Mode, tape: &Tape) -> Option<String> {
    let machine = Machine { code: Code::of(program), mode };
    let mut state = State::first(&machine, program);
    let length = tape.len();
    for (number, choice) in tape.choices.iter().enumerate() {
        match state.question() {
            None => {
                return Some(format!(
                    "the tape has {length} choices, and the program made only {number}"
                ));
            }
            Some((label, arity)) if (label, arity) != (choice.label(), choice.arity()) => {
                let (taped_label, taped_arity) = (choice.label(), choice.arity());
                return Some(format!(
                    "at choice {number} the tape has a {taped_label} choice of {taped_arity}, \
                     and the program asks a {label} choice of {arity}"
                ));
            }
            Some(_) => state.take(&machine, choice.taken()),
        }
    }
    state.question().map(|(label, arity)| {
        format!("the tape ends after {length} choices, and the program asks a {label} choice of {arity} as well")
    })
}
