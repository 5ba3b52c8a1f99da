//! Outside of a run, and a run inside of a run: told in so many words.

use std::panic::catch_unwind;
use std::time::Duration;

use unpick::sim::time::{Instant, interval, sleep, sleep_until};
use unpick::sim::{Run, RunError, chance, current_path, pick, probe, rng, spawn, yield_now};

/// The message of the panic of this call.
#[track_caller]
fn message_of<T>(call: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let payload = match catch_unwind(call) {
        Ok(_) => panic!("it is expected to panic"),
        Err(payload) => payload,
    };
    payload.downcast_ref::<String>().expect("the message is formatted").clone()
}

#[test]
fn what_makes_sense_in_a_run_only_says_so_outside_of_one() {
    let rule = "was called outside of a run; it is allowed only in a future (or in the closure \
                that makes it) that a run or a hunt executes, on that run's own thread";
    let messages = [
        ("sim::spawn", message_of(|| drop(spawn(async {})))),
        ("sim::time::sleep", message_of(|| drop(sleep(Duration::ZERO)))),
        ("sim::time::interval", message_of(|| drop(interval(Duration::from_secs(1))))),
        ("sim::time::Instant::now", message_of(Instant::now)),
        ("sim::time::Instant::now", message_of(|| Instant::START.elapsed())),
        ("sim::pick", message_of(|| pick(3))),
        ("sim::chance", message_of(|| chance(0.5))),
        ("sim::chance", message_of(|| chance(0.0))),
        ("sim::rng", message_of(|| rand::Rng::next_u64(&mut rng()))),
        (
            "a sim::time::Sleep",
            message_of(|| futures::executor::block_on(sleep_until(Instant::from_nanos(5)))),
        ),
    ];
    for (what, message) in messages {
        assert_eq!(message, format!("{what} {rule}"));
    }
}

#[test]
fn what_makes_sense_anywhere_works_outside_of_a_run() {
    assert!(!probe::is_inside_run());
    assert_eq!(current_path(), None);
    assert_eq!(probe::choose(unpick::sim::choice::Label::Data, 5), 0);
    unpick::event!("nobody is told {}", 1);
    futures::executor::block_on(async {
        yield_now().await;
        unpick::sim::step().await;
        unpick::sim::without_switching(unpick::sim::step()).await;
    });
}

#[test]
fn arguments_that_make_no_sense_are_refused_with_what_is_allowed() {
    let outcome = Run::new().execute(|| async {
        [
            message_of(|| pick(0)),
            message_of(|| pick(usize::MAX)),
            message_of(|| chance(1.5)),
            message_of(|| chance(f64::NAN)),
            message_of(|| probe::choose(unpick::sim::choice::Label::Data, 0)),
        ]
    });
    let messages = outcome.result.expect("the panics are caught");
    assert_eq!(messages[0], "sim::pick draws below 0; allowed: 1 to 2^30");
    assert!(messages[1].ends_with("allowed: 1 to 2^30"));
    assert_eq!(messages[2], "sim::chance got the probability 1.5; allowed: 0 to 1");
    assert!(messages[3].ends_with("allowed: 0 to 1"));
    assert_eq!(messages[4], "a choice of 0 alternatives; allowed: 1 to 2^30");
}

#[test]
fn a_run_inside_of_a_run_is_refused_and_harms_neither() {
    let outcome = Run::new().execute(|| async {
        let nested = Run::new().try_execute(|| async {});
        let error = nested.expect_err("it is refused");
        assert_eq!(error, RunError::Nested);
        let message = message_of(|| drop(Run::new().execute(|| async {})));
        assert_eq!(message, error.to_string());
        let in_a_task = spawn(async { Run::new().try_execute(|| async {}).is_err() });
        (in_a_task.await, message)
    });
    let (in_a_task, message) = outcome.result.expect("it passes");
    assert_eq!(in_a_task, Ok(true));
    assert_eq!(
        message,
        "a run was started inside of another one on the same thread; \
         allowed: one run at a time for each thread"
    );
}

/// Handles and futures that are kept beyond their run.
#[test]
fn what_is_left_of_a_run_is_told_from_the_next_one() {
    let first = Run::new().execute(|| async {
        let mut sleeping = Box::pin(sleep(Duration::from_secs(1)));
        let polled = futures::poll!(sleeping.as_mut());
        assert!(polled.is_pending());
        (spawn(async { 1 }), sleeping)
    });
    let (handle, sleeping) = first.result.expect("it passes");
    assert_eq!(format!("{handle:?}"), "<JoinHandle of a run that is over>");
    assert!(handle.is_finished());
    let second = Run::new().execute(|| async {
        assert_eq!(handle.path(), None);
        assert!(!handle.abort());
        handle.await
    });
    let finding = second.result.expect_err("it is a misuse");
    assert_eq!(finding.message, "a JoinHandle of another run was polled in this one");
    let third = Run::new().execute(|| sleeping);
    let finding = third.result.expect_err("it is a misuse");
    assert_eq!(finding.message, "a Sleep of another run was polled in this one");
}
