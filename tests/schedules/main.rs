//! Schedules as proptest's values: inputs and schedule are shrunk at once.

mod queue;

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};
use unpick::sim::environment::Environment;
use unpick::sim::schedules::{Schedule, schedules};
use unpick::sim::{pick, spawn, yield_now};
use unpick::{Hunt, Run};

use self::queue::{Bounded, Care};

/// Producers put their items, one consumer takes them all; the queue never overflows.
async fn transfer(capacity: usize, batches: Vec<Vec<u32>>, care: Care) {
    let queue = Rc::new(Bounded::new(capacity, care));
    let total = batches.iter().map(Vec::len).sum::<usize>();
    let producers: Vec<_> = batches
        .into_iter()
        .map(|batch| {
            let queue = queue.clone();
            spawn(async move {
                for item in batch {
                    queue.put(item).await;
                    assert!(queue.len() <= capacity, "{} of {capacity}", queue.len());
                }
            })
        })
        .collect();
    for _ in 0..total {
        queue.get().await;
    }
    for producer in producers {
        producer.await.expect("nobody aborts it");
    }
}

fn inputs() -> impl Strategy<Value = (usize, Vec<Vec<u32>>)> {
    let batch = prop::collection::vec(any::<u32>(), 0..6);
    (1..5_usize, prop::collection::vec(batch, 0..6))
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_queue_that_looks_again_never_overflows(
        (capacity, batches) in inputs(),
        schedule in schedules(),
    ) {
        schedule.run(|| transfer(capacity, batches.clone(), Care::Fixed))?;
    }

    #[test]
    fn a_hunt_inside_of_a_property_tries_many_schedules_for_each_input(number in 0..100_u32) {
        let report = Hunt::new("inner").runs(40).run(|| async move {
            let task = spawn(async move { yield_now().await; number });
            assert_eq!(task.await, Ok(number));
        });
        report.assert_ok();
    }
}

fn runner(seed: u8) -> TestRunner {
    let rng = proptest::test_runner::TestRng::from_seed(
        proptest::test_runner::RngAlgorithm::ChaCha,
        &[seed; 32],
    );
    let config = Config { failure_persistence: None, cases: 2000, ..Config::default() };
    TestRunner::new_with_rng(config, rng)
}

type Minimal = ((usize, Vec<Vec<u32>>), Schedule);

/// What proptest makes of the bug under this seed.
fn minimal(seed: u8) -> (String, Minimal) {
    let strategy = (inputs(), schedules());
    let failure = runner(seed).run(&strategy, |((capacity, batches), schedule)| {
        schedule.run(|| transfer(capacity, batches.clone(), Care::Buggy))
    });
    match failure {
        Err(TestError::Fail(reason, minimal)) => (reason.to_string(), minimal),
        other => panic!("seed {seed}: {other:?}"),
    }
}

#[test]
fn inputs_and_schedule_of_a_buggy_queue_shrink_together() {
    let mut deviations = Vec::new();
    for seed in 0..20 {
        let (reason, ((capacity, batches), schedule)) = minimal(seed);
        assert!(reason.contains("PANIC: 2 of 1"), "{reason}");
        // Two producers of one item each, and a queue with room for one: nothing smaller fails.
        let sizes: Vec<usize> = batches.iter().map(Vec::len).filter(|&size| size > 0).collect();
        assert_eq!(
            (capacity, sizes.as_slice()),
            (1, [1, 1].as_slice()),
            "seed {seed}: {batches:?}"
        );
        // The value prints as the token of a tape that fails strictly.
        let token = format!("{schedule:?}");
        let run = Run::new().replay_token(&token.parse().expect("a token"));
        let outcome = run.execute(|| transfer(capacity, batches.clone(), Care::Buggy));
        assert!(outcome.result.is_err() && outcome.divergence.is_none(), "{token}");
        deviations.push(outcome.tape.deviations());
    }
    deviations.sort_unstable();
    assert!(deviations[deviations.len() / 2] <= 2, "{deviations:?}");
}

#[test]
fn a_pinned_token_fails_the_same_way() {
    let (_, ((capacity, batches), schedule)) = minimal(3);
    let pinned = Schedule::pinned(schedule.token().expect("it has run"));
    let error = pinned.run(|| transfer(capacity, batches.clone(), Care::Buggy));
    assert!(error.expect_err("it fails").to_string().contains("2 of 1"));
}

