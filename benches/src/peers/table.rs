//! The tables, as Markdown.

use std::fmt::Write;

use super::{Contender, RUNS_MAX, Runs, Samples};
use crate::workloads::Workload;

/// The machine that is measured on.
pub(super) fn machine() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Processor: {}, {cores} cores.\n", model.trim())
}

fn header(first: &str, contenders: &[Contender], last: &str) -> String {
    let names = contenders.iter().map(|contender| contender.name);
    let mut text = format!("| {first} | {} |", names.collect::<Vec<_>>().join(" | "));
    if !last.is_empty() {
        let _ = write!(text, " {last} |");
    }
    let columns = 1 + contenders.len() + usize::from(!last.is_empty());
    let _ = write!(text, "\n|{}\n", "---|".repeat(columns));
    text
}

/// Nanoseconds a unit: the median, the smallest and the largest; last, how many times the time of
/// Unpick the best peer takes.
#[expect(clippy::float_arithmetic, reason = "a ratio of measured times")]
pub(super) fn times(contenders: &[Contender], rows: &[(&Workload, Vec<Samples>)]) -> String {
    let mut text = header("nanoseconds", contenders, "best peer / unpick");
    for (workload, samples) in rows {
        let _ = write!(text, "| {}, a {} |", workload.name, workload.unit);
        for samples in samples {
            let _ = write!(text, " {} |", cell(samples));
        }
        let ours = contenders.iter().zip(samples).find(|(contender, _)| contender.is_unpick);
        let ours = ours.and_then(|(_, samples)| median(samples));
        let peers = contenders.iter().zip(samples).filter(|(contender, _)| !contender.is_unpick);
        let best = peers.filter_map(|(_, samples)| median(samples)).min_by(f64::total_cmp);
        match ours.zip(best) {
            Some((ours, best)) => {
                let _ = writeln!(text, " {:.1} |", best / ours);
            }
            None => text.push_str(" |\n"),
        }
    }
    text
}

fn median(samples: &Samples) -> Option<f64> {
    samples.as_ref().and_then(|sorted| sorted.get(sorted.len() / 2).copied())
}

fn cell(samples: &Samples) -> String {
    let Some(samples) = samples else { return String::from("–") };
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return String::from("–");
    };
    format!("{:.0} ({first:.0}..{last:.0})", samples[samples.len() / 2])
}

/// Runs to the first bug: the median over base seeds, and how often it was found if not always.
pub(super) fn finding(contenders: &[Contender], rows: &[(&str, Vec<Runs>)]) -> String {
    let mut text = header("runs to the first bug", contenders, "");
    for (program, runs) in rows {
        let _ = write!(text, "| {program} |");
        for runs in runs {
            let _ = write!(text, " {} |", median_runs(runs));
        }
        text.push('\n');
    }
    text
}

fn median_runs(runs: &Runs) -> String {
    let Some(runs) = runs else { return String::from("–") };
    let mut sorted: Vec<u64> = runs.iter().map(|run| run.unwrap_or(u64::MAX)).collect();
    sorted.sort_unstable();
    let found = runs.iter().flatten().count();
    match (found, sorted[(sorted.len() - 1) / 2]) {
        (0, _) => format!("never in {RUNS_MAX}"),
        (_, u64::MAX) => format!("> {RUNS_MAX} ({found} of {})", runs.len()),
        (_, median) if found < runs.len() => format!("{median} ({found} of {})", runs.len()),
        (_, median) => median.to_string(),
    }
}
