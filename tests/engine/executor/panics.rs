//! Panics: caught, kept with task, message and place.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::panic_any;
use std::rc::Rc;

use unpick::sim::finding::{Finding, Kind};
use unpick::sim::{JoinError, Run, spawn, task, yield_now};

use crate::{PREEMPTIVE, all_outcomes, finding_of};

/// Panics when it is dropped.
struct PanicsInDrop(&'static str);

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        PANIC_LINE.set(line!() + 1);
        panic!("{}", self.0);
    }
}

thread_local! {
    static PANIC_LINE: Cell<u32> = const { Cell::new(0) };
}

#[track_caller]
fn check_place(finding: &Finding, line: u32) {
    let place = finding.place.as_ref().expect("a panic has a place");
    assert!(place.file.ends_with("panics.rs"), "{place}");
    assert_eq!(place.line, line, "{finding}");
}

#[test]
fn a_panic_fails_the_run_and_tells_task_message_and_place() {
    let line = line!() + 3;
    let outcome = Run::new().execute(|| async {
        let failing = task().named("worker").spawn(async {
            panic!("balance is {}", -1);
        });
        failing.await
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(finding.message, "balance is -1");
    assert_eq!(finding.task.as_deref(), Some("main.1 worker"));
    check_place(&finding, line);
}

#[test]
fn a_panic_of_the_main_future_or_of_the_closure_is_the_main_tasks() {
    let line = line!() + 1;
    let finding = finding_of(Run::new().execute(|| async { panic!("inside") }), Kind::Panic);
    assert_eq!((finding.message.as_str(), finding.task.as_deref()), ("inside", Some("main")));
    check_place(&finding, line);
    let line = line!() + 1;
    let closure = || -> std::future::Ready<()> { panic!("in the closure") };
    let finding = finding_of(Run::new().execute(closure), Kind::Panic);
    assert_eq!(finding.message, "in the closure");
    assert_eq!(finding.task.as_deref(), Some("main"));
    check_place(&finding, line);
}

#[test]
fn a_panic_in_a_drop_is_a_finding_wherever_the_drop_happens() {
    // In a poll, when the task returns.
    let outcome = Run::new().execute(|| async {
        spawn(async {
            let _guard = PanicsInDrop("at the end");
        })
        .await
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!((finding.message.as_str(), finding.task.as_deref()), ("at the end", Some("main.1")));
    check_place(&finding, PANIC_LINE.get());
    // In the future, after the task has returned.
    let outcome = Run::new().execute(|| async {
        let guard = PanicsInDrop("after the end");
        spawn(poll_fn(move |_| {
            let _keep = &guard;
            std::task::Poll::Ready(())
        }))
        .await
    });
    assert_eq!(finding_of(outcome, Kind::Panic).message, "after the end");
    // In an aborted task.
    let outcome = Run::new().execute(|| async {
        let guard = PanicsInDrop("when aborted");
        let task = spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
        yield_now().await;
        task.abort();
        task.await
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(
        (finding.message.as_str(), finding.task.as_deref()),
        ("when aborted", Some("main.1"))
    );
    // In a task that is dropped from another's code.
    let outcome = Run::new().execute(|| async {
        let guard = PanicsInDrop("when dropped");
        let task = spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
        task.abort_handle().drop_now();
        yield_now().await;
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(
        (finding.message.as_str(), finding.task.as_deref()),
        ("when dropped", Some("main.1"))
    );
    // In an output that nobody takes.
    let outcome = Run::new().execute(|| async {
        drop(spawn(async { PanicsInDrop("as an output") }));
        yield_now().await;
        pending::<()>().await;
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(
        (finding.message.as_str(), finding.task.as_deref()),
        ("as an output", Some("main.1"))
    );
}

#[test]
fn a_panic_while_the_run_is_taken_down_is_a_finding() {
    let outcome = Run::new().execute(|| async {
        let guard = PanicsInDrop("left behind");
        task().named("left").spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
        let guard = PanicsInDrop("the second");
        spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(finding.message, "left behind", "the first one stands");
    assert_eq!(finding.task.as_deref(), Some("main.1 left"));
    check_place(&finding, PANIC_LINE.get());
}

/// The poll panics, and then the drop of what the future had captured does so too.
#[test]
fn of_two_panics_of_a_task_the_first_is_told_with_its_own_place() {
    let line = line!() + 5;
    let outcome = Run::new().execute(|| async {
        let guard = PanicsInDrop("the second");
        let fails = poll_fn(move |_| -> std::task::Poll<()> {
            let _keep = &guard;
            panic!("the first")
        });
        spawn(fails).await
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(finding.message, "the first");
    check_place(&finding, line);
}

#[test]
fn a_payload_that_is_no_text_is_called_that() {
    let outcome = Run::new().execute(|| async { panic_any(17_u8) });
    assert_eq!(finding_of(outcome, Kind::Panic).message, "a panic whose payload is not a text");
}

#[test]
fn a_payload_whose_drop_panics_does_not_get_through() {
    let outcome = Run::new().execute(|| async { panic_any(PanicsInDrop("in the payload")) });
    assert_eq!(finding_of(outcome, Kind::Panic).message, "a panic whose payload is not a text");
    let outcome = Run::new().execute(|| async {
        let fails = async { panic_any(PanicsInDrop("in the payload")) };
        task().handles_panics().spawn(fails).await
    });
    let message = String::from("a panic whose payload is not a text");
    assert_eq!(outcome.result, Ok(Err::<(), _>(JoinError::Panicked(message))));
}

#[test]
fn a_panic_that_the_program_handles_is_told_to_whoever_joins() {
    let outcomes = all_outcomes(PREEMPTIVE, || async {
        let fails = task().handles_panics().spawn(async {
            yield_now().await;
            panic!("handled");
        });
        let other = spawn(async { yield_now().await });
        let joined: Result<(), JoinError> = fails.await;
        other.await.expect("the run goes on");
        joined.map_err(|error| (error.is_panic(), error.to_string()))
    });
    let told = Err((true, String::from("the task panicked: handled")));
    assert_eq!(outcomes.into_iter().collect::<Vec<_>>(), [Ok(told)]);
}

/// A panic that goes on by `resume_unwind` calls no hook: it has no place, and not the place
/// of another one.
#[test]
fn a_place_is_not_carried_over_from_another_panic() {
    let handled = || async {
        let fails = task().handles_panics().spawn(async { panic!("handled") });
        let _: Result<(), _> = fails.await;
    };
    assert_eq!(Run::new().execute(handled).result, Ok(()));
    let resumes = || async { std::panic::resume_unwind(Box::new("resumed")) };
    let finding = finding_of(Run::new().execute(resumes), Kind::Panic);
    assert_eq!((finding.message.as_str(), finding.place), ("resumed", None));
}

#[test]
fn a_panic_that_the_program_catches_is_its_own_affair() {
    let outcome = Run::new().execute(|| async {
        let count = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let caught = std::panic::catch_unwind(|| panic!("caught"));
            count.set(count.get() + u32::from(caught.is_err()));
            yield_now().await;
        }
        count.get()
    });
    assert_eq!(outcome.result, Ok(3));
}

/// The output is there already when something that was left behind panics.
#[test]
fn a_panic_of_an_output_that_a_finding_takes_the_place_of_does_not_get_out() {
    let outcome = Run::new().execute(|| async {
        let guard = PanicsInDrop("left behind");
        spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        PanicsInDrop("as the output")
    });
    assert_eq!(finding_of(outcome, Kind::Panic).message, "left behind");
}
