//! What the driven runtime costs: `cargo run --release -p unpick-tokio --example cost`.
//!
//! Each row is a program, in instructions and nanoseconds a unit. Instructions are counted by
//! valgrind, of two processes that make few and many units; nanoseconds are of the fastest of
//! some rounds. In hunts, programs that leave tokio alone are made without its runtime; a run that
//! is made by itself has all of it.

#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::future::Future;
use std::process::Command;
use std::time::{Duration, Instant};

use unpick_sim::Run;
use unpick_sim::hunt::Hunt;
use unpick_sim::options::{Detection, Detectors};
use unpick_tokio::sim::enter;

const MILLI: Duration = Duration::from_millis(1);

/// A program that makes so many units.
type Program = fn(u64);

/// Name, unit and program of each row.
const ROWS: [(&str, &str, Program); 14] = [
    ("in hunts: a run of nothing", "run", |units| hunt(units, || async {})),
    ("giving way, of unpick's", "step", |units| {
        hunt(1, || repeat(units, || {}, unpick_sim::yield_now));
    }),
    ("giving way, of this package", "step", |units| {
        hunt(1, || repeat(units, enter, unpick_tokio::task::yield_now));
    }),
    ("a sleep of unpick's", "jump", |units| {
        hunt(1, || repeat(units, || {}, || unpick_sim::time::sleep(MILLI)));
    }),
    ("a sleep of this package", "jump", |units| {
        hunt(1, || repeat(units, enter, || unpick_tokio::time::sleep(MILLI)));
    }),
    ("a run for good: of nothing", "run", |units| {
        for _ in 0..units {
            run(async {});
        }
    }),
    ("giving way, of unpick's", "step", |units| {
        run(repeat(units, || {}, unpick_sim::yield_now));
    }),
    ("giving way, of this package", "step", |units| {
        run(repeat(units, enter, unpick_tokio::task::yield_now));
    }),
    ("a sleep of unpick's", "jump", |units| {
        run(repeat(units, || {}, || unpick_sim::time::sleep(MILLI)));
    }),
    ("a sleep of this package", "jump", |units| {
        run(repeat(units, enter, || unpick_tokio::time::sleep(MILLI)));
    }),
    ("the same, of two tasks", "jump", |units| {
        run(async move {
            let half = || repeat(units / 2, || {}, || unpick_tokio::time::sleep(MILLI));
            let other = unpick_tokio::spawn(half());
            half().await;
            other.await.expect("it returns");
        });
    }),
    ("the same, beside an idle task of tokio's", "jump", |units| {
        run(async move {
            let _idle = tokio::spawn(std::future::pending::<()>());
            repeat(units, || {}, || unpick_tokio::time::sleep(MILLI)).await;
        });
    }),
    ("a sleep of tokio's own", "jump", |units| {
        run(repeat(units, enter, || tokio::time::sleep(MILLI)));
    }),
    ("the same, in a task of tokio's own", "jump", |units| {
        run(async move {
            let task = tokio::spawn(repeat(units, || {}, || tokio::time::sleep(MILLI)));
            task.await.expect("it returns");
        });
    }),
];

fn run(program: impl Future<Output = ()>) {
    let outcome = Run::new().plain().steps_max(u64::MAX).execute(|| program);
    outcome.result.expect("nothing is found");
}

/// A hunt of so many runs, which are made once: none is repeated for what no tape controls.
fn hunt<Fut: Future<Output = ()>>(runs: u64, program: impl Fn() -> Fut + Send + Sync) {
    let detectors = Detectors { nondeterminism: Detection::Off, ..Detectors::default() };
    let hunt = Hunt::new("cost").quiet().runs(runs).steps_max(u64::MAX).detectors(detectors);
    hunt.allow_vacuous().run(program).assert_ok();
}

/// Awaits so often what is made each time.
async fn repeat<Fut: Future<Output = ()>>(units: u64, enter: fn(), step: impl Fn() -> Fut) {
    enter();
    for _ in 0..units {
        step().await;
    }
}

/// Instructions of a process that makes so many units of a row.
fn instructions(row: usize, units: u64) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    command.args([row.to_string(), units.to_string()]);
    let told = String::from_utf8(command.output().ok()?.stderr).ok()?;
    let (_, count) = told.lines().find_map(|line| line.split_once("Collected : "))?;
    count.trim().parse().ok()
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [row, units] = &words[..] {
        let row: usize = row.parse().expect("the number of a row");
        ROWS[row].2(units.parse().expect("a number of units"));
        return;
    }
    for (row, (name, unit, program)) in ROWS.into_iter().enumerate() {
        let least = (0..20).map(|_| {
            let begun = Instant::now();
            program(2_000);
            begun.elapsed().as_nanos() as u64
        });
        let nanos = least.min().expect("there are rounds") / 2_000;
        let few_and_many = (instructions(row, 1_000), instructions(row, 2_000));
        let counted = match few_and_many {
            (Some(few), Some(many)) => format!("{} instructions", (many - few) / 1_000),
            _ => "valgrind is not installed".to_owned(),
        };
        println!("{name:42} {nanos:>7} ns a {unit:5} {counted}");
    }
}
