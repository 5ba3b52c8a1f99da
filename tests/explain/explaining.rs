//! What is found out about a failure beside its minimal tape.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use unpick::primitives::mpsc::unbounded_channel;
use unpick::primitives::{Event, Lock};
use unpick::sim::hunt::explain::{Budget, Explanation, Model, Replayed, explain};
use unpick::sim::hunt::{Failure, Hunt, judge};
use unpick::sim::{Shared, chance, pick, spawn, task, time, yield_now};
use unpick::{Options, Run, Switching, TimeModel};

use super::situations::bank;

/// The first failure of a hunt with these options, explained.
fn failure<F, Fut>(options: Options, program: F) -> Failure
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    let mut report = Hunt::new("explained").options(options).quiet().run(program);
    assert!(!report.failures.is_empty(), "nothing was found: {report}");
    report.failures.remove(0)
}

/// A report without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Two tasks add 1 to a counter over an await that really suspends.
async fn lost_update() {
    let counter = Rc::new(Shared::synchronized(0));
    let add = |counter: Rc<Shared<u32>>| async move {
        let seen = counter.get();
        yield_now().await;
        counter.set(seen + 1);
    };
    let tasks = [spawn(add(counter.clone())), spawn(add(counter))];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn what_fails_with_cooperative_switching_too_is_shown_so() {
    let failure = failure(Options::default(), lost_update);
    let minimal = failure.minimal().expect("it fails again");
    let cooperative = minimal.plainer.iter().find(|plainer| plainer.model == Model::Cooperative);
    assert!(cooperative.is_some_and(|plainer| plainer.fails.is_some()));
    assert_eq!(minimal.shrunk.tape.switching, Switching::Cooperative);
    assert!(failure.to_string().contains("with cooperative switching it fails as well"));
}

#[test]
fn what_needs_a_switch_within_a_step_passes_with_cooperative_switching() {
    let failure = failure(Options::default(), bank::deposits);
    let minimal = failure.minimal().expect("it fails again");
    assert!(minimal.plainer.iter().all(|plainer| plainer.fails.is_none() && plainer.runs == 100));
    assert_eq!(minimal.shrunk.tape.switching, Switching::Preemptive);
    let text = failure.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let said = "passes (100 runs): it likely takes a switch at an await that need not wait";
    assert!(text.contains(said), "{text}");
}

#[test]
fn what_decided_stands_in_the_head_of_what_the_program_says_itself() {
    let failure = failure(Options { time: TimeModel::Stalling, ..Options::default() }, late);
    let text = failure.to_string();
    let (head, _) = text.split_once("\n\n").expect("the lanes come after it");
    let said = "\n  decisive: the clock runs ahead to t=0.001 although tasks are ready";
    assert!(head.contains(said), "{text}");
}

/// Fails if the clock runs ahead of a task that is ready.
async fn late() {
    let is_done = Rc::new(Cell::new(false));
    let seen = is_done.clone();
    let worker = spawn(async move {
        yield_now().await;
        seen.set(true);
    });
    time::sleep(Duration::from_millis(1)).await;
    assert!(is_done.get(), "the worker is done before a millisecond is over");
    worker.await.expect("nobody aborts it");
}

#[test]
fn what_needs_a_stall_passes_with_exact_time() {
    let options = Options { time: TimeModel::Stalling, ..Options::default() };
    let failure = failure(options, late);
    let minimal = failure.minimal().expect("it fails again");
    let exact = minimal.plainer.iter().find(|plainer| plainer.model == Model::Exact);
    assert!(exact.is_some_and(|plainer| plainer.fails.is_none()));
    assert_eq!(minimal.shrunk.tape.deviations(), 1);
    let text = failure.to_string();
    assert!(text.contains("the clock runs ahead to t=0.001 although tasks are ready"), "{text}");
}

#[test]
fn the_nearest_passing_run_differs_in_one_choice_and_passes() {
    let failure = failure(Options::default(), bank::deposits);
    let minimal = failure.minimal().expect("it fails again");
    let passing = minimal.passing.as_ref().expect("one passes");
    assert_eq!(passing.changed, [1]);
    let again = judge(Run::new().replay(&passing.tape).traced().execute(bank::deposits));
    assert_eq!((again.result, again.trace.as_ref()), (Ok(()), Some(&passing.trace)));
}

#[test]
fn the_same_failure_has_the_same_explanation() {
    let known = failure(Options::default(), bank::deposits);
    let again = || -> Explanation {
        let (tape, finding) = (&known.tape, &known.finding);
        explain(&bank::deposits, &Options::default(), tape, finding, Budget::default())
    };
    assert_eq!(again(), again());
    assert_eq!(Some(again()), known.explanation);
}

#[test]
fn what_an_earlier_run_left_on_the_thread_is_told_from_the_rest() {
    thread_local! {
        static RUNS: Cell<u32> = const { Cell::new(0) };
    }
    let failure = failure(Options::default(), || async {
        let runs = RUNS.get();
        RUNS.set(runs + 1);
        assert!(runs < 3, "there is room for three");
    });
    let Some(Replayed::Otherwise { alike: 0, of: 8, on_the_same_thread: true, .. }) =
        failure.replayed()
    else {
        panic!("it is only there: {:?}", failure.replayed());
    };
    let text = failure.to_string();
    assert!(
        words(&text).contains("reproduced in 0 of 8 replays: it passes. It is only there"),
        "{text}"
    );
}

/// Polls a lock once, and takes what it gets for an answer.
async fn polls_once() {
    let lock = Rc::new(Lock::new(()).named("free"));
    let other = spawn(yield_now());
    let mut acquire = std::pin::pin!(lock.lock());
    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(acquire.as_mut().poll(cx))).await;
    assert!(polled.is_ready(), "nobody else takes the lock");
    drop(polled);
    other.await.expect("nobody aborts it");
}

