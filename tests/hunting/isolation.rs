//! Isolated hunts: what a run does to its process costs that run.

use std::time::Duration;

use unpick::primitives::Lock;
use unpick::sim::choice::Label;
use unpick::sim::environment::Environment;
use unpick::sim::hunt::Isolation;
use unpick::sim::hunt::explain::{Limit, Without};
use unpick::sim::options::Options;
use unpick::sim::strategy::portfolio::Member;
use unpick::sim::tape::Tape;
use unpick::sim::{chance, pick, spawn, task, yield_now};
use unpick::{Hunt, Kind, Report, sometimes};

use crate::{opposite_locks, sound, two_bugs};

pub(super) fn isolated(name: &str) -> Hunt {
    let hunt = Hunt::new(name).quiet().seed(0x5eed).isolate(Isolation::Process);
    hunt.environment(Environment::default())
}

/// Two tasks in any order; if the second comes first, `fatal` happens.
pub(super) async fn fatal_order(fatal: fn()) {
    let order = std::rc::Rc::new(std::cell::Cell::new(0));
    let other = order.clone();
    let first = task().named("first").spawn(async move {
        yield_now().await;
        order.set(1);
    });
    let second = task().named("second").spawn(async move {
        yield_now().await;
        if other.get() == 0 {
            fatal();
        }
    });
    first.await.expect("nobody aborts it");
    second.await.expect("nobody aborts it");
}

#[track_caller]
fn check_is_lost(report: &Report, kind: Kind, parts: &[&str]) {
    report.assert_finds(kind);
    let failure = report.failure().expect("it was found");
    // Without its line breaks.
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts.iter().chain(&["second", "isolation.rs:"]) {
        assert!(text.contains(part), "`{part}` in: {text}");
    }
    // Its tape was recovered: the second task's turn before the first one's.
    let choices = &failure.tape.choices;
    assert!(choices.iter().any(|choice| choice.label() == Label::Schedule), "{text}");
    assert_eq!(failure.finding.task.as_deref(), Some("main.2 second"), "{text}");
    assert_eq!(report.runs, failure.id.number + 1);
}

#[track_caller]
fn check_is_cut_down(report: &Report, kind: Kind) {
    let (failure, text) = (report.failure().expect("it was found"), report.to_string());
    // It was cut down to the one choice that it takes.
    let minimal = failure.minimal().expect("it ends its process again");
    assert_eq!(minimal.shrunk.tape.deviations(), 1, "{text}");
    assert_eq!(minimal.shrunk.finding.kind, kind);
    assert_eq!(minimal.shrunk.cut_short, None);
    let flips = &minimal.decisions.flips;
    assert!(flips.iter().all(|flip| flip.without == Without::Passes), "{text}");
}

#[track_caller]
fn check_is_decided(report: &Report) {
    let (failure, text) = (report.failure().expect("it was found"), report.to_string());
    let decisions = &failure.minimal().expect("it ends its process again").decisions;
    let decisive = decisions.decisive.expect("half of all schedules end well, or fewer fail");
    assert_eq!(decisive.after.per_cent(), 100, "{text}");
}

#[test]
fn an_abort_is_a_crash() {
    let report = isolated("abort").run(|| fatal_order(|| std::process::abort()));
    check_is_lost(&report, Kind::Crash, &["CRASH: ", "signal 6 (SIGABRT)"]);
    check_is_cut_down(&report, Kind::Crash);
    check_is_decided(&report);
    insta::assert_snapshot!("crash", report.to_string());
}

#[test]
fn a_tape_that_leads_to_a_crash_is_replayed_in_a_process_of_its_own() {
    // The same choices, up to there.
    let panics = isolated("abort").isolate(Isolation::None).unexplained();
    let panics = panics.run(|| fatal_order(|| panic!("it would abort")));
    let tape = Some(panics.failure().expect("it is found").tape.token());
    let replays = isolated("replay").environment(Environment { tape, ..Environment::default() });
    let report = replays.unexplained().run(|| fatal_order(|| std::process::abort()));
    check_is_lost(&report, Kind::Crash, &["signal 6 (SIGABRT)"]);
}

