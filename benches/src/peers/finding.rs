//! The tables of how soon bugs are found, as Markdown.

use std::fmt::Write;

use unpick::sim::strategy::portfolio::Member;

use super::contender::{Contender, Found, Side};
use super::table::{NOT_EXPRESSED, header, names};
use super::{AMONG_MAX, RUNS_MAX, Searched};
use crate::finding::{
    ALL_OF_AMONG, Firsts, first_runs, interleavings_alone, interleavings_by_portfolio,
};

/// Runs to the first bug: the median over base seeds, and how often it was found if not always.
pub(super) fn runs(contenders: &[Contender], rows: &[(&str, Vec<Searched>)]) -> String {
    let mut text = String::from(
        "## Runs to the first bug\n\nThe median over base seeds; how often it was found, where \
         that was not always. `unpick` is the portfolio, its calibration counted; what stands \
         beside it are single strategies, calibration not counted. loom has no seeds.\n\n\
         Where a peer needs fewer runs than the portfolio:\n\n\
         - 1 run of tokio, turmoil or madsim (`reorder`, `account`, `stringbuffer`) is their plain \
         schedule, which happens to be one that fails; it is the same in every run of tokio and \
         turmoil, so that what it does not find they never do.\n\
         - 1 run where the portfolio needs 2 (`account`, `deadlock01`, `stringbuffer`): most random \
         schedules fail. The portfolio's first run is the plain one, and passes.\n\
         - loom is exhaustive, and `reorder_3` fails in its second schedule.\n\
         - `twostage` with shuttle's PCT: two changes of priority are just what it takes, and it \
         makes nothing else. The portfolio is in its calibration for 32 runs, half of them random \
         walks, which need about as many; POS alone needs fewer.\n\
         - `wronglock` with shuttle's URW, and with madsim: the same holds of uniform and of random \
         walks, as the columns of single strategies show.\n\
         - `among_20` is [below](#among-506-interleavings).\n\n",
    );
    text.push_str(&header("runs", &names(contenders), ""));
    for (program, searched) in rows {
        let _ = write!(text, "| {program} |");
        searched.iter().for_each(|searched| {
            let _ = write!(text, " {} |", median_runs(searched));
        });
        text.push('\n');
    }
    text
}

fn median_runs(searched: &Searched) -> String {
    let Some(searched) = searched else { return NOT_EXPRESSED.into() };
    let sorted = sorted(searched.iter().map(|it| it.run.unwrap_or(u64::MAX)));
    let (found, all) = (searched.iter().filter(|it| it.run.is_some()).count(), searched.len());
    match (found, sorted[(sorted.len() - 1) / 2]) {
        (0, _) => String::from("never"),
        (_, u64::MAX) => format!("> {RUNS_MAX} ({found} of {all})"),
        (_, median) if found < all => format!("{median} ({found} of {all})"),
        (_, median) => median.to_string(),
    }
}

fn sorted(figures: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut figures: Vec<u64> = figures.collect();
    figures.sort_unstable();
    figures
}

/// How long the searches took, by the median: the second time in their process, and the first.
pub(super) fn times(contenders: &[Contender], rows: &[(&str, Vec<Searched>)]) -> String {
    let again = |found: &Found| found.again.or(found.run.is_none().then_some(found.nanoseconds));
    let mut text = String::from(
        "## Milliseconds to the first bug\n\nThe median over base seeds until the failing run is \
         there, those that did not find it within their runs included. All \
         are measured until that run is over, its panic unwound; Unpick's own beginning (the \
         environment, kept failures) is in its.\n\n\
         The second time that a process makes the same search, as hunts in a process of many tests \
         are made (– where a peer does not survive what it found):\n\n",
    );
    text.push_str(&header("milliseconds", &names(contenders), "best peer / unpick"));
    for (program, searched) in rows {
        let medians: Vec<Option<u64>> =
            searched.iter().map(|it| median(it.as_deref(), again)).collect();
        let _ = write!(text, "| {program} |");
        for (searched, median) in searched.iter().zip(&medians) {
            let _ = write!(text, " {} |", milliseconds(searched, *median));
        }
        let _ = writeln!(text, " {} |", ratio(contenders, searched, &medians));
    }
    text.push_str(
        "\nThe first time, as the first thing that a process does. It is mostly pages of the program \
         that are touched for the first time, and for Unpick the start of its watchdog's thread, \
         which is once a process. What comes then is in the last column, for the portfolio: run 0 is \
         repeated on two fresh threads to see whether the program is deterministic, the failing run \
         is made again on another one, cut down and explained, and the report written; nearly all of \
         that is the loading of debug information, which is once a process, too.\n\n",
    );
    text.push_str(&header("milliseconds", &names(contenders), "unpick, report"));
    for (program, searched) in rows {
        let _ = write!(text, "| {program} |");
        for searched in searched {
            let median = median(searched.as_deref(), |found| Some(found.nanoseconds));
            let _ = write!(text, " {} |", milliseconds(searched, median));
        }
        let own = contenders.iter().position(|it| it.side == Side::Unpick);
        let own = own.and_then(|place| searched[place].as_deref());
        let reported = median(own, |found| found.run.and(found.reported));
        let _ = writeln!(text, " {} |", reported.map_or(NOT_EXPRESSED.into(), in_milliseconds));
    }
    text
}

