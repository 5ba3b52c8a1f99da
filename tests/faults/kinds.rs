//! A planted bug for each kind of fault.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use unpick::primitives::Lock;
use unpick::sim::choice::Label;
use unpick::sim::faults::{Cancellations, Faults, Mixing, Striking};
use unpick::sim::hunt::explain::{Budget, shrink};
use unpick::sim::hunt::judge;
use unpick::sim::seed::RunId;
use unpick::sim::time::{Instant, sleep};
use unpick::sim::{buggify, pick, spawn, task, yield_now};
use unpick::{Hunt, Options, Run};

use crate::{
    BUGGIFY, CANCELLATIONS, SPURIOUS_WAKES, STALLS, check_found_only_with, everything, with,
};

#[test]
fn buggify_finds_what_a_slow_path_breaks() {
    check_found_only_with(BUGGIFY, || async {
        let mut sent = Vec::new();
        for packet in 0..3 {
            if !buggify!() {
                sent.push(packet);
            }
        }
        assert_eq!(sent, [0, 1, 2], "nobody resends");
    });
}

#[test]
fn cancellation_finds_what_is_not_put_back() {
    check_found_only_with(CANCELLATIONS, || async {
        let lock = Rc::new(Lock::new(()));
        let permits = Rc::new(Cell::new(1));
        let (held, worker) = (lock.clone(), permits.clone());
        let task = spawn(async move {
            worker.set(worker.get() - 1);
            let _guard = held.lock().await;
            yield_now().await;
            worker.set(worker.get() + 1);
        });
        let _ = task.await;
        drop(lock.lock().await);
        assert_eq!(permits.get(), 1, "the permit is back");
    });
}