#[test]
fn the_same_seed_of_proptest_makes_the_same_schedules() {
    let texts = || (0..3).map(|seed| format!("{:?}", minimal(seed))).collect::<Vec<_>>();
    assert_eq!(texts(), texts());
}

#[test]
fn a_persisted_seed_remakes_inputs_and_schedule() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("schedules");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder of the target is writable");
    let file: &'static str = folder.join("seeds.txt").to_string_lossy().into_owned().leak();
    // How many runs it takes to the failure, and the failure.
    let run = || {
        let persistence = FileFailurePersistence::Direct(file);
        let config = Config {
            failure_persistence: Some(Box::new(persistence)),
            source_file: Some(file!()),
            cases: 2000,
            ..Config::default()
        };
        let runs = Cell::new(0);
        let failure = TestRunner::new(config).run(&schedules(), |schedule| {
            runs.set(runs.get() + 1);
            schedule.run(|| async {
                let task = spawn(async { pick(100) });
                yield_now().await;
                assert_ne!(task.await, Ok(77));
            })
        });
        let Err(TestError::Fail(_, minimal)) = failure else { panic!("{failure:?}") };
        (runs.get(), format!("{minimal:?}"))
    };
    let (first_runs, first) = run();
    let (again_runs, again) = run();
    // The second time it fails at once, by the seed in the file.
    assert_eq!(first, again);
    assert!(again_runs <= first_runs, "{again_runs} of {first_runs} runs");
    let text = std::fs::read_to_string(file).expect("proptest has written it");
    assert!(text.contains("shrinks to"), "{text}");
}

#[test]
fn an_output_that_is_an_error_is_a_failure() {
    let failure = runner(0).run(&schedules(), |schedule| {
        schedule.run(|| async { if pick(2) == 1 { Err("no") } else { Ok(()) } })?.ok();
        Ok(())
    });
    let Err(TestError::Fail(reason, schedule)) = failure else { panic!("{failure:?}") };
    assert!(reason.to_string().starts_with("ERROR: \"no\""), "{reason}");
    assert_eq!(schedule.token().map(|token| token.deviations().len()), Some(1));
}

fn asked(variables: &[(&str, &str)]) -> unpick::sim::schedules::Schedules {
    let environment = Environment::read(variables.iter().copied());
    schedules().environment(environment.expect("it is well-formed"))
}

/// Fails when the second of two tasks goes first.
async fn in_order() {
    let done = Rc::new(Cell::new(false));
    let other = done.clone();
    let first = spawn(async move { other.set(true) });
    let second = spawn(async move { assert!(done.get(), "the second came first") });
    first.await.expect("nobody aborts it");
    second.await.expect("nobody aborts it");
}

#[test]
fn a_tape_in_the_environment_is_replayed_in_place_of_every_schedule() {
    let report = Hunt::new("order").quiet().unexplained().run(in_order);
    let token = report.failure().expect("it fails now and then").smallest().token().to_string();
    let cases = Cell::new(0);
    let failure = runner(1).run(&asked(&[("UNPICK_TAPE", &token)]), |schedule| {
        cases.set(cases.get() + 1);
        schedule.run(in_order)
    });
    let TestError::Fail(reason, schedule) = failure.expect_err("it fails at once") else {
        panic!("it is no failure")
    };
    assert!(reason.message().contains("the second came first"), "{reason}");
    assert_eq!((schedule.token().map(|it| it.to_string()), cases.get()), (Some(token), 1));
}

#[test]
fn a_tape_in_the_environment_that_fits_no_inputs_is_no_pass() {
    let token = "1pe:9@2=1,4=1~77ab03";
    let failure =
        runner(1).run(&asked(&[("UNPICK_TAPE", token)]), |schedule| schedule.run(in_order));
    assert!(matches!(failure, Err(TestError::Abort(_))), "{failure:?}");
}

#[test]
fn a_strategy_in_the_environment_makes_the_schedules() {
    let plain =
        runner(1).run(&asked(&[("UNPICK_STRATEGY", "fifo")]), |schedule| schedule.run(in_order));
    assert!(plain.is_ok(), "in the plain schedule the first comes first: {plain:?}");
    let random =
        runner(1).run(&asked(&[("UNPICK_STRATEGY", "random")]), |schedule| schedule.run(in_order));
    assert!(random.is_err(), "half of the others fail");
}