#[test]
fn a_stack_overflow_is_a_crash() {
    fn deeper(depth: u64) -> u64 {
        let deeper = deeper;
        std::hint::black_box(if std::hint::black_box(depth) == u64::MAX {
            0
        } else {
            deeper(depth + 1) + depth
        })
    }
    let report = isolated("overflow").unexplained().run(|| fatal_order(|| _ = deeper(0)));
    check_is_lost(&report, Kind::Crash, &["signal", "said", "overflowed its stack"]);
}

#[test]
fn exhausted_memory_is_a_crash() {
    let exhaust = || drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 60)));
    let report = isolated("memory").unexplained().run(move || fatal_order(exhaust));
    check_is_lost(&report, Kind::Crash, &["signal 6 (SIGABRT)", "memory allocation of"]);
}

#[test]
fn an_exit_is_a_crash() {
    let report = isolated("exit").unexplained().run(|| fatal_order(|| std::process::exit(0)));
    check_is_lost(&report, Kind::Crash, &["exited with code 0"]);
}

#[test]
fn a_poll_that_never_returns_is_a_hang() {
    let spin: fn() = || loop {
        std::hint::spin_loop();
    };
    let options = Options { poll_max: Some(Duration::from_millis(200)), ..Options::default() };
    // Each costs a tenth of a second.
    let hunt = isolated("spin").options(options).processes_max(6);
    let report = hunt.run(|| fatal_order(spin));
    check_is_lost(&report, Kind::Hang, &["HANG: a poll had not returned for 200 ms"]);
    check_is_cut_down(&report, Kind::Hang);
}

/// Aborts when none of many draws is 0: cutting that down takes a process for each.
async fn aborts_after_many_draws() {
    for _ in 0..150 {
        if pick(1000) == 0 {
            return;
        }
    }
    yield_now().await;
    std::process::abort();
}

#[test]
fn a_crash_that_takes_too_many_processes_is_cut_down_as_far_as_they_go_and_says_so() {
    let report = isolated("draws").allow_vacuous().processes_max(10).run(aborts_after_many_draws);
    let failure = report.failure().expect("it mostly aborts");
    let shrunk = &failure.minimal().expect("it does so again").shrunk;
    assert_eq!(shrunk.cut_short, Some(Limit::Lost));
    let decisions = &failure.minimal().expect("it does so again").decisions;
    assert_eq!((decisions.decisive, decisions.cut_short), (None, Some(Limit::Lost)));
    let sum = |tape: &Tape| tape.choices.iter().map(|it| u64::from(it.taken())).sum::<u64>();
    assert!(sum(&shrunk.tape) < sum(&failure.tape), "it was cut down");
    let text = report.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let budget = "cut short by its budget of runs that end their process";
    assert!(text.contains(&format!("({budget})")), "{text}");
    let undecided = format!("which choice decided was not found out: it was {budget}");
    assert!(text.contains(&undecided), "{text}");
}

#[test]
fn a_crash_that_is_not_to_cost_another_process_is_reported_as_it_was() {
    let report = isolated("as it was").processes_max(0).run(aborts);
    let failure = report.failure().expect("it aborts");
    assert_eq!(failure.minimal(), None);
    let text = report.to_string();
    assert!(text.contains("also it is not cut down: no process is to be lost in it"), "{text}");
}

/// A crash, a deadlock, and an assertion that fails.
async fn three_bugs() {
    match pick(8) {
        5 => std::process::abort(),
        6 => opposite_locks().await,
        7 => panic!("it is seven"),
        _ => yield_now().await,
    }
}

#[test]
fn the_hunt_goes_on_behind_a_crash() {
    let report = isolated("three").collect_distinct(3).unexplained().run(three_bugs);
    let mut kinds: Vec<Kind> = report.failures.iter().map(|it| it.finding.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [Kind::Panic, Kind::Deadlock, Kind::Crash], "{report}");
}