/// A future that takes being polled for being ready.
async fn trusts_any_wake(is_ready: Rc<Cell<bool>>) {
    let mut was_polled = false;
    poll_fn(|_| {
        if std::mem::replace(&mut was_polled, true) {
            assert!(is_ready.get(), "whoever polls it says that it is ready");
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

#[test]
fn a_spurious_wake_finds_who_trusts_any_wake() {
    check_found_only_with(SPURIOUS_WAKES, || async {
        let is_ready = Rc::new(Cell::new(false));
        let _task = spawn(trusts_any_wake(is_ready.clone()));
        sleep(Duration::from_secs(1)).await;
    });
}

#[test]
fn a_spurious_wake_may_come_after_the_clock_has_moved() {
    let run = |number| {
        let faults = Faults { mixing: Mixing::All, strikes_max: 1, ..SPURIOUS_WAKES };
        let outcome = with(faults).id(RunId::new(3, number)).execute(|| async {
            let first = Rc::new(Cell::new(None));
            let polled = first.clone();
            spawn(async move {
                let mut polls = 0;
                poll_fn(|_| {
                    polls += 1;
                    if polls > 1 {
                        polled.set(Some(Instant::now().as_nanos()));
                    }
                    Poll::<()>::Pending
                })
                .await;
            });
            sleep(Duration::from_nanos(5)).await;
            yield_now().await;
            yield_now().await;
            first.get()
        });
        outcome.result.expect("nothing fails")
    };
    let seen: std::collections::BTreeSet<_> = (0..300).map(run).collect();
    assert_eq!(Vec::from_iter(seen), [None, Some(0), Some(5)]);
}

#[test]
fn a_stall_finds_a_lease_that_is_used_after_its_time() {
    check_found_only_with(STALLS, || async {
        const LEASE: Duration = Duration::from_secs(5);
        let taken = Instant::now();
        yield_now().await;
        let worker = spawn(async move {
            yield_now().await;
            assert!(Instant::now() < taken + LEASE, "the lease is ours");
        });
        worker.await.expect("nobody aborts it");
    });
}

#[test]
fn only_marked_tasks_are_cancelled_if_so_asked() {
    let faults = Faults { cancellations: Cancellations::Marked, ..Faults::OFF };
    let program = |is_marked: bool| {
        move || async move {
            let builder = if is_marked { task().cancellable() } else { task() };
            let worker = builder.spawn(async { yield_now().await });
            worker.await.expect("it is not cancelled");
        }
    };
    let hunt = Hunt::new("marked").faults(faults).quiet();
    hunt.run(program(false)).assert_ok();
    assert!(hunt.run(program(true)).finding().is_some());
}

#[test]
fn the_main_future_is_never_cancelled() {
    let hunt = Hunt::new("main").faults(CANCELLATIONS).quiet();
    hunt.run(|| async { yield_now().await }).assert_ok();
}

/// A program in which everything can strike.
async fn busy() -> Vec<u64> {
    let lock = Rc::new(Lock::new(0));
    let log = Rc::new(std::cell::RefCell::new(Vec::new()));
    let tasks: Vec<_> = (0..3)
        .map(|number| {
            let (lock, log) = (lock.clone(), log.clone());
            spawn(async move {
                for _ in 0..3 {
                    let mut guard = lock.lock().await;
                    *guard += u64::from(buggify!(0.5));
                    sleep(Duration::from_millis(number)).await;
                    log.borrow_mut().push(number + *guard);
                }
            })
        })
        .collect();
    for task in tasks {
        let _ = task.await;
    }
    log.borrow_mut().push(Instant::now().as_nanos());
    log.take()
}

#[test]
fn a_run_with_faults_replays_to_the_byte() {
    let mut struck = 0;
    for number in 0..60 {
        for faults in [everything(), Faults { cancellations: Cancellations::Every, ..Faults::ON }] {
            let run = || with(faults).id(RunId::new(9, number)).traced();
            let first = run().execute(busy);
            assert_eq!(run().execute(busy).trace, first.trace);
            let replayed = run().replay(&first.tape).execute(busy);
            assert_eq!((replayed.divergence, &replayed.trace), (None, &first.trace));
            struck += first.trace.map_or(0, |trace| trace.to_text().matches("fault:").count());
        }
    }
    assert!(struck > 300, "{struck} faults");
}

#[test]
fn a_tape_of_zeros_has_no_fault() {
    let plain = Run::new().plain().execute(busy);
    let with_faults = with(everything()).plain().traced().execute(busy);
    assert_eq!(with_faults.result, plain.result);
    assert_eq!(with_faults.tape.deviations(), 0);
    let text = with_faults.trace.expect("it is traced").to_text();
    assert!(!text.contains("fault:"), "{text}");
}

#[test]
fn the_choices_of_a_run_without_faults_are_those_it_always_had() {
    let run = |faults: Faults| with(faults).id(RunId::new(4, 2)).execute(busy).tape;
    let none = Faults { strikes_max: 0, ..CANCELLATIONS };
    assert_eq!(run(none), run(Faults::OFF));
}

#[test]
fn a_swarm_has_runs_with_each_kind_alone_and_with_none() {
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..400 {
        let faults = Faults { cancellations: Cancellations::Every, strikes_max: 50, ..Faults::ON };
        let outcome = with(faults).id(RunId::new(5, number)).traced().execute(busy);
        let text = outcome.trace.expect("it is traced").to_text();
        let kinds = ["buggify", "cancels", "spurious", "stalls"];
        seen.insert(kinds.map(|kind| text.contains(&format!("fault: {kind}"))));
    }
    assert!(seen.contains(&[false; 4]));
    for kind in 0..4 {
        let alone: [bool; 4] = std::array::from_fn(|at| at == kind);
        assert!(seen.contains(&alone), "{alone:?} is not in {seen:?}");
    }
}

#[test]
fn nothing_strikes_more_often_than_allowed() {
    for number in 0..100 {
        let faults = Faults { mixing: Mixing::All, strikes_max: 2, ..everything() };
        let faults = Faults { buggify: Striking::Off, ..faults };
        let outcome = with(faults).id(RunId::new(6, number)).traced().execute(busy);
        let text = outcome.trace.expect("it is traced").to_text();
        assert!(text.matches("fault:").count() <= 2, "{text}");
    }
}

#[test]
fn outside_of_a_run_nothing_is_buggified() {
    assert!(!buggify!(1.0));
}

#[test]
fn a_probability_beyond_one_is_refused() {
    let outcome = with(BUGGIFY).execute(|| async { buggify!(1.5) });
    let message = outcome.result.expect_err("no probability").message;
    assert_eq!(message, "sim::buggify! got the probability 1.5; allowed: 0 to 1");
}

/// Draws, gives way, and asks for faults; one of them alone breaks it.
async fn breaks_when_the_disk_is_slow() {
    let other = spawn(async {
        yield_now().await;
        buggify!(0.5)
    });
    pick(10);
    let _is_full = buggify!(0.5);
    yield_now().await;
    let is_slow = buggify!(0.5);
    other.await.expect("nobody aborts it");
    assert!(!is_slow, "the disk is slow");
}

#[test]
fn shrinking_leaves_the_one_fault_that_matters_and_makes_all_others_plain() {
    let faults = Faults { mixing: Mixing::All, ..BUGGIFY };
    let options = Options { faults, ..Options::default() };
    let run =
        |seed| judge(Run::with(options.clone()).seed(seed).execute(breaks_when_the_disk_is_slow));
    let mut shrunken = 0;
    for seed in 0..100 {
        let outcome = run(seed);
        let faults = outcome.tape.choices.iter().filter(|it| it.label() == Label::Fault);
        let struck = faults.filter(|choice| !choice.is_plain()).count();
        let Err(finding) = outcome.result else { continue };
        let budget = Budget::default();
        let program = breaks_when_the_disk_is_slow;
        let shrunk = shrink(&program, &options, &outcome.tape, &finding, budget);
        let tape = shrunk.expect("it fails again").tape;
        let left: Vec<_> = tape.choices.iter().filter(|choice| !choice.is_plain()).collect();
        assert_eq!(left.len(), 1, "{seed}: {}", tape.token());
        assert_eq!(left[0].label(), Label::Fault, "{seed}");
        shrunken += usize::from(struck > 1);
    }
    assert!(shrunken > 10, "{shrunken} runs had a fault too many");
}

/// Under a clock that runs ahead, faults strike in the middle of a poll: then the task that has it
/// is not among those that rest.
#[test]
fn whoever_is_being_polled_is_not_woken_spuriously() {
    for seed in 0..200 {
        let run = with(SPURIOUS_WAKES).time(unpick::sim::options::TimeModel::Stalling).seed(seed);
        let outcome = run.execute(|| async {
            let tasks = [1, 2, 3].map(|number| {
                spawn(async move {
                    for _ in 0..3 {
                        sleep(number * Duration::from_millis(1)).await;
                        unpick::sim::step().await;
                        yield_now().await;
                    }
                })
            });
            for task in tasks {
                task.await.expect("it returns");
            }
        });
        assert_eq!(outcome.result, Ok(()), "seed {seed}");
    }
}
