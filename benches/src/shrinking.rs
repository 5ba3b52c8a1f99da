//! What shrinking comes to: for failing runs of the gallery, of the benchmark's programs, and of
//! some that are long, how many deviations are left, and whether all holds that is promised.

mod long;

use std::future::Future;
use std::time::{Duration, Instant};

use unpick::cli::Expectation;
use unpick::sim::hunt::explain::{self, Budget, Shrunk};
use unpick::sim::hunt::{Verdict, judge};
use unpick::sim::seed::RunId;
use unpick::sim::tape::Tape;
use unpick::{Finding, Options, Run};
use unpick_scenarios::SCENARIOS;

use crate::finding::PROGRAMS;

/// How many random walks are made in search of a failing one.
const RUNS_MAX: u64 = 5000;

/// One failing run, shrunk.
struct Pair {
    tape: Tape,
    shrunk: Shrunk,
    took: Duration,
    /// Each promise that does not hold.
    broken: Vec<(Promise, String)>,
}

/// What shrinking promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    /// What comes out fails in the same way.
    FailsAlike,
    /// It is never larger.
    NeverLarger,
    /// No deviation that is left can be made plain.
    Minimal,
}

/// Prints a line a program, and a summary; says whether all promises hold.
pub fn print_table(seeds: u64) -> bool {
    println!(
        "| program | pairs | deviations | left | choices | left | runs | most ms | cut short |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut gallery = Vec::new();
    for scenario in SCENARIOS {
        for variant in scenario.variants {
            if matches!(variant.expectation, Expectation::Finds { .. }) {
                let pairs = pairs(&variant.program, &variant.options(), seeds);
                gallery.extend(line(scenario.name, pairs));
            }
        }
    }
    let mut programs = Vec::new();
    for program in PROGRAMS {
        let pairs = pairs(&program.run, &Options::default(), seeds);
        programs.extend(line(program.name, pairs));
    }
    let mut long_ones = Vec::new();
    for program in long::PROGRAMS {
        let pairs = pairs(&program.run, &Options::default(), seeds);
        long_ones.extend(line(program.name, pairs));
    }
    println!(
        "\n| | pairs | fail alike | never larger | locally minimal | median deviations | left | \
         most left | longest tape | slowest of up to {CHOICES_MAX} choices |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    summary("gallery", &gallery);
    summary("benchmark's programs", &programs);
    summary("long programs", &long_ones);
    gallery.append(&mut programs);
    gallery.append(&mut long_ones);
    summary("all", &gallery);
    let broken: Vec<_> = gallery.iter().flat_map(|pair| &pair.broken).collect();
    println!("\n{} promises broken", broken.len());
    broken.iter().for_each(|(_, text)| println!("- {text}"));
    broken.is_empty()
}

/// Random walks that fail, one for each base seed, shrunk.
fn pairs<F, Fut>(program: &F, options: &Options, seeds: u64) -> Vec<Pair>
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let failing = |seed| {
        let ids = (0..RUNS_MAX).map(|number| RunId::new(seed, number));
        let mut runs = ids.map(|id| judge(Run::with(options.clone()).id(id).execute(program)));
        runs.find_map(|outcome| outcome.result.err().map(|finding| (outcome.tape, finding)))
    };
    let failing = (0..seeds).filter_map(failing);
    failing.map(|(tape, finding)| pair(program, options, tape, &finding)).collect()
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
fn pair<F, Fut>(program: &F, options: &Options, tape: Tape, finding: &Finding) -> Pair
where
    F: Fn() -> Fut,
    Fut: Future,
    Fut::Output: Verdict,
{
    let begin = Instant::now();
    let shrunk = explain::shrink(program, options, &tape, finding, Budget::default());
    let shrunk =
        shrunk.unwrap_or_else(|| panic!("{} does not fail again: {finding}", tape.token()));
    let took = begin.elapsed();
    let mut broken = Vec::new();
    let signature = finding.signature();
    if shrunk.finding.signature() != signature {
        broken.push((Promise::FailsAlike, format!("fails otherwise: {}", shrunk.finding)));
    }
    let size = |tape: &Tape| (tape.deviations(), tape.len());
    if size(&shrunk.tape) > size(&tape) {
        let text = format!("{} is larger than {}", shrunk.tape.token(), tape.token());
        broken.push((Promise::NeverLarger, text));
    }
    let choices = shrunk.tape.choices.iter().enumerate();
    for (number, _) in choices.filter(|(_, choice)| !choice.is_plain()) {
        let flipped = explain::flip(program, options, &shrunk.tape, number);
        if flipped.result.is_err_and(|finding| finding.signature() == signature) {
            let text = format!("choice {number} of {} could be plain", shrunk.tape.token());
            broken.push((Promise::Minimal, text));
        }
    }
    Pair { tape, shrunk, took, broken }
}

/// Prints what came of one program.
fn line(name: &str, pairs: Vec<Pair>) -> Vec<Pair> {
    let most = |measure: fn(&Pair) -> usize| median(pairs.iter().map(measure));
    println!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} | {} |",
        pairs.len(),
        most(|pair| pair.tape.deviations()),
        most(|pair| pair.shrunk.tape.deviations()),
        most(|pair| pair.tape.len()),
        most(|pair| pair.shrunk.tape.len()),
        most(|pair| pair.shrunk.runs as usize),
        pairs.iter().map(|pair| pair.took).max().unwrap_or_default().as_millis(),
        pairs.iter().filter(|pair| pair.shrunk.cut_short.is_some()).count(),
    );
    pairs
}

/// Up to how many choices a second is to be enough.
const CHOICES_MAX: usize = 1000;

/// Prints what came of all programs of a kind.
fn summary(what: &str, pairs: &[Pair]) {
    let before = |pair: &Pair| pair.tape.deviations();
    let left = |pair: &Pair| pair.shrunk.tape.deviations();
    let is_short = |pair: &&Pair| pair.tape.len() <= CHOICES_MAX;
    let slowest = pairs.iter().filter(is_short).map(|pair| pair.took).max();
    let keeps = |promise| {
        let keeps = |pair: &&Pair| pair.broken.iter().all(|(broken, _)| *broken != promise);
        pairs.iter().filter(keeps).count()
    };
    println!(
        "| {what} | {} | {} | {} | {} | {} | {} | {} | {} | {} ms |",
        pairs.len(),
        keeps(Promise::FailsAlike),
        keeps(Promise::NeverLarger),
        keeps(Promise::Minimal),
        median(pairs.iter().map(before)),
        median(pairs.iter().map(left)),
        pairs.iter().map(left).max().unwrap_or_default(),
        pairs.iter().map(|pair| pair.tape.len()).max().unwrap_or_default(),
        slowest.unwrap_or_default().as_millis(),
    );
}

fn median(values: impl Iterator<Item = usize>) -> usize {
    let mut sorted: Vec<usize> = values.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}
