//! Replaying an entry: from its tape, or, after an edit of the program, by what stands around its
//! choices.

use std::future::Future;

use super::entry::{Deviation, Entry};
use super::surroundings::{Placed, Surroundings, place_all};
use crate::choice::Choice;
use crate::finding::Finding;
use crate::hunt::explain::{Laboratory, Perils, Plan, Rest, Sentry};
use crate::hunt::{Verdict, judge};
use crate::options::{Options, Tracing};
use crate::run::{Outcome, Run};
use crate::seed::RunId;
use crate::strategy::{self, Strictness};
use crate::tape::Tape;

/// What came of replaying an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How the program was led to the failure.
    pub alignment: Alignment,
    /// The failing run, if it fails again in any way.
    pub failing: Option<(Tape, Finding)>,
}

/// How well an entry still fits the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// The program asks what the tape has.
    Exact,
    /// The program was edited; so many of the deviations were found again.
    Edited {
        /// How many were found again, the first ones.
        matched: usize,
        /// Of how many.
        of: usize,
    },
}

impl Alignment {
    /// Whether less than half was found again.
    #[must_use]
    pub const fn is_stale(self) -> bool {
        match self {
            Alignment::Exact => false,
            Alignment::Edited { matched, of } => matched * 2 < of,
        }
    }
}

/// How many runs are made to find the choices again.
const RUNS_MAX: u64 = 400;

/// How many runs are made around the part of a stale entry that fits.
const AROUND: u64 = 100;

/// How many places are tried for each deviation.
const PLACES_MAX: usize = 4;

/// How many alternatives are tried at each place.
const ALTERNATIVES_MAX: u32 = 8;

/// Replays an entry.
///
/// # Panics
/// If the options are refused, or inside of a run.
pub fn replay<F, Fut>(program: &F, options: &Options, entry: &Entry) -> Replay
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    replay_watched(program, options, entry, None)
}

/// Who is told of the runs that a replay makes, since any of them may end the process.
pub(in crate::hunt) trait Onlooker: Sentry {
    /// This entry is next, from 0.
    fn turns_to(&self, entry: usize);

    /// No more than so many of its deviations were found; what is made now is drawn behind them.
    fn goes_around(&self, matched: usize);
}

/// The same, before somebody who is told of each run.
pub(in crate::hunt) fn replay_watched<F, Fut>(
    program: &F,
    options: &Options,
    entry: &Entry,
    onlooker: Option<&dyn Onlooker>,
) -> Replay
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let run = Run::with(options.clone()).replay_token(&entry.token);
    let run = match onlooker {
        None => run,
        Some(onlooker) => {
            let strict = strategy::Replay::token(entry.token.clone(), Strictness::Strict);
            run.strategy(onlooker.begins(0, strict.into(), RunId::default()))
        }
    };
    let Outcome { result, divergence, tape, .. } = judge(run.execute(program));
    if divergence.is_none() {
        return Replay {
            alignment: Alignment::Exact,
            failing: result.err().map(|found| (tape, found)),
        };
    }
    let model =
        Tape { switching: entry.token.switching(), time: entry.token.time(), choices: Vec::new() };
    let perils = onlooker.map(|onlooker| Perils::unknown(onlooker));
    let laboratory = Laboratory::new(program, options, &model);
    let laboratory = match &perils {
        None => laboratory,
        Some(perils) => laboratory.beset_by(perils),
    };
    let mut search = Search { laboratory, entry, matched: Vec::new(), failing: None };
    search.go_on(&[], 0);
    let Search { laboratory, matched, mut failing, .. } = search;
    let found_again = if failing.is_some() { entry.deviations.len() } else { matched_of(&matched) };
    if failing.is_none() && found_again < entry.deviations.len() {
        if let Some(onlooker) = onlooker {
            onlooker.goes_around(found_again);
        }
        failing = around(&laboratory, &matched);
    }
    let alignment = Alignment::Edited { matched: found_again, of: entry.deviations.len() };
    Replay { alignment, failing }
}

fn matched_of(choices: &[Choice]) -> usize {
    choices.iter().filter(|choice| !choice.is_plain()).count()
}

