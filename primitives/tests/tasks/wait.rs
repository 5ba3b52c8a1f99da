use std::future::pending;

use unpick_primitives::task::{
    Done, Instant, JoinError, JoinHandle, WaitFor, Waited, sleep, spawn, timeout, wait,
};
use unpick_sim::Run;

use super::{Notes, plain, seconds};

type Outcome = Result<u64, &'static str>;

fn spawn_after(delay: u64, outcome: Outcome) -> JoinHandle<Outcome> {
    spawn(async move {
        sleep(seconds(delay)).await;
        outcome
    })
}

#[track_caller]
fn check(waited: &Waited<u64, &'static str>, done: &[usize], pending: usize, at: &str) {
    let indices: Vec<usize> = waited.done.iter().map(|done| done.index).collect();
    assert_eq!((&*indices, waited.pending.len()), (done, pending));
    assert_eq!(Instant::now().to_string(), at);
}

#[test]
fn the_first_one_that_ends_is_enough_for_first_completed() {
    plain(|| async {
        let tasks = [spawn_after(3, Ok(3)), spawn_after(1, Err("one")), spawn_after(2, Ok(2))];
        let waited = wait(tasks, WaitFor::FirstCompleted).await;
        check(&waited, &[1], 2, "1.000");
        assert_eq!(waited.done, [Done { index: 1, result: Ok(Err("one")) }]);
        let waited = wait(waited.pending, WaitFor::FirstCompleted).await;
        check(&waited, &[1], 1, "2.000");
    });
}

#[test]
fn a_failure_is_enough_for_first_exception_and_an_abort_is_not() {
    plain(|| async {
        let tasks = [spawn_after(9, Ok(3)), spawn_after(2, Err("two")), spawn_after(1, Ok(1))];
        let aborted = spawn(pending::<Outcome>());
        aborted.abort();
        let waited = wait(tasks.into_iter().chain([aborted]), WaitFor::FirstException).await;
        check(&waited, &[1, 2, 3], 1, "2.000");
        assert_eq!(waited.done[2].result, Err(JoinError::Cancelled));
    });
}

#[test]
fn without_a_failure_first_exception_waits_for_all() {
    plain(|| async {
        let tasks = [spawn_after(3, Ok(3)), spawn_after(1, Ok(1))];
        check(&wait(tasks, WaitFor::FirstException).await, &[0, 1], 0, "3.000");
    });
}

#[test]
fn all_completed_waits_for_all_whatever_their_outcomes() {
    plain(|| async {
        let tasks = [spawn_after(1, Err("one")), spawn_after(3, Ok(3)), spawn_after(2, Ok(2))];
        check(&wait(tasks, WaitFor::AllCompleted).await, &[0, 1, 2], 0, "3.000");
    });
}

#[test]
fn giving_up_gives_the_handles_of_the_pending_ones_back() {
    plain(|| async {
        let tasks = [spawn_after(9, Ok(9)), spawn_after(1, Ok(1))];
        let waited = wait(tasks, WaitFor::AllCompleted).within(seconds(2)).await;
        check(&waited, &[1], 1, "2.000");
        for task in waited.pending {
            assert_eq!(task.await, Ok(Ok(9)));
        }
    });
}

#[test]
fn dropping_it_leaves_the_tasks_running() {
    let notes = Notes::default();
    plain(|| async {
        let inner = notes.clone();
        let task = spawn(async move {
            sleep(seconds(2)).await;
            inner.add("task returned");
            Outcome::Ok(2)
        });
        assert!(timeout(seconds(1), wait([task], WaitFor::AllCompleted)).await.is_err());
        notes.add("timeout returned");
        sleep(seconds(5)).await;
    });
    notes.check(&["timeout returned", "task returned"]);
}

#[test]
fn a_stuck_wait_is_reported_as_what_waits() {
    let outcome = Run::new().plain().execute(|| async {
        wait([spawn(pending::<Outcome>())], WaitFor::AllCompleted).await.done.len()
    });
    let finding = outcome.result.expect_err("it is stuck");
    let wait = &finding.blocked[0].waits[0];
    assert_eq!(wait.operation, "wait");
    assert!(wait.place.file.ends_with("wait.rs"));
}

#[test]
fn waiting_for_nothing_is_misuse() {
    let outcome = Run::new().plain().execute(|| async {
        let none: [JoinHandle<Outcome>; 0] = [];
        wait(none, WaitFor::AllCompleted).await.done.len()
    });
    let finding = outcome.result.expect_err("there is nothing to wait for");
    assert!(finding.message.contains("without a task"), "{finding}");
}
