//! Stale checks: acting on what was so before an await.

use std::rc::Rc;

use unpick::sim::options::{Detectors, Options, StaleChecks, Tracing};
use unpick::sim::{Shared, spawn, step, task};
use unpick::{Finding, Kind};

use crate::in_lockstep;

fn found<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Option<Finding> {
    found_with(StaleChecks::Found, program)
}

fn found_with<Fut: Future<Output = ()>>(
    stale_checks: StaleChecks,
    program: impl FnOnce() -> Fut,
) -> Option<Finding> {
    let detectors = Detectors { stale_checks, ..Detectors::DEFAULT };
    in_lockstep(Options { detectors, tracing: Tracing::On, ..Options::default() }, program)
}

async fn join(tasks: impl IntoIterator<Item = unpick::sim::JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// A device is closed while a request is about to use it.
async fn closed_while_in_use() {
    let is_stopping = Rc::new(Shared::synchronized(false).named("is_stopping"));
    let users = Rc::new(Shared::synchronized(0).named("users"));
    let (stopping, used) = (is_stopping.clone(), users.clone());
    let request = task().named("request").spawn(async move {
        if !stopping.get() {
            step().await;
            used.update(|users| *users += 1);
        }
    });
    let stop = task().named("stop").spawn(async move {
        is_stopping.set(true);
        assert_eq!(users.get(), 0);
    });
    join([request, stop]).await;
}

#[test]
fn acting_on_what_another_has_changed_and_relied_on_is_a_stale_check() {
    let finding = found(closed_while_in_use).expect("a stale check");
    assert_eq!(finding.kind, Kind::StaleCheck);
    insta::assert_snapshot!("stale_check", finding.to_string());
}

async fn oversold() {
    let stock = Rc::new(Shared::synchronized(1).named("stock"));
    let buyers = [1, 2].map(|_| {
        let stock = stock.clone();
        spawn(async move {
            if stock.get() > 0 {
                step().await;
                stock.update(|stock| *stock -= 1);
            }
        })
    });
    join(buyers).await;
}

#[test]
fn updating_what_was_checked_before_an_await_is_a_stale_check() {
    let finding = found(oversold).expect("a stale check");
    assert_eq!(finding.kind, Kind::StaleCheck);
    insta::assert_snapshot!("stale_check_of_itself", finding.to_string());
}

#[test]
fn it_is_evidence_of_a_failure_by_default_and_no_finding() {
    assert_eq!(found_with(StaleChecks::Evidence, oversold), None);
    let failing = || async {
        oversold().await;
        panic!("sold too often");
    };
    let finding = found_with(StaleChecks::Evidence, failing).expect("a panic");
    assert_eq!(finding.kind, Kind::Panic);
    let [evidence] = finding.evidence.as_slice() else { panic!("{finding}") };
    assert!(evidence.starts_with("stale check on shared stock: main.2 read 1"), "{evidence}");
    let finding = found_with(StaleChecks::Ignored, failing).expect("a panic");
    assert_eq!(finding.evidence, [""; 0]);
}

#[test]
fn checking_again_after_the_await_is_none() {
    let program = || async {
        let stock = Rc::new(Shared::synchronized(1));
        let buyers = [1, 2].map(|_| {
            let stock = stock.clone();
            spawn(async move {
                if stock.get() > 0 {
                    step().await;
                    if stock.get() > 0 {
                        stock.update(|stock| *stock -= 1);
                    }
                }
            })
        });
        join(buyers).await;
    };
    assert_eq!(found(program), None);
}

/// Near miss: there is an order of the two that gives what both saw.
#[test]
fn a_reader_of_a_setting_that_changes_meanwhile_is_none() {
    let program = || async {
        let setting = Rc::new(Shared::synchronized(1));
        let result = Rc::new(Shared::synchronized(0));
        let used = setting.clone();
        let worker = spawn(async move {
            let seen = used.get();
            step().await;
            result.set(seen);
        });
        let admin = spawn(async move { setting.set(2) });
        join([worker, admin]).await;
    };
    assert_eq!(found(program), None);
}

#[test]
fn a_check_and_an_act_in_one_step_are_none() {
    let program = || async {
        let stock = Rc::new(Shared::synchronized(1));
        let buyers = [1, 2].map(|_| {
            let stock = stock.clone();
            spawn(async move {
                step().await;
                if stock.get() > 0 {
                    stock.update(|stock| *stock -= 1);
                }
            })
        });
        join(buyers).await;
    };
    assert_eq!(found(program), None);
}
