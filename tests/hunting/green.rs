//! What a green hunt says of itself, and when it is none.

use std::time::Duration;

use unpick::sim::time::sleep;
use unpick::sim::{spawn, yield_now};
use unpick::{Hunt, TimeModel};

use crate::sound;

#[test]
fn a_green_hunt_says_what_it_is_worth() {
    let report = Hunt::new("sound").seed(0x5eed).runs(1000).run(sound);
    report.assert_ok();
    insta::assert_snapshot!("green", report.to_string());
    let again = Hunt::new("sound").seed(0x5eed).runs(1000).jobs(3).run(sound);
    assert_eq!(again.to_string(), report.to_string(), "by three jobs");
}

/// Waits for what no probe sees, a notification of tokio's.
async fn uninstrumented() {
    let notify = std::rc::Rc::new(tokio::sync::Notify::new());
    let notifier = notify.clone();
    let waiter = spawn(async move { notify.notified().await });
    yield_now().await;
    notifier.notify_one();
    waiter.await.expect("nobody aborts it");
}

#[test]
fn awaits_that_no_probe_sees_are_counted() {
    let report = Hunt::new("uninstrumented").runs(200).run(uninstrumented);
    report.assert_ok();
    assert!(report.awaits.unknown > 0 && report.awaits.unknown < report.awaits.pending);
    assert!(
        report.to_string().contains("% of the awaits that waited are instrumented"),
        "{report}"
    );
    let instrumented = Hunt::new("sound").runs(200).run(sound);
    assert_eq!(instrumented.awaits.unknown, 0);
}

/// Two tasks at different times: nothing is ever chosen.
async fn apart() {
    let tick = |millis| async move {
        sleep(Duration::from_millis(millis)).await;
        sleep(Duration::from_millis(2)).await;
    };
    let first = spawn(tick(2));
    sleep(Duration::from_millis(1)).await;
    let second = spawn(tick(2));
    first.await.expect("nobody aborts it");
    second.await.expect("nobody aborts it");
}

#[test]
fn a_hunt_whose_tasks_overlap_without_any_choice_fails_as_vacuous() {
    let hunt = Hunt::new("apart").runs(50);
    let report = hunt.run(apart);
    assert!(report.vacuous.is_some() && !report.is_green());
    insta::assert_snapshot!("vacuous", report.to_string());
    let panic = std::panic::catch_unwind(|| report.assert_ok()).expect_err("it is not in order");
    let message = panic.downcast_ref::<String>().expect("a text");
    assert!(
        message.starts_with("FAILED apart: VACUOUS: no schedule choice ever had two"),
        "{message}"
    );
    hunt.clone().allow_vacuous().run(apart).assert_ok();
    hunt.time(TimeModel::Stalling).run(apart).assert_ok();
}

#[test]
fn one_task_after_the_other_is_not_vacuous() {
    let chain = || async {
        for _ in 0..3 {
            let child = spawn(async {
                let grandchild = spawn(sleep(Duration::from_millis(1)));
                grandchild.await.expect("nobody aborts it");
            });
            child.await.expect("nobody aborts it");
        }
    };
    let report = Hunt::new("chain").runs(50).run(chain);
    report.assert_ok();
    assert_eq!(report.classes.distinct, 1);
    Hunt::new("alone").runs(50).run(|| sleep(Duration::from_millis(1))).assert_ok();
}

#[test]
fn one_choice_in_one_run_is_enough_not_to_be_vacuous() {
    let report = Hunt::new("once").runs(50).run(|| async {
        let task = spawn(yield_now());
        yield_now().await;
        task.await.expect("nobody aborts it");
    });
    assert!(report.vacuous.is_none());
}
