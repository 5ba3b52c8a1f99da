//! Orders of turns: whether asyncio's outcome is one of ours under another one.
//!
//! Tasks that are woken in the same instant take their turns in an order that depends on how
//! many turns of asyncio's loop each wake-up takes. Where the plain order leads to another
//! outcome, a search goes through other orders: first of the turns in the instant from which on
//! outcomes differ, then of all before it. An order that leads further, or to asyncio's very
//! outcome, is where it goes on.

use unpick::sim::choice::Choice;
use unpick::sim::options::TimeModel;
use unpick::sim::strategy::{Replay, Strictness};
use unpick::sim::tape::Tape;
use unpick::sim::trace::EventKind;
use unpick::{Run, Switching};

use super::compare::{self, Difference};
use super::interpreter::run_under;
use super::program::{Record, Report};

/// The tape of a run that leads to asyncio's outcome, or to one whose differences are explained,
/// and then how; `None` if none was found in as many runs.
#[must_use]
pub fn search<R>(
    record: &Record,
    runs_max: usize,
    explain: impl Fn(&Report, &[Difference]) -> Option<R>,
) -> Option<(Tape, Option<R>)> {
    let mut search = Search { record, runs_left: runs_max };
    let mut best = search.run(&[])?;
    loop {
        let Some(instant_us) = best.differs_from_us() else { return Some((best.tape, None)) };
        if let Some(reason) = explain(&best.report, &best.found) {
            return Some((best.tape, Some(reason)));
        }
        best = search.improve(&best, instant_us)?;
    }
}

struct Search<'a> {
    record: &'a Record,
    runs_left: usize,
}

/// What came of one run.
struct Attempt {
    tape: Tape,
    /// When each choice was made, in microseconds.
    times_us: Vec<u64>,
    report: Report,
    found: Vec<Difference>,
}

impl Attempt {
    /// From when on it differs from what asyncio did.
    fn differs_from_us(&self) -> Option<u64> {
        self.found.iter().map(|difference| difference.from_us).min()
    }
}

/// Which deviations are tried: of the instant alone, or of everything before as well; and how
/// many at once.
const ROUNDS: &[(Span, usize)] = &[
    (Span::Instant, 1),
    (Span::Instant, 2),
    (Span::Before, 1),
    (Span::Instant, 3),
    (Span::Before, 2),
    (Span::Instant, 5),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Span {
    Instant,
    Before,
}

impl Search<'_> {
    /// A run that differs later than in this instant, or not at all.
    fn improve(&mut self, best: &Attempt, instant_us: u64) -> Option<Attempt> {
        for &(span, deviations_max) in ROUNDS {
            let first = match span {
                Span::Instant => best.times_us.partition_point(|&time_us| time_us < instant_us),
                Span::Before => 0,
            };
            let mut prefix = next_prefix(best, first, instant_us, deviations_max);
            while let Some(choices) = prefix {
                let attempt = self.run(&choices)?;
                if attempt.differs_from_us().is_none_or(|from_us| from_us > instant_us) {
                    return Some(attempt);
                }
                prefix = next_prefix(&attempt, first, instant_us, deviations_max);
            }
        }
        None
    }

    fn run(&mut self, prefix: &[Choice]) -> Option<Attempt> {
        self.runs_left = self.runs_left.checked_sub(1)?;
        let tape = Tape {
            switching: Switching::Cooperative,
            time: TimeModel::Exact,
            choices: prefix.to_vec(),
        };
        let run = Run::new().strategy(Replay::tape(&tape, Strictness::Lenient)).traced();
        let (report, outcome) = run_under(&self.record.program, run);
        let events = outcome.trace.iter().flat_map(|trace| &trace.events);
        let times_us = events
            .filter(|event| matches!(event.kind, EventKind::Choice { .. }))
            .map(|event| event.at.as_nanos() / 1_000)
            .collect();
        let found = compare::differences(&self.record.program, &self.record.expected, &report);
        Some(Attempt { tape: outcome.tape, times_us, report, found })
    }
}

/// The next tape in the manner of an odometer: the right-most choice from `first` up to the
/// instant that has an alternative left takes it. `None` when all were tried.
fn next_prefix(
    attempt: &Attempt,
    first: usize,
    instant_us: u64,
    deviations_max: usize,
) -> Option<Vec<Choice>> {
    let choices = &attempt.tape.choices;
    let end = attempt.times_us.partition_point(|&time_us| time_us <= instant_us);
    let end = end.min(choices.len());
    (first..end).rev().find_map(|number| {
        let choice = choices[number];
        let next = choice.taken() + 1;
        let before = choices[first..number].iter().filter(|choice| !choice.is_plain()).count();
        if next >= choice.arity() || before >= deviations_max {
            return None;
        }
        let mut prefix = choices[..number].to_vec();
        prefix.push(Choice::new(choice.label(), choice.arity(), next));
        Some(prefix)
    })
}
