//! What two reports of one program must agree on.
//!
//! 1. How the program ended, when, and which tasks were left where.
//! 2. Each task's own lines, in order and with their times.
//! 3. For each object, the order in which tasks completed operations on it.
//!
//! The order of lines of different tasks on different objects is nobody's contract.

use std::collections::BTreeMap;
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
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { what, asyncio, unpick } = self;
        write!(f, "{what}\n    asyncio: {asyncio}\n    unpick:  {unpick}")
    }
}

/// Everything in which what Unpick did differs from what asyncio did: of each task and each
/// object the first difference.
#[must_use]
pub fn differences(program: &Program, asyncio: &Report, unpick: &Report) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |what: &str, asyncio: String, unpick: String| {
        if asyncio != unpick {
            found.push(Difference { what: what.to_owned(), asyncio, unpick });
        }
    };
    compare("how it ended", format!("{:?}", asyncio.end), format!("{:?}", unpick.end));
    compare("when it ended", time(asyncio.time_us), time(unpick.time_us));
    compare("unfinished tasks", blocked(asyncio), blocked(unpick));
    compare_lists(&mut found, &by_task(asyncio), &by_task(unpick), "of");
    compare_lists(&mut found, &by_object(program, asyncio), &by_object(program, unpick), "on");
    found
}

fn compare_lists(
    found: &mut Vec<Difference>,
    asyncio: &Lists<'_>,
    unpick: &Lists<'_>,
    preposition: &str,
) {
    let none = Vec::new();
    let keys: std::collections::BTreeSet<&&str> = asyncio.keys().chain(unpick.keys()).collect();
    for key in keys {
        let left = asyncio.get(key).unwrap_or(&none);
        let right = unpick.get(key).unwrap_or(&none);
        let longer = left.len().max(right.len());
        let Some(at) = (0..longer).find(|&at| left.get(at) != right.get(at)) else { continue };
        let entry = |list: &Vec<String>| {
            list.get(at).cloned().unwrap_or_else(|| String::from("nothing more"))
        };
        found.push(Difference {
            what: format!("line {at} {preposition} {key}"),
            asyncio: entry(left),
            unpick: entry(right),
        });
    }
}

/// Lines by what they are of.
type Lists<'a> = BTreeMap<&'a str, Vec<String>>;

fn by_task(report: &Report) -> Lists<'_> {
    let mut lists = Lists::new();
    for line in &report.log {
        let Line { time_us, task, path, operation, result } = line;
        let text = format!("{} {path} {operation} {result}", time(*time_us));
        lists.entry(task.as_str()).or_default().push(text);
    }
    lists
}

fn by_object<'a>(program: &'a Program, report: &Report) -> Lists<'a> {
    let mut lists = Lists::new();
    for line in &report.log {
        let operation = program.operation(&line.task, &line.path);
        if let Some(object) = operation.and_then(|operation| operation.act.object()) {
            let text = format!("{} {} {}", line.task, line.path, line.operation);
            lists.entry(program.objects[object].name.as_str()).or_default().push(text);
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
