//! Where the instructions of a workload go, by function.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::process::Command;

use crate::callgrind::{CountError, under_callgrind};
use crate::workloads::Workload;

/// How many functions, and how many files, are told.
const LINES_MAX: usize = 10;

/// Prints where a workload's instructions go: by function, what is inlined into it included, and by
/// the file of the source line; instructions a unit, and their share.
///
/// # Errors
/// If valgrind is not installed, or prints nothing that can be read.
pub fn print(workload: &Workload) -> Result<(), CountError> {
    // So many runs that start-up does not count.
    let runs = (2_000_000 / workload.units).clamp(2, 20_000);
    let program = env::current_exe().map_err(CountError::other)?;
    let mut command = Command::new(program);
    command.args(["run", workload.name, &runs.to_string()]);
    let profile = env::temp_dir().join(format!("unpick-profile-{}", std::process::id()));
    under_callgrind(&command, &profile)?;
    let annotated = Command::new("callgrind_annotate")
        .args(["--auto=no", "--threshold=100"])
        .arg(&profile)
        .output();
    let text = annotated.map_err(CountError::other)?.stdout;
    // It is in a folder for such files.
    let _ = fs::remove_file(&profile);
    let lines = Line::all(&String::from_utf8_lossy(&text));
    let units = runs * workload.units;
    table(workload, "by function", units, sums(&lines, |line| &line.function));
    println!();
    table(workload, "by file", units, sums(&lines, |line| &line.file));
    Ok(())
}

fn table(workload: &Workload, how: &str, units: u64, sums: Vec<(u64, String)>) {
    let all: u64 = sums.iter().map(|(count, _)| count).sum();
    println!(
        "| {}, {how} | instructions a {} | share |\n|---|---|---|",
        workload.name, workload.unit
    );
    let line = |name: &str, count: u64| {
        let tenths = (count * 1000).checked_div(all).unwrap_or_default();
        let each = count * 10 / units;
        println!("| {name} | {}.{} | {}.{} % |", each / 10, each % 10, tenths / 10, tenths % 10);
    };
    for (count, name) in sums.iter().take(LINES_MAX) {
        line(&format!("`{name}`"), *count);
    }
    let rest: Vec<u64> = sums.iter().skip(LINES_MAX).map(|(count, _)| *count).collect();
    line(&format!("{} others", rest.len()), rest.iter().sum());
    line("all", all);
}

/// A line of callgrind's list: the instructions of those lines of a file that became part of a
/// function.
struct Line {
    count: u64,
    file: String,
    function: String,
}

impl Line {
    fn all(text: &str) -> Vec<Line> {
        let line = |line: &str| {
            let (count, rest) = line.trim_start().split_once(' ')?;
            let (_, named) = rest.split_once(')')?;
            let (file, function) = named.trim().split_once(':')?;
            let function = function.split(" [").next().unwrap_or(function);
            Some(Line {
                count: count.replace(',', "").parse().ok()?,
                file: short_file(file),
                function: short_function(function),
            })
        };
        text.lines().filter_map(line).collect()
    }
}

/// Sums by what `key` says of a line, the largest first.
fn sums(lines: &[Line], key: fn(&Line) -> &String) -> Vec<(u64, String)> {
    let mut sums = BTreeMap::new();
    for line in lines {
        *sums.entry(key(line)).or_insert(0) += line.count;
    }
    let mut sums: Vec<(u64, String)> =
        sums.into_iter().map(|(name, sum)| (sum, name.clone())).collect();
    sums.sort_by(|one, other| other.cmp(one));
    sums
}

/// A file by its package and its path in it: what stands around it is somebody's own folder.
fn short_file(file: &str) -> String {
    for package in ["sim/src/", "primitives/src/", "benches/src/", "library/"] {
        if let Some(at) = file.rfind(package) {
            return file[at..].to_owned();
        }
    }
    match file.rsplit_once("/registry/src/") {
        Some((_, path)) => path.split_once('/').map_or(path, |(_, path)| path).to_owned(),
        None => file.to_owned(),
    }
}

/// A function without the mark of a recursive call.
fn short_function(function: &str) -> String {
    function.split("'2").next().unwrap_or(function).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_added_up_by_function_and_by_file() {
        let text = "Ir\n\
            3,000 (100.0%)  PROGRAM TOTALS\n\
            1,500 (50.00%)  /x/sim/src/engine/drive.rs:unpick_sim::engine::run [/target/x]\n\
            500 (16.67%)  /x/library/core/src/mem/mod.rs:unpick_sim::engine::run [/target/x]\n\
            1,000 (33.33%)  ???:malloc [libc.so]\n";
        let lines = Line::all(text);
        let named = |count, name: &str| (count, name.to_owned());
        let functions = [named(2000, "unpick_sim::engine::run"), named(1000, "malloc")];
        assert_eq!(sums(&lines, |line| &line.function), functions);
        let files = [
            named(1500, "sim/src/engine/drive.rs"),
            named(1000, "???"),
            named(500, "library/core/src/mem/mod.rs"),
        ];
        assert_eq!(sums(&lines, |line| &line.file), files);
    }
}
