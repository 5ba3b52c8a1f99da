//! The command line of a peer's program: what it is asked to do, and the one line that it prints.
//!
//! - `time WORKLOAD RUNS`: nanoseconds that so many runs took.
//! - `run WORKLOAD RUNS`: nothing; for counting instructions.
//! - `memory WORKLOAD RUNS`: how many KiB the process had at the most that made so many runs.
//! - `find PROGRAM SEED RUNS_MAX`: the run in which the bug was found, from 1, or `never`; in how
//!   many nanoseconds; and in how many the second time in the same process, or `-`.
//! - `among SEED RUNS_MAX`: in which run each interleaving of the program `among_20` was made for the
//!   first time, in ascending order.
//! - `exhaust PROGRAM RUNS_MAX`: how many runs it took to try all schedules, `whole` or `cut`, and
//!   nanoseconds.
//! - `list`: the workloads and programs that there are.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// A workload: makes so many runs, the first under this seed.
pub type Workload = fn(seed: u64, runs: u64);

/// A program with a bug: the run in which it was found, from 1.
pub type Search = fn(seed: u64, runs_max: u64) -> Option<u64>;

/// A program all of whose schedules are tried: how many there were.
pub type Exhaust = fn(runs_max: u64) -> u64;

/// The program `among_20`, but that it never fails: whose turn it was, turn by turn, in each run.
pub type Among = fn(seed: u64, runs: u64) -> Vec<Vec<u8>>;

/// What a peer can do.
pub struct Peer<'a> {
    pub workloads: &'a [(&'a str, Workload)],
    pub programs: &'a [(&'a str, Search)],
    pub exhausted: &'a [(&'a str, Exhaust)],
    pub among: Option<Among>,
}

static BEGIN: Mutex<Option<Instant>> = Mutex::new(None);

fn begin() {
    *BEGIN.lock().unwrap() = Some(Instant::now());
}

/// Since the search began.
pub fn nanoseconds() -> u64 {
    BEGIN.lock().unwrap().map_or(0, |begin| begin.elapsed().as_nanos() as u64)
}

/// The run in which the bug is found, and how long it takes until that run is over; or until all were
/// made.
fn search(search: Search, seed: u64, runs_max: u64) -> (Option<u64>, u64) {
    begin();
    let run = search(seed, runs_max);
    (run, nanoseconds())
}

fn print_found(program: Search, seed: u64, runs_max: u64) {
    let (Some(run), first) = search(program, seed, runs_max) else {
        println!("never {} -", nanoseconds());
        return;
    };
    if std::thread::panicking() {
        // What made the runs has given the panic up half-way, and another one would be too much.
        println!("{run} {first} -");
        return;
    }
    match search(program, seed, runs_max) {
        (Some(again), second) if again == run => println!("{run} {first} {second}"),
        // It has not survived its first panic.
        _ => println!("{run} {first} -"),
    }
}

fn print_among(among: Among, seed: u64, runs_max: u64) {
    let mut first: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
    for (number, turns) in (1..).zip(among(seed, runs_max)) {
        first.entry(turns).or_insert(number);
    }
    let mut firsts: Vec<u64> = first.into_values().collect();
    firsts.sort_unstable();
    let firsts: Vec<String> = firsts.iter().map(u64::to_string).collect();
    println!("{}", firsts.join(" "));
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
    begin();
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
            print_found(find(peer.programs, name), number(seed), number(runs_max));
        }
        ["among", seed, runs_max] => {
            let among = peer.among.expect("there is no such program here");
            print_among(among, number(seed), number(runs_max));
        }
        ["exhaust", name, runs_max] => {
            let runs_max = number(runs_max);
            let runs = find(peer.exhausted, name)(runs_max);
            let whole = if runs < runs_max { "whole" } else { "cut" };
            println!("{runs} {whole} {}", nanoseconds());
        }
        _ => panic!(
            "run WORKLOAD RUNS | time WORKLOAD RUNS | memory WORKLOAD RUNS | \
             find PROGRAM SEED RUNS_MAX | among SEED RUNS_MAX | exhaust PROGRAM RUNS_MAX"
        ),
    }
}

fn find<T: Copy>(all: &[(&str, T)], name: &str) -> T {
    let found = all.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no `{name}` here")).1
}
