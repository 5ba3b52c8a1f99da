//! Same seed, same trace: first and again, after whatever ran before, beside whatever runs on
//! other threads, in debug and in release.

mod pinned;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use unpick::Hunt;
use unpick::sim::options::Tracing;
use unpick::sim::seed::RunId;
use unpick::sim::time::sleep;
use unpick::sim::{Run, chance, pick, rng, spawn, step, task, yield_now};

use crate::support::probed::Lock;
use crate::support::programs::{Form, Program, Size, execute, generate};
use crate::{MODES, options_of};

/// The trace of the run of this seed, in both forms.
fn trace(program: &Program, seed: u64) -> (String, String) {
    let mut options = options_of(MODES[seed as usize % MODES.len()]);
    options.tracing = Tracing::On;
    let executed = execute(Run::with(options).id(RunId::new(seed, seed % 5)), program);
    let trace = executed.outcome.trace.expect("the run is traced");
    (trace.to_text(), trace.to_jsonl())
}

fn programs(seeds: std::ops::Range<u64>) -> Vec<(u64, Program)> {
    seeds.map(|seed| (seed, generate(seed, Size::Medium, Form::Free))).collect()
}

/// One run that leaves as much behind as it can.
fn leave_a_mess(number: u64) {
    let run = Run::new().seed(number);
    match number % 10 {
        0 => drop(run.execute(|| async { spawn(async { panic!("on purpose") }).await })),
        1 => drop(run.execute(|| async {
            let lock = Rc::new(Lock::named("left locked"));
            let _guard = lock.acquire().await;
            lock.acquire().await;
        })),
        2 => drop(run.steps_max(50).execute(|| async {
            spawn(async { pending::<()>().await });
            loop {
                yield_now().await;
            }
        })),
        3 => drop(run.elapsed_max(Duration::from_secs(1)).execute(sleeps_too_long)),
        4 => drop(run.execute(|| async {
            let task = spawn(async { sleep(Duration::from_secs(1)).await });
            task.abort();
            std::mem::forget(task);
            rand::Rng::next_u64(&mut rng());
        })),
        5 => {
            let tape = Run::new().seed(number).execute(|| async { pick(5) }).tape;
            drop(Run::new().replay(&tape).execute(|| async { pick(6) }));
        }
        6 => drop(run.execute(|| async {
            let endless = spawn(async { pending::<()>().await });
            spawn(endless);
            yield_now().await;
            std::mem::forget(Box::pin(sleep(Duration::from_secs(5))));
            panic!("main gives up");
        })),
        7 => drop(run.execute(|| async {
            task().handles_panics().spawn(async { panic!("handled") }).await.ok();
            let nested = std::panic::catch_unwind(|| drop(Run::new().execute(|| async {})));
            assert!(nested.is_err(), "a run inside of a run is refused");
        })),
        8 => drop(run.execute(|| async {
            let noisy = DropsNoisily;
            spawn(async move {
                let _noisy = noisy;
                pending::<()>().await
            });
            yield_now().await;
        })),
        _ => drop(run.execute(|| async {
            let withdrawn = Box::pin(step());
            spawn(async move { std::mem::forget(withdrawn) });
            chance(0.5)
        })),
    }
}

async fn sleeps_too_long() {
    for _ in 0..3 {
        spawn(sleep(Duration::from_millis(700)));
        sleep(Duration::from_millis(600)).await;
    }
}

/// While the run is being taken down: spawns, polls a sleep, announces, draws, and panics.
struct DropsNoisily;

impl Drop for DropsNoisily {
    fn drop(&mut self) {
        spawn(async { yield_now().await });
        let mut context = Context::from_waker(Waker::noop());
        let mut sleep = Box::pin(sleep(Duration::from_secs(9)));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        std::mem::forget(sleep);
        assert_eq!(pick(100), 0, "when a run is taken down everything is plain");
        let mut step = Box::pin(step());
        assert!(step.as_mut().poll(&mut context).is_ready());
        panic!("in a drop");
    }
}

#[test]
fn a_thousand_programs_leave_the_same_traces_again_after_a_thousand_other_runs() {
    let programs = programs(0..1000);
    let first: Vec<_> = programs.iter().map(|(seed, program)| trace(program, *seed)).collect();
    for number in 0..1000 {
        leave_a_mess(number);
    }
    for ((seed, program), first) in programs.iter().zip(&first) {
        assert_eq!(&trace(program, *seed), first, "seed {seed}\n{program}");
        leave_a_mess(*seed);
    }
    let text: usize = first.iter().map(|(text, _)| text.lines().count()).sum();
    assert!(text > 20_000, "{text} lines of trace say little");
}

#[test]
fn runs_on_other_threads_change_nothing() {
    let programs = programs(1000..1200);
    let first: Vec<_> = programs.iter().map(|(seed, program)| trace(program, *seed)).collect();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for hunter in 0..2_u64 {
            let is_over = &is_over;
            scope.spawn(move || {
                let mut seed = hunter;
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let report = Hunt::new("beside").seed(seed).runs(20).run(hunted);
                    report.assert_ok();
                    leave_a_mess(seed);
                    seed += 2;
                }
            });
        }
        let elsewhere = scope.spawn(|| {
            let traces = programs.iter().map(|(seed, program)| trace(program, *seed));
            traces.collect::<Vec<_>>()
        });
        let elsewhere = elsewhere.join();
        let again: Vec<_> = programs.iter().map(|(seed, program)| trace(program, *seed)).collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(again, first);
        assert_eq!(elsewhere.expect("it only runs programs"), first);
    });
}

async fn hunted() {
    let lock = Rc::new(Lock::new());
    let count = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (lock, count) = (Rc::clone(&lock), Rc::clone(&count));
            spawn(async move {
                let _guard = lock.acquire().await;
                let seen = count.get();
                yield_now().await;
                count.set(seen + 1);
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it returns");
    }
    assert_eq!(count.get(), 4);
}

/// Tracing looks on: it changes neither what is decided nor what is found.
#[test]
fn a_traced_run_is_the_same_run() {
    for seed in 0..300 {
        let program = generate(seed, Size::Medium, Form::Free);
        for mode in MODES {
            let plain = execute(Run::with(options_of(mode)).seed(seed), &program);
            let traced = execute(Run::with(options_of(mode)).seed(seed).traced(), &program);
            assert_eq!(plain.outcome.tape, traced.outcome.tape, "{program}");
            assert_eq!(plain.outcome.result, traced.outcome.result, "{program}");
            assert_eq!(plain.outcome.steps, traced.outcome.steps, "{program}");
            assert_eq!(plain.summary, traced.summary, "{program}");
        }
    }
}

#[test]
fn a_program_that_waits_for_nothing_leaves_nothing_to_poll() {
    let outcome = Run::new().traced().execute(|| poll_fn(|_| Poll::Ready(7)));
    assert_eq!(outcome.result, Ok(7));
    assert_eq!((outcome.steps, outcome.tasks, outcome.unfinished), (1, 1, 0));
    assert!(outcome.tape.is_empty());
}