#[test]
fn a_failure_that_needs_a_dropped_announcement_says_so() {
    let text = failure(Options::default(), polls_once).to_string();
    assert!(text.contains("note   `acquire lock free`"), "{text}");
    assert!(text.contains("was dropped while it"), "{text}");
    let without = failure(Options::default(), bank::deposits).to_string();
    assert!(!without.contains("note   "), "{without}");
}

#[test]
fn an_abort_of_a_task_that_gives_way_is_nothing_to_be_said() {
    let text = failure(Options::default(), || async {
        let lock = Rc::new(Lock::new(0).named("free"));
        let (taken, seen) = (lock.clone(), Rc::new(Cell::new(false)));
        let begins = seen.clone();
        let worker = spawn(async move {
            begins.set(true);
            *taken.lock().await = 1;
        });
        yield_now().await;
        worker.abort();
        let _aborted = worker.await;
        assert!(!seen.get() || *lock.lock().await == 1, "aborted before it had the lock");
    });
    let text = text.to_string();
    assert!(text.contains("drops its future in acquire lock free"), "{text}");
    assert!(!text.contains("note   "), "{text}");
}

#[test]
fn the_line_with_the_words_of_an_error_is_named() {
    let report = Hunt::new("words").quiet().run(|| async {
        let times = pick(3) + 1;
        if times > 1 { Err(format!("the page was rendered {times} times")) } else { Ok(()) }
    });
    let line = line!() - 2;
    let text = report.failure().expect("it fails").to_string();
    let place = format!("its words are at tests/explain/explaining.rs:{line}\n");
    assert!(text.contains(&place), "{text}");
}

#[test]
fn what_is_left_in_a_channel_and_what_nobody_receives_is_said() {
    let text = failure(Options::default(), || async {
        let (sender, receiver) = unbounded_channel();
        sender.send(1).expect("it is open");
        sender.send(2).expect("it is open");
        drop(receiver);
        assert_eq!(sender.send(3), Ok(()), "it was open");
    });
    let text = text.to_string();
    assert!(text.contains("<- with 2 messages in it"), "{text}");
    assert!(text.contains("<- nobody receives any more"), "{text}");
}

#[test]
fn draws_and_faults_are_told_with_the_places_that_asked() {
    let text = failure(Options::default(), || async {
        let drawn = pick(4);
        let is_hit = chance(0.5);
        assert!(drawn == 0 || !is_hit, "hit");
    });
    let text = text.to_string();
    let pick = line!() - 5;
    let chance = pick + 1;
    let draws = format!("from 0..=3 at tests/explain/explaining.rs:{pick}");
    let fault = format!("2. the chance at tests/explain/explaining.rs:{chance} comes true");
    let text = text.replace("at :", "at tests/explain/explaining.rs:");
    let words = words(&text);
    assert!(words.contains("takes 1. main draws") && words.contains(&draws), "{text}");
    assert!(words.contains(&fault), "{text}");
    assert!(words.contains("without 1, it passes; without 2, it passes"), "{text}");
}

#[test]
fn whoever_a_remaining_choice_is_about_has_a_lane() {
    let text = failure(Options::default(), || async {
        let done = Rc::new(Event::new().named("done"));
        let setter = done.clone();
        let coordinator = task().named("coordinator").spawn(async move {
            if !chance(0.5) {
                setter.set();
            }
        });
        coordinator.await.expect("nobody aborts it");
        done.wait().await;
    });
    let text = text.to_string();
    assert!(text.contains("coordinator main.1"), "{text}");
    assert!(text.contains("======== fault at :"), "{text}");
}
