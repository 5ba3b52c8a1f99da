//! The tables, as Markdown.

use std::fmt::Write;
use std::process::Command;

use super::{Contender, EXHAUST_MAX, Exhausted, RUNS_MAX, Samples, Side};
use crate::workloads::Workload;

/// What a cell says of what a contender cannot do.
pub(super) const NOT_EXPRESSED: &str = "–";

/// What was measured, on which machine, and how cells are read.
pub(super) fn head(versions: &str, repetitions: u64, seeds: u64) -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let rustc = rustc.unwrap_or_else(|_| String::from("an unknown compiler"));
    format!(
        "# Unpick beside its peers\n\n\
         `cargo run --release -p unpick-benches -- peers > benches/PEERS.md` measures all of this \
         anew, in one run in which the programs take turns.\n\n\
         - Machine: {}, {cores} cores; {rustc}.\n\
         - Peers: {versions}. tokio runs on one thread with its clock paused; turmoil has one \
         client; shuttle's PCT is of depth 3; loom has the bound on preemptions that its \
         documentation recommends, 2.\n\
         - Unpick is {}, with all detectors that are on by default.\n\
         - {NOT_EXPRESSED} says that a peer cannot express a workload, or fails at it: shuttle has \
         no timers and fails above 30 000 tasks; loom has room for five threads and is measured \
         where bugs are sought; tokio, madsim and turmoil do not go through schedules \
         systematically.\n\
         - Times are medians of {repetitions} repetitions; searches are over {seeds} base seeds, \
         with at most {RUNS_MAX} runs each.\n",
        model.trim(),
        env!("CARGO_PKG_VERSION"),
    )
}

pub(super) fn header(first: &str, names: &[&str], last: &str) -> String {
    let mut text = format!("| {first} | {} |", names.join(" | "));
    if !last.is_empty() {
        let _ = write!(text, " {last} |");
    }
    let columns = 1 + names.len() + usize::from(!last.is_empty());
    let _ = write!(text, "\n|{}\n", "---|".repeat(columns));
    text
}

pub(super) fn names<'a>(contenders: impl IntoIterator<Item = &'a Contender>) -> Vec<&'static str> {
    contenders.into_iter().map(|contender| contender.name).collect()
}

/// How many times what Unpick takes the best peer takes; empty if one of them takes nothing.
#[expect(clippy::float_arithmetic, reason = "a ratio of measured figures")]
fn ratio(contenders: &[&Contender], figures: &[Option<f64>]) -> String {
    let of = |side: Side| {
        let pairs = contenders.iter().zip(figures);
        let figures = pairs.filter(move |(it, _)| it.side == side).filter_map(|(_, it)| *it);
        figures.min_by(f64::total_cmp)
    };
    match (of(Side::Unpick), of(Side::Peer)) {
        (Some(ours), Some(best)) if ours > 0.0 => format!("{:.1}", best / ours),
        _ => String::new(),
    }
}

/// Nanoseconds a unit: the median, the smallest and the largest; last, how many times the time of
/// Unpick the best peer takes.
pub(super) fn times(contenders: &[&Contender], rows: &[(&Workload, Vec<Samples>)]) -> String {
    let names = names(contenders.iter().copied());
    let mut text = String::from(
        "## Times\n\nThe median, and in parentheses the range. Each figure is of a process of its own: \
         what that does only once (memory that is touched for the first time, above all where \
         100 000 tasks are spawned) is in it, for all alike. `cargo run --release -p \
         unpick-benches -- time` prints what Unpick takes after some runs that are not counted.\n\n",
    );
    text.push_str(&header("nanoseconds", &names, "best peer / unpick"));
    for (workload, samples) in rows {
        let _ = write!(text, "| {}, a {} |", workload.name, workload.unit);
        samples.iter().for_each(|samples| {
            let _ = write!(text, " {} |", cell(samples));
        });
        let medians: Vec<Option<f64>> = samples.iter().map(median).collect();
        let _ = writeln!(text, " {} |", ratio(contenders, &medians));
    }
    text
}

fn median(samples: &Samples) -> Option<f64> {
    samples.as_ref().and_then(|sorted| sorted.get(sorted.len() / 2).copied())
}

fn cell(samples: &Samples) -> String {
    let Some(samples) = samples else { return NOT_EXPRESSED.into() };
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return NOT_EXPRESSED.into();
    };
    format!("{:.0} ({first:.0}..{last:.0})", samples[samples.len() / 2])
}

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| NOT_EXPRESSED.into(), |count| count.to_string())
}

/// Instructions a unit, counted by callgrind, start-up left out.
pub(super) fn instructions(
    contenders: &[&Contender],
    rows: &[(&Workload, Vec<Option<u64>>)],
) -> String {
    let names = names(contenders.iter().copied());
    let mut text = String::from(
        "## Instructions\n\nCounted by callgrind, start-up left out: these repeat, whatever else \
         the machine does. What takes more than half a second a run is not counted.\n\n",
    );
    text.push_str(&header("instructions", &names, "best peer / unpick"));
    for (workload, counts) in rows {
        let _ = write!(text, "| {}, a {} |", workload.name, workload.unit);
        counts.iter().for_each(|count| {
            let _ = write!(text, " {} |", number(*count));
        });
        let figures: Vec<_> = counts.iter().map(|count| count.map(|it| it as f64)).collect();
        let _ = writeln!(text, " {} |", ratio(contenders, &figures));
    }
    text
}

/// Bytes a task, from how much memory the process had at the most.
pub(super) fn memory(contenders: &[&Contender], bytes: &[Option<u64>]) -> String {
    let names = names(contenders.iter().copied());
    let mut text = String::from(
        "## Memory\n\nHow much more the process had at the most than with an empty run.\n\n",
    );
    text.push_str(&header("bytes", &names, "best peer / unpick"));
    text.push_str("| 100 000 tasks, a task |");
    bytes.iter().for_each(|count| {
        let _ = write!(text, " {} |", number(*count));
    });
    let figures: Vec<_> = bytes.iter().map(|count| count.map(|it| it as f64)).collect();
    let _ = writeln!(text, " {} |", ratio(contenders, &figures));
    text
}

/// How many runs it takes to try all schedules, and how many there are in a second.
pub(super) fn exhausted(
    contenders: &[&Contender],
    rows: &[(&str, Vec<Option<Exhausted>>)],
) -> String {
    let names = names(contenders.iter().copied());
    let mut text = format!(
        "## Systematic search\n\nRuns until all schedules were tried, up to {EXHAUST_MAX}, and runs \
         a second. loom leaves out schedules that differ in the order of independent steps; Unpick \
         and shuttle try all. `locks_3` is three tasks that take a lock and give it back, \
         `lost_update_4` four that read a counter and write it back.\n\n",
    );
    text.push_str(&header("program", &names, ""));
    for (program, exhausted) in rows {
        let _ = write!(text, "| {program} |");
        for exhausted in exhausted {
            let Some(Exhausted { runs, is_whole, nanoseconds }) = exhausted else {
                let _ = write!(text, " {NOT_EXPRESSED} |");
                continue;
            };
            let per_second = u128::from(*runs) * 1_000_000_000 / u128::from((*nanoseconds).max(1));
            let more = if *is_whole { "" } else { "> " };
            let _ = write!(text, " {more}{runs}, {per_second} a second |");
        }
        text.push('\n');
    }
    text
}