/// Hunts around what still fits: that, and then random choices.
fn around<F, Fut>(laboratory: &Laboratory<'_, F>, matched: &[Choice]) -> Option<(Tape, Finding)>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let mut trials = (0..AROUND).map(|number| {
        let rest = Rest::Drawn { from: matched.len() };
        laboratory.try_drawn(Plan::masked(matched, |_| true), rest, RunId::new(0, number))
    });
    trials.find_map(|trial| trial.result.err().map(|finding| (trial.tape, finding)))
}

/// A search for an entry's deviations, one after the other, in what the program asks now.
struct Search<'a, F> {
    laboratory: Laboratory<'a, F>,
    entry: &'a Entry,
    /// The choices up to the last deviation of the best attempt that was met.
    matched: Vec<Choice>,
    /// A run that fails as the entry says.
    failing: Option<(Tape, Finding)>,
}

impl<F, Fut> Search<'_, F>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    /// Makes the run that begins with these choices, which have this many of the deviations, and
    /// looks for the next one in what comes after them.
    fn go_on(&mut self, begin: &[Choice], deviations: usize) {
        if self.failing.is_some() || self.laboratory.spent() >= RUNS_MAX {
            return;
        }
        let (tape, placed) = self.run(begin);
        if self.failing.is_some() {
            return;
        }
        if deviations > matched_of(&self.matched) {
            self.matched = begin.to_vec();
        }
        let Some(wanted) = self.entry.deviations.get(deviations) else { return };
        for place in places(&placed, begin.len(), wanted) {
            for taken in self.alternatives(&tape, place, wanted) {
                let mut longer = tape.choices[..place.number].to_vec();
                longer.push(Choice::new(place.choice.label(), place.choice.arity(), taken));
                self.go_on(&longer, deviations + 1);
            }
        }
    }

    /// What to take at a place: what leads most nearly to what was taken once, at most two.
    fn alternatives(&mut self, tape: &Tape, place: &Placed, wanted: &Deviation) -> Vec<u32> {
        let last = place.choice.arity() - 1;
        let once = wanted.choice.taken().min(last);
        if place.choice.label() != crate::choice::Label::Schedule || last == 1 {
            return vec![once];
        }
        let mut by_likeness: Vec<(u32, bool, u32)> = Vec::new();
        for taken in 1..=last.min(ALTERNATIVES_MAX) {
            if self.failing.is_some() || self.laboratory.spent() >= RUNS_MAX {
                return Vec::new();
            }
            let mut begin = tape.choices[..place.number].to_vec();
            begin.push(Choice::new(place.choice.label(), place.choice.arity(), taken));
            let (_, placed) = self.run(&begin);
            let around = placed.get(place.number).map(|placed| &placed.around);
            let likeness = around.map_or(0, |around| around.likeness_taken(&wanted.around));
            by_likeness.push((likeness, taken == once, taken));
        }
        by_likeness.sort_by_key(|&(likeness, is_once, taken)| {
            (std::cmp::Reverse(likeness), !is_once, taken)
        });
        by_likeness.into_iter().take(2).map(|(_, _, taken)| taken).collect()
    }

    /// Makes the run that begins so and is plain from there on.
    fn run(&mut self, begin: &[Choice]) -> (Tape, Vec<Placed>) {
        let plan = Plan::masked(begin, |_| true);
        let Outcome { result, tape, trace, .. } = self.laboratory.follow(plan, Tracing::On);
        if let Err(finding) = result
            && self.entry.is_of(&finding)
        {
            self.failing = Some((tape.clone(), finding));
        }
        (tape, trace.as_ref().map(place_all).unwrap_or_default())
    }
}

/// Where a deviation may be now: of the choices from `from` on those that are most like it, if
/// they are at least half alike.
fn places<'a>(placed: &'a [Placed], from: usize, wanted: &Deviation) -> Vec<&'a Placed> {
    let label = wanted.choice.label();
    let fitting =
        placed.iter().filter(|place| place.number >= from && place.choice.label() == label);
    let mut fitting: Vec<(u32, &Placed)> =
        fitting.map(|place| (place.around.likeness(&wanted.around), place)).collect();
    fitting.retain(|(likeness, _)| likeness * 2 >= Surroundings::LIKENESS_MAX);
    fitting.sort_by_key(|(likeness, place)| {
        (std::cmp::Reverse(*likeness), place.number.abs_diff(wanted.number))
    });
    fitting.truncate(PLACES_MAX);
    fitting.into_iter().map(|(_, place)| place).collect()
}