pub(super) async fn aborts() {
    std::process::abort();
}

#[test]
fn a_hunt_that_loses_too_many_runs_gives_up_and_says_so() {
    let hunt = isolated("hopeless").collect_distinct(2).runs(1000);
    let report = hunt.run(aborts);
    assert_eq!((report.failures.len(), report.runs), (1, 32), "{report}");
    assert!(report.to_string().contains("given up after 32 runs"), "{report}");
}

/// Whatever a report says but for wall-clock time.
#[track_caller]
fn check_is_the_same(hunt: &Hunt, program: fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>) {
    let isolated = hunt.run(program);
    let plain = hunt.clone().isolate(Isolation::None).run(program);
    assert_eq!(isolated.runs, plain.runs);
    assert_eq!(isolated.strategies, plain.strategies);
    assert_eq!(isolated.classes, plain.classes);
    assert_eq!(isolated.awaits, plain.awaits);
    assert_eq!(isolated.properties, plain.properties);
    assert_eq!(isolated.order, plain.order);
    let findings = |report: &Report| {
        let failures = report.failures.iter();
        let known = failures.map(|it| (it.id, it.strategy.clone(), it.finding.clone()));
        known.collect::<Vec<_>>()
    };
    assert_eq!(findings(&isolated), findings(&plain));
    assert_eq!(isolated.to_string(), plain.to_string());
}

#[test]
fn a_sound_program_has_the_same_report_as_without() {
    check_is_the_same(&isolated("sound").runs(300), || Box::pin(sound()));
}

#[test]
fn a_shard_under_both_switchings_has_the_same_report_as_without() {
    let hunt = isolated("shard").runs(300).shard(2, 3).both_switchings();
    check_is_the_same(&hunt, || Box::pin(sound()));
}

#[test]
fn properties_are_counted_as_without() {
    check_is_the_same(&isolated("claims").runs(200), || Box::pin(claims()));
}

async fn claims() {
    let lock = Lock::new(());
    let other = spawn(yield_now());
    let _guard = lock.lock().await;
    sometimes!(pick(3) == 2, "it is two");
    other.await.expect("nobody aborts it");
}

#[test]
fn what_else_is_found_is_the_same_as_without_and_explained() {
    check_is_the_same(&isolated("two"), || Box::pin(two_bugs()));
}

#[test]
fn distinct_findings_are_the_same_as_without() {
    check_is_the_same(&isolated("both").collect_distinct(2), || Box::pin(two_bugs()));
}

/// In the worker of the second, the first returns at once.
#[test]
fn several_hunts_of_one_name_are_told_apart() {
    let first = isolated("one name").runs(40).run(sound);
    let second = isolated("one name").unexplained().run(|| fatal_order(|| std::process::abort()));
    first.assert_ok();
    check_is_lost(&second, Kind::Crash, &["SIGABRT"]);
}

/// Cutting its tape down makes runs without the draw.
async fn abort_or_panic() {
    if !chance(0.5) {
        std::process::abort();
    }
    panic!("it was drawn");
}

#[test]
fn a_failure_whose_neighbours_end_their_process_is_not_explained() {
    let report = isolated("neighbours").collect_distinct(2).run(abort_or_panic);
    let panicked = report.failures.iter().find(|it| it.finding.kind == Kind::Panic);
    let panicked = panicked.expect("it is found in every other run");
    assert!(panicked.explanation.is_none());
    assert!(panicked.to_string().contains("also it is not explained: "), "{panicked}");
}

#[unpick::test(isolate = "process", expect = "crash")]
async fn a_test_is_isolated_by_its_attribute() {
    std::process::abort();
}

#[test]
fn several_workers_make_the_same_report_as_one_process() {
    check_is_the_same(&isolated("jobs").runs(300).jobs(3), || Box::pin(sound()));
}