fn median(searched: Option<&[Found]>, figure: impl Fn(&Found) -> Option<u64>) -> Option<u64> {
    let sorted = sorted(searched?.iter().filter_map(figure));
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

#[expect(clippy::float_arithmetic, reason = "measured times")]
fn in_milliseconds(nanoseconds: u64) -> String {
    format!("{:.3}", nanoseconds as f64 / 1e6)
}

fn has_found(searched: &Searched) -> bool {
    searched.as_ref().is_some_and(|searched| searched.iter().any(|it| it.run.is_some()))
}

fn milliseconds(searched: &Searched, median: Option<u64>) -> String {
    let Some(median) = median else { return NOT_EXPRESSED.into() };
    let mark = if has_found(searched) { "" } else { "never, " };
    format!("{mark}{}", in_milliseconds(median))
}

/// How many times what the portfolio takes the best peer takes, of those that find it.
#[expect(clippy::float_arithmetic, reason = "a ratio of measured times")]
fn ratio(contenders: &[Contender], searched: &[Searched], medians: &[Option<u64>]) -> String {
    let of = |side: Side| {
        let all = contenders.iter().zip(searched).zip(medians);
        let found = all.filter(move |((it, searched), _)| it.side == side && has_found(searched));
        found.filter_map(|(_, median)| *median).min()
    };
    match (of(Side::Unpick), of(Side::Peer)) {
        (Some(ours), Some(best)) => format!("{:.1}", best as f64 / ours.max(1) as f64),
        (Some(_), None) => String::from("no peer finds it"),
        _ => String::new(),
    }
}

/// How soon each interleaving of the program `among_20` is made, and the one that fails.
pub(super) fn among(seeds: u64, contenders: &[Contender]) -> String {
    let mut text = format!(
        "## Among {ALL_OF_AMONG} interleavings\n\n`among_20` fails in one of the {ALL_OF_AMONG} \
         interleavings of its three tasks: B after A's 10th of 20 yields, C after its 15th. Which one \
         it is is nothing that a strategy can know. So this is how soon each of them is made: in \
         which run for the first time, over all of them and {seeds} base seeds, within {AMONG_MAX} \
         runs.\n\n",
    );
    text.push_str("| strategy | made | mean runs | median | nine of ten | last |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    let mut row = |name: &str, by_seed: &[Firsts]| {
        let all = by_seed.len() * ALL_OF_AMONG as usize;
        let _ = writeln!(text, "| {name} | {} |", Sooner::of(by_seed.iter().flatten(), all));
    };
    row("unpick", &interleavings_by_portfolio(seeds));
    row("unpick, urw", &interleavings_alone(seeds));
    for contender in contenders.iter().filter(|it| it.side == Side::Peer) {
        let by_seed: Option<Vec<Firsts>> =
            (0..seeds).map(|seed| contender.among(seed, AMONG_MAX)).collect();
        if let Some(by_seed) = by_seed {
            row(contender.name, &by_seed);
        }
    }
    let _ = write!(
        text,
        "\nA walk that is uniform, and draws anew each time, would make each with a chance of 1 in \
         {ALL_OF_AMONG}: after {ALL_OF_AMONG} runs on average, half of them within 351. One that makes \
         none twice needs 253.5 on average and {ALL_OF_AMONG} at the most, wherever the one is that \
         fails; no order of them is better on average over all places. Shuttle's walk is uniform over \
         the scheduling points that it counts, of which its tasks have more than those that show: \
         some interleavings, such as this one, come about more often than one time in \
         {ALL_OF_AMONG}, others hardly ever. The one that fails, over {AMONG_SEEDS} base seeds:\n\n"
    );
    text.push_str("| strategy | found | mean runs | median | nine of ten | last |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    let mut row = |name: &str, runs: Vec<Option<u64>>| {
        let _ = writeln!(text, "| {name} | {} |", Sooner::of(runs.iter().flatten(), runs.len()));
    };
    for (name, member) in [("unpick", None), ("unpick, urw", Some(Member::Urw))] {
        row(name, first_runs(AMONG, member, AMONG_SEEDS).unwrap_or_default());
    }
    for contender in contenders.iter().filter(|it| it.name == "shuttle, URW") {
        let find = |seed| contender.find(AMONG, seed, AMONG_MAX).map(|found| found.run);
        row(contender.name, (0..AMONG_SEEDS).filter_map(find).collect());
    }
    text
}

/// The program.
const AMONG: &str = "among_20";

/// Over how many base seeds the one interleaving is looked for.
const AMONG_SEEDS: u64 = 600;

/// How soon interleavings are made.
struct Sooner {
    /// In which runs those were made that were made at all, in ascending order.
    made: Vec<u64>,
    all: usize,
}

impl Sooner {
    fn of<'a>(made: impl Iterator<Item = &'a u64>, all: usize) -> Sooner {
        Sooner { made: sorted(made.copied()), all }
    }

    /// When this share of all was made, in thousandths.
    fn at(&self, share: usize) -> String {
        match self.made.get((self.all * share).div_ceil(1000).saturating_sub(1)) {
            Some(run) => run.to_string(),
            None => format!("> {AMONG_MAX}"),
        }
    }
}

impl std::fmt::Display for Sooner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = self.made.len() * 1000 / self.all.max(1);
        write!(f, "{}.{} %", percent / 10, percent % 10)?;
        if self.made.len() == self.all {
            let tenths = self.made.iter().sum::<u64>() * 10 / self.all.max(1) as u64;
            write!(f, " | {}.{}", tenths / 10, tenths % 10)?;
        } else {
            f.write_str(" | not all")?;
        }
        write!(f, " | {} | {} | {}", self.at(500), self.at(900), self.at(1000))
    }
}
