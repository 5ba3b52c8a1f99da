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

/// Two tasks of three events each that have nothing to do with each other.
async fn apart_from_each_other() {
    let task = || {
        spawn(async {
            yield_now().await;
            yield_now().await;
        })
    };
    let tasks = [task(), task()];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[track_caller]
fn check_interleaved(hunt: &Hunt, said: &[&str]) {
    let report = hunt.run(apart_from_each_other);
    report.assert_ok();
    let text = report.to_string();
    let lines = text.lines().filter(|line| line.contains("interleavings"));
    assert_eq!(lines.map(str::trim).collect::<Vec<_>>(), said, "{text}");
}

#[test]
fn a_green_hunt_says_how_many_of_few_interleavings_it_made() {
    let hunt = Hunt::new("few");
    let said = "interleavings of the 2 tasks that spawned no other were made; what else there is to \
                choose was drawn";
    check_interleaved(&hunt.clone().runs(100), &[&format!("all 20 {said}")]);
    check_interleaved(&hunt.clone().runs(100).jobs(3), &[&format!("all 20 {said}")]);
    check_interleaved(&hunt.clone().runs(18), &[&format!("10 of the 20 {said}")]);
    let both = ["preemptively", "cooperatively"].map(|how| {
        format!(
            "all 20 interleavings of the 2 tasks that spawned no other, switching {how}, were made; \
             what else there is to choose was drawn"
        )
    });
    check_interleaved(&hunt.both_switchings(), &both.each_ref().map(String::as_str));
}

/// The same number of events in every run, but the clock leaves only one order of the second ones.
async fn by_the_clock() {
    let tasks = [1, 2].map(|millis| spawn(sleep(Duration::from_millis(millis))));
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

#[test]
fn interleavings_that_do_not_come_out_as_they_were_to_are_not_swept() {
    let report = Hunt::new("clock").runs(1000).run(by_the_clock);
    assert_eq!(report.interleaved, []);
    // The rotation, as elsewhere.
    assert!(report.strategies["surw"].runs > 300, "{report}");
    let many = Hunt::new("sound").runs(1000).run(sound);
    assert!(many.strategies["surw"].runs > 300 && many.interleaved.is_empty(), "{many}");
}

/// A task may be left with a lock, for ever.
async fn may_leave_a_lock() {
    let lock = std::rc::Rc::new(unpick::primitives::Lock::new(()));
    let held = lock.clone();
    drop(spawn(async move {
        let _held = held.lock().await;
        std::future::pending::<()>().await;
    }));
    yield_now().await;
    drop(lock.try_lock());
}

#[test]
fn what_is_held_at_the_end_is_said_once_and_with_how_often() {
    let hunt = || Hunt::new("leaves").seed(0x5eed).runs(200);
    let report = hunt().run(may_leave_a_lock);
    report.assert_ok();
    let left = report.left;
    assert!((20..=150).contains(&left.runs) && left.first == Some(0), "{left:?}");
    let said = format!("at the end of {} of 200 runs something was held", left.runs);
    let text = report.to_string();
    assert_eq!(text.matches(&said).count(), 1, "{text}");
    assert!(text.contains("(the first is 0x5eed/0)"), "{text}");
    assert_eq!(hunt().jobs(2).run(may_leave_a_lock).left, left);
    let forbidding = hunt().leaks(unpick::sim::options::Leaks::Forbid).run(may_leave_a_lock);
    assert_eq!(forbidding.failures.len(), 1, "{forbidding}");
    assert!(!Hunt::new("sound").runs(100).run(sound).to_string().contains("was held"));
}
