//! `eventually`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::join;
use unpick::sim::seed::RunId;
use unpick::sim::spawn;
use unpick::sim::time::{Instant, sleep};
use unpick::{Kind, Run, TimeModel, eventually};

const SECOND: Duration = Duration::from_secs(1);

/// A flag that is raised after this time.
fn raised_after(time: Duration) -> Rc<Cell<bool>> {
    let flag = Rc::new(Cell::new(false));
    let raised = flag.clone();
    spawn(async move {
        sleep(time).await;
        raised.set(true);
    });
    flag
}

#[test]
fn it_is_over_as_soon_as_the_condition_is_true() {
    let outcome = Run::new().execute(|| async {
        let flag = raised_after(3 * SECOND);
        eventually(10 * SECOND, || flag.get()).await;
        Instant::now().as_nanos()
    });
    assert_eq!(outcome.result, Ok(3_000_000_000));
}

#[test]
fn a_condition_that_does_not_come_true_in_time_is_a_finding() {
    let line = line!() + 3;
    let outcome = Run::new().execute(|| async {
        let flag = raised_after(11 * SECOND);
        eventually(10 * SECOND, || flag.get()).await;
    });
    let finding = outcome.result.expect_err("too late");
    assert_eq!(finding.kind, Kind::Property);
    assert_eq!(finding.message, "eventually: the condition did not come true within 10s");
    assert_eq!(finding.at.as_nanos(), 10_000_000_000);
    assert_eq!(finding.place.map(|place| place.line), Some(line));
}

#[test]
fn what_happens_at_the_last_instant_is_in_time() {
    for number in 0..50 {
        let outcome = Run::new().id(RunId::new(1, number)).execute(|| async {
            let flag = raised_after(10 * SECOND);
            eventually(10 * SECOND, || flag.get()).await;
        });
        assert_eq!(outcome.result, Ok(()));
    }
}

#[test]
fn it_adds_nothing_to_choose() {
    let tape = |watches: bool| {
        let run = Run::new().time(TimeModel::Exact).execute(|| async move {
            let flag = raised_after(3 * SECOND);
            match watches {
                true => eventually(10 * SECOND, || flag.get()).await,
                false => sleep(4 * SECOND).await,
            }
        });
        run.tape
    };
    assert_eq!(tape(true).choices, tape(false).choices);
}

#[test]
fn several_may_wait_for_one_another() {
    let outcome = Run::new().execute(|| async {
        let steps = Rc::new(Cell::new(0));
        let wait = |at: u32| {
            let steps = steps.clone();
            async move {
                eventually(SECOND, || steps.get() == at).await;
                steps.set(at + 1);
            }
        };
        let tasks = [3, 1, 2].map(|at| spawn(wait(at)));
        join(wait(0), eventually(SECOND, || steps.get() == 4)).await;
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
        Instant::now().as_nanos()
    });
    assert_eq!(outcome.result, Ok(0));
}

#[test]
fn given_up_it_claims_nothing() {
    let outcome = Run::new().execute(|| async {
        let claim = spawn(eventually(SECOND, || false));
        sleep(SECOND / 2).await;
        claim.abort();
        sleep(5 * SECOND).await;
    });
    assert_eq!(outcome.result, Ok(()));
}

#[test]
fn outside_of_a_run_there_is_no_time_to_wait_in() {
    let polled = std::panic::catch_unwind(|| {
        futures::executor::block_on(eventually(SECOND, || false));
    });
    let message = polled.expect_err("no run");
    let message = message.downcast_ref::<String>().expect("a text");
    assert!(message.starts_with("eventually was called outside of a run"), "{message}");
}
