//! The command line of a peer's program: what it is asked to do, and the one line that it prints.
//!
//! - `time WORKLOAD RUNS`: nanoseconds that so many runs took.
//! - `run WORKLOAD RUNS`: nothing; for counting instructions.
//! - `find PROGRAM SEED RUNS_MAX [STRATEGY]`: the run in which the bug was found, from 1, or `never`.
//! - `list`: the workloads and programs that there are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A workload: makes so many runs, the first under this seed.
pub type Workload = fn(seed: u64, runs: u64);

/// A program with a bug: the run in which it was found, from 1.
pub type Search = fn(seed: u64, runs_max: u64) -> Option<u64>;

pub fn main(workloads: &[(&str, Workload)], programs: &[(&str, Search)]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    match arguments.as_slice() {
        ["list"] => {
            workloads.iter().for_each(|(name, _)| println!("{name}"));
            programs.iter().for_each(|(name, _)| println!("{name}"));
        }
        ["run", name, runs] => find(workloads, name)(1, number(runs)),
        ["time", name, runs] => {
            let (workload, runs) = (find(workloads, name), number(runs));
            let begin = Instant::now();
            workload(1, runs);
            println!("{}", begin.elapsed().as_nanos());
        }
        ["find", name, seed, runs_max] => {
            match find(programs, name)(number(seed), number(runs_max)) {
                Some(run) => println!("{run}"),
                None => println!("never"),
            }
        }
        _ => panic!("list | run WORKLOAD RUNS | time WORKLOAD RUNS | find PROGRAM SEED RUNS_MAX"),
    }
}

fn find<T: Copy>(all: &[(&str, T)], name: &str) -> T {
    let found = all.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("there is no `{name}` here")).1
}

/// Counts runs, and ends the process with the count printed as soon as anything panics: for peers
/// that do not survive a panic of the program.
#[allow(dead_code)]
pub fn count_until_panic(program: fn()) -> impl Fn() + Send + Sync + 'static {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    std::panic::set_hook(Box::new(|_| {
        println!("{}", COUNT.load(Ordering::SeqCst));
        std::process::exit(0);
    }));
    move || {
        COUNT.fetch_add(1, Ordering::SeqCst);
        program();
    }
}

/// The first run that panics, from 1.
#[allow(dead_code)]
pub fn first_panic(runs_max: u64, run: impl Fn(u64)) -> Option<u64> {
    std::panic::set_hook(Box::new(|_| {}));
    (1..=runs_max).find(|&number| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(number))).is_err()
    })
}
