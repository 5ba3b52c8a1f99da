//! The command line of a peer's program: what it is asked to do, and the one line that it prints.
//!
//! - `time WORKLOAD RUNS`: nanoseconds that so many runs took.
//! - `run WORKLOAD RUNS`: nothing; for counting instructions.
//! - `memory WORKLOAD RUNS`: how many KiB the process had at the most that made so many runs.
//! - `find PROGRAM SEED RUNS_MAX`: the run in which the bug was found, from 1, or `never`; and
//!   nanoseconds.
//! - `exhaust PROGRAM RUNS_MAX`: how many runs it took to try all schedules, `whole` or `cut`, and
//!   nanoseconds.
//! - `list`: the workloads and programs that there are.

use std::sync::OnceLock;
use std::time::Instant;

/// A workload: makes so many runs, the first under this seed.
pub type Workload = fn(seed: u64, runs: u64);

/// A program with a bug: the run in which it was found, from 1.
pub type Search = fn(seed: u64, runs_max: u64) -> Option<u64>;

/// A program all of whose schedules are tried: how many there were.
pub type Exhaust = fn(runs_max: u64) -> u64;

/// What a peer can do.
pub struct Peer<'a> {
    pub workloads: &'a [(&'a str, Workload)],
    pub programs: &'a [(&'a str, Search)],
    pub exhausted: &'a [(&'a str, Exhaust)],
}

static BEGIN: OnceLock<Instant> = OnceLock::new();

fn nanoseconds() -> u128 {
    BEGIN.get_or_init(Instant::now).elapsed().as_nanos()
}

/// Says in which run the bug was found.
pub fn tell(found: Option<u64>) {
    match found {
        Some(run) => println!("{run} {}", nanoseconds()),
        None => println!("never {}", nanoseconds()),
    }
}

/// How many KiB this process has had at the most.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

pub fn main(peer: &Peer<'_>) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    nanoseconds();
    match arguments.as_slice() {
        ["run", name, runs] => find(peer.workloads, name)(1, number(runs)),
        ["time", name, runs] => {
            find(peer.workloads, name)(1, number(runs));
            println!("{}", nanoseconds());
        }
        ["memory", name, runs] => {
            find(peer.workloads, name)(1, number(runs));
            println!("{}", peak_kib());
        }
        ["find", name, seed, runs_max] => {
            tell(find(peer.programs, name)(number(seed), number(runs_max)));
        }
        ["exhaust", name, runs_max] => {
            let runs_max = number(runs_max);
            let runs = find(peer.exhausted, name)(runs_max);
            let whole = if runs < runs_max { "whole" } else { "cut" };
            println!("{runs} {whole} {}", nanoseconds());
        }
        _ => panic!(
            "run WORKLOAD RUNS | time WORKLOAD RUNS | memory WORKLOAD RUNS | \
             find PROGRAM SEED RUNS_MAX | exhaust PROGRAM RUNS_MAX"
        ),
    }
}

fn find<T: Copy>(all: &[(&str, T)], name: &str) -> T {
    let found = all.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no `{name}` here")).1
}
