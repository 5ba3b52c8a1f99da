//! What a second job brings: runs a second of the same hunt by one job and by two, and by two
//! processes of one job each, which is what the machine could give.

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::future::Future;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Instant;

use unpick::Hunt;
use unpick::primitives::{Lock, Queue};
use unpick::sim::{spawn, yield_now};

/// What is hunted: each by its name, with about as many runs as take a second.
const PROGRAMS: &[(&str, u64)] = &[
    ("two_yields", 900_000),
    ("lost_update_10", 230_000),
    ("lock_10", 120_000),
    ("queue", 90_000),
];

/// The subcommand that a process of its own is started with.
pub const ALONE: &str = "hunt-by-jobs";

/// Prints a table of the best of so many repetitions, taken in turn.
///
/// # Errors
/// If a process could not be started, or said something else than how long its hunt took.
pub fn print_table(repetitions: u64) -> Result<(), Box<dyn Error>> {
    println!("| program | 1 job, runs/s | 2 jobs | 2 processes | CPU time a run, 2 jobs |");
    println!("|---|---|---|---|---|");
    for &(name, runs) in PROGRAMS {
        let (mut one, mut two, mut apart, mut cpu) = (u128::MAX, u128::MAX, u128::MAX, u128::MAX);
        let mut cpu_one = u128::MAX;
        for _ in 0..repetitions {
            let begin = cpu_ms();
            one = one.min(hunt(name, runs, 1)?);
            let between = cpu_ms();
            two = two.min(hunt(name, runs, 2)?);
            cpu_one = cpu_one.min(between - begin);
            cpu = cpu.min(cpu_ms() - between);
            apart = apart.min(in_two_processes(name, runs / 2)?);
        }
        let per_second = u128::from(runs) * 1_000_000_000 / one;
        let ratio = |nanos: u128| one * 100 / nanos;
        let text = |hundredths: u128| format!("{}.{:02}", hundredths / 100, hundredths % 100);
        println!(
            "| {name} | {per_second} | {} x | {} x | {} x |",
            text(ratio(two)),
            text(ratio(apart)),
            text(cpu * 100 / cpu_one.max(1))
        );
    }
    Ok(())
}

/// How many nanoseconds the longer of two hunts takes that two processes make at once.
fn in_two_processes(name: &str, runs: u64) -> Result<u128, Box<dyn Error>> {
    let executable = std::env::current_exe()?;
    let start = || {
        let mut command = Command::new(&executable);
        command.args([ALONE, name, &runs.to_string(), "1"]).stdout(Stdio::piped()).spawn()
    };
    let both = [start()?, start()?];
    let mut longest = 0;
    for process in both {
        let output = process.wait_with_output()?;
        longest = longest.max(String::from_utf8(output.stdout)?.trim().parse()?);
    }
    Ok(longest)
}

/// How many milliseconds of CPU time this process has used, in all of its threads.
fn cpu_ms() -> u128 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which is in parentheses: the 12th and 13th field, in hundredths of seconds.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<u128>().ok()).sum::<u128>() * 10
}

/// How many nanoseconds a hunt takes.
///
/// # Errors
/// If there is no such program.
pub fn hunt(name: &str, runs: u64, jobs: u64) -> Result<u128, String> {
    let hunt = Hunt::new(name).quiet().runs(runs).jobs(jobs as usize);
    match name {
        "two_yields" => Ok(time(&hunt, two_yields)),
        "lost_update_10" => Ok(time(&hunt, lost_update)),
        "lock_10" => Ok(time(&hunt, lock)),
        "queue" => Ok(time(&hunt, queue)),
        _ => {
            let names: Vec<&str> = PROGRAMS.iter().map(|(name, _)| *name).collect();
            Err(format!("there is no program `{name}`; allowed: {}", names.join(", ")))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what is measured here is wall-clock time")]
fn time<Fut: Future<Output = ()>>(hunt: &Hunt, program: fn() -> Fut) -> u128 {
    let begin = Instant::now();
    let report = hunt.run(program);
    assert!(report.failures.is_empty(), "{report}");
    begin.elapsed().as_nanos()
}

async fn two_yields() {
    let other = spawn(yield_now());
    yield_now().await;
    other.await.expect("nobody aborts it");
}

async fn lost_update() {
    let counter = Rc::new(Cell::new(0));
    let add = |counter: Rc<Cell<u32>>| async move {
        let seen = counter.get();
        yield_now().await;
        counter.set(seen + 1);
    };
    let tasks: Vec<_> = (0..10).map(|_| spawn(add(counter.clone()))).collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

async fn lock() {
    let counter = Rc::new(Lock::new(0));
    let add = |counter: Rc<Lock<u32>>| async move {
        let mut held = counter.lock().await;
        yield_now().await;
        *held += 1;
    };
    let tasks: Vec<_> = (0..10).map(|_| spawn(add(counter.clone()))).collect();
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

async fn queue() {
    let queue = Rc::new(Queue::new(2));
    let put = |queue: Rc<Queue<u32>>| async move {
        for item in 0..10 {
            queue.put(item).await.expect("nobody shuts it down");
        }
    };
    let get = |queue: Rc<Queue<u32>>| async move {
        for _ in 0..10 {
            queue.get().await.expect("nobody shuts it down");
        }
    };
    let puts = [spawn(put(queue.clone())), spawn(put(queue.clone()))];
    let gets = [spawn(get(queue.clone())), spawn(get(queue.clone()))];
    for task in puts.into_iter().chain(gets) {
        task.await.expect("nobody aborts it");
    }
}
