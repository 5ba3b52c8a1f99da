//! What two reports of one program must agree on.
//!
//! 1. How the program ended, when, and which tasks were left where.
//! 2. Each task's own lines, in order and with their times.
//! 3. For each object, the order in which tasks completed operations on it.
//!
//! The order of lines of different tasks on different objects is nobody's contract.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::program::{Line, Program, Report};

/// One thing in which two reports differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs, such as `line 3 of t0`.
    pub what: String,
    /// What asyncio did.
    pub asyncio: String,
    /// What Unpick did.
    pub unpick: String,
    /// The virtual time from which on they differ, in microseconds.
    pub from_us: u64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { what, asyncio, unpick, from_us: _ } = self;
        write!(f, "{what}\n    asyncio: {asyncio}\n    unpick:  {unpick}")
    }
}

/// Everything in which what Unpick did differs from what asyncio did: of each task and each
/// object the first difference.
#[must_use]
pub fn differences(program: &Program, asyncio: &Report, unpick: &Report) -> Vec<Difference> {
    let mut found = Vec::new();
    let from_us = asyncio.time_us.min(unpick.time_us);
    let mut compare = |what: &str, asyncio: String, unpick: String| {
        if asyncio != unpick {
            found.push(Difference { what: what.to_owned(), asyncio, unpick, from_us });
        }
    };
    compare("how it ended", format!("{:?}", asyncio.end), format!("{:?}", unpick.end));
    compare("when it ended", time(asyncio.time_us), time(unpick.time_us));
    compare("unfinished tasks", blocked(asyncio), blocked(unpick));
    compare_lists(&mut found, &by_task(asyncio), &by_task(unpick), "of");
    compare_lists(&mut found, &by_object(program, asyncio), &by_object(program, unpick), "on");
    found
}

/// What is compared of one line of a log, and when that was.
struct Entry {
    text: String,
    time_us: u64,
}

/// Entries by what they are of.
type Lists<'a> = BTreeMap<&'a str, Vec<Entry>>;

fn compare_lists(
    found: &mut Vec<Difference>,
    asyncio: &Lists<'_>,
    unpick: &Lists<'_>,
    preposition: &str,
) {
    let keys: BTreeSet<&str> = asyncio.keys().chain(unpick.keys()).copied().collect();
    for key in keys {
        let left = asyncio.get(key).map_or(&[][..], Vec::as_slice);
        let right = unpick.get(key).map_or(&[][..], Vec::as_slice);
        let same = left.iter().zip(right).take_while(|(left, right)| left.text == right.text);
        let at = same.count();
        let (left, right) = (left.get(at), right.get(at));
        let times = [left, right].into_iter().flatten().map(|entry| entry.time_us);
        let Some(from_us) = times.min() else { continue };
        let text = |entry: Option<&Entry>| {
            entry.map_or_else(|| String::from("nothing more"), |entry| entry.text.clone())
        };
        found.push(Difference {
            what: format!("line {at} {preposition} {key}"),
            asyncio: text(left),
            unpick: text(right),
            from_us,
        });
    }
}

fn by_task(report: &Report) -> Lists<'_> {
    let mut lists = Lists::new();
    for line in &report.log {
        let &Line { time_us, ref task, ref path, ref operation, ref result } = line;
        let text = format!("{} {path} {operation} {result}", time(time_us));
        lists.entry(task.as_str()).or_default().push(Entry { text, time_us });
    }
    lists
}

fn by_object<'a>(program: &'a Program, report: &Report) -> Lists<'a> {
    let mut lists = Lists::new();
    for line in &report.log {
        let operation = program.operation(&line.task, &line.path);
        if let Some(object) = operation.and_then(|operation| operation.act.object()) {
            let text = format!("{} {} {}", line.task, line.path, line.operation);
            let entry = Entry { text, time_us: line.time_us };
            lists.entry(program.objects[object].name.as_str()).or_default().push(entry);
        }
    }
    lists
}

fn blocked(report: &Report) -> String {
    let tasks = report.blocked.iter().map(|(task, path)| format!("{task} at {path}"));
    match tasks.collect::<Vec<_>>() {
        tasks if tasks.is_empty() => String::from("none"),
        tasks => tasks.join(", "),
    }
}

fn time(time_us: u64) -> String {
    format!("t={}.{:06}", time_us / 1_000_000, time_us % 1_000_000)
}