/// Three tasks that do not wait for one another: there are few interleavings.
async fn apart() {
    let tasks = [2, 1, 1].map(|steps| {
        spawn(async move {
            for _ in 0..steps {
                yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn what_several_workers_made_of_few_interleavings_is_taken_together() {
    let hunt = isolated("apart").runs(400);
    let report = hunt.clone().jobs(2).run(apart);
    let [made] = report.interleaved.as_slice() else { panic!("{report}") };
    assert_eq!(made.made, made.interleavings, "{report}");
    check_is_the_same(&hunt.jobs(2), || Box::pin(apart()));
}

#[test]
fn several_workers_count_the_same_claims_as_one_process() {
    check_is_the_same(&isolated("claims").runs(200).jobs(2), || Box::pin(claims()));
}

/// What was found by one worker, by two and by four.
fn by_workers<F, Fut>(hunt: &Hunt, program: F) -> [Report; 3]
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    [1, 2, 4].map(|jobs| hunt.clone().jobs(jobs).run(&program))
}

#[track_caller]
fn check_is_found_by_all(reports: &[Report; 3], count: usize) {
    let known = reports.each_ref().map(|report| {
        let failures = report.failures.iter();
        let known =
            failures.map(|it| (it.id, it.strategy.clone(), it.finding.clone(), it.tape.clone()));
        (report.runs, known.collect::<Vec<_>>())
    });
    assert_eq!(known[0].1.len(), count, "{}", reports[0]);
    assert_eq!(known[1], known[0]);
    assert_eq!(known[2], known[0]);
}

#[test]
fn several_workers_find_what_one_finds() {
    let hunt = isolated("workers").past_calibration().unexplained();
    let first = by_workers(&hunt, two_bugs);
    let both = by_workers(&hunt.collect_distinct(2), two_bugs);
    check_is_found_by_all(&first, 1);
    check_is_found_by_all(&both, 2);
}

/// Aborts in about one run of 64.
async fn aborts_rarely() {
    yield_now().await;
    if pick(64) == 63 {
        std::process::abort();
    }
}

#[test]
fn a_crash_in_one_of_several_workers_is_that_of_the_lowest_run() {
    let hunt = isolated("rarely").unexplained().past_calibration().allow_vacuous();
    let reports = by_workers(&hunt, aborts_rarely);
    check_is_found_by_all(&reports, 1);
    reports[2].assert_finds(Kind::Crash);
}

/// Two tasks take two locks in opposite orders, a long time apart.
async fn far_apart() {
    let locks = [std::rc::Rc::new(Lock::new(())), std::rc::Rc::new(Lock::new(()))];
    let take = |first: usize, steps: u32| {
        let locks = locks.clone();
        spawn(async move {
            for _ in 0..steps {
                yield_now().await;
            }
            let _first = locks[first].lock().await;
            let _second = locks[1 - first].lock().await;
        })
    };
    let tasks = [take(0, 400), take(1, 0)];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn what_several_workers_took_is_steered_into_by_one() {
    let hunt = isolated("steered").unexplained().runs(40).strategy(Member::Fifo);
    let reports = by_workers(&hunt, far_apart);
    check_is_found_by_all(&reports, 1);
    let strategy = &reports[0].failures[0].strategy;
    assert!(strategy.starts_with("steered"), "{strategy}");
}

#[test]
fn what_an_earlier_hunt_came_to_is_known_in_the_workers_of_later_ones() {
    let first = isolated("first").collect_distinct(3).run(three_bugs);
    assert_eq!(first.failures.len(), 3);
    let crash = first.failures.iter().find(|it| it.finding.kind == Kind::Crash);
    let crash = crash.expect("it aborts now and then").clone();
    let green = isolated("green").runs(100).jobs(2).run(claims);
    green.assert_ok();
    assert_eq!(green.properties.iter().count(), 1);
    // The program depends on it.
    let tape = Some(crash.tape.token());
    let again = isolated("again").environment(Environment { tape, ..Environment::default() });
    let again = again.run(three_bugs);
    again.assert_finds(Kind::Crash);
    assert_eq!(again.failures[0].tape, crash.tape);
}
