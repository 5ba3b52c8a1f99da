//! Lost updates.

use std::rc::Rc;

use unpick::primitives::Lock;
use unpick::sim::options::{Detection, Detectors, Options, Tracing};
use unpick::sim::{Shared, spawn, step, yield_now};
use unpick::{Kind, Switching};

use crate::{in_lockstep, kinds};

async fn join(tasks: impl IntoIterator<Item = unpick::sim::JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

async fn deposits() {
    let balance = Rc::new(Shared::synchronized(100).named("balance"));
    let tellers = [10, 20].map(|amount| {
        let balance = balance.clone();
        spawn(async move {
            let seen = balance.get();
            step().await;
            balance.set(seen + amount);
        })
    });
    join(tellers).await;
}

#[test]
fn a_write_over_one_that_was_not_seen_is_a_lost_update() {
    let finding = in_lockstep(Options::default(), deposits).expect("a lost update");
    assert_eq!(finding.kind, Kind::LostUpdate);
    let file = "tests/detectors/atomicity.rs";
    let message = format!(
        "main.2 read it ({file}:23), gave way at :24 (step), then wrote it (:25) over what main.1 \
         wrote in between (:25). main.1's write is gone."
    );
    assert_eq!(finding.message, message);
    assert_eq!(finding.headline(), "LOST UPDATE on shared balance");
}

#[test]
fn a_traced_run_tells_the_values() {
    let options = Options { tracing: Tracing::On, ..Options::default() };
    let finding = in_lockstep(options, deposits).expect("a lost update");
    insta::assert_snapshot!("lost_update", finding.to_string());
}

#[test]
fn some_schedules_lose_no_update() {
    let found = kinds(Switching::Preemptive, deposits);
    assert_eq!(found, [None, Some(Kind::LostUpdate)]);
}

#[test]
fn cooperative_switching_loses_updates_across_awaits_that_suspend() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        let tasks = [1, 2].map(|_| {
            let variable = variable.clone();
            spawn(async move {
                let seen = variable.get();
                yield_now().await;
                variable.set(seen + 1);
            })
        });
        join(tasks).await;
    };
    assert!(kinds(Switching::Cooperative, program).contains(&Some(Kind::LostUpdate)));
    assert_eq!(kinds(Switching::Cooperative, deposits), [None], "a step gives no way there");
}

#[test]
fn the_detector_can_be_switched_off() {
    let options = Options {
        detectors: Detectors { atomicity: Detection::Off, ..Detectors::DEFAULT },
        ..Options::default()
    };
    assert_eq!(in_lockstep(options, deposits), None);
}

#[test]
fn a_lock_over_all_of_it_loses_nothing() {
    let program = || async {
        let balance = Rc::new(Lock::new(Shared::new(100)));
        let tellers = [10, 20].map(|amount| {
            let balance = balance.clone();
            spawn(async move {
                let balance = balance.lock().await;
                let seen = balance.get();
                step().await;
                balance.set(seen + amount);
            })
        });
        join(tellers).await;
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn an_update_in_one_go_loses_nothing() {
    let program = || async {
        let balance = Rc::new(Shared::synchronized(100));
        let tellers = [10, 20].map(|amount| {
            let balance = balance.clone();
            spawn(async move {
                step().await;
                balance.update(|balance| *balance += amount);
            })
        });
        join(tellers).await;
        assert_eq!(balance.get(), 130);
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn reading_again_before_writing_loses_nothing() {
    let program = || async {
        let balance = Rc::new(Shared::synchronized(100));
        let tellers = [10, 20].map(|amount| {
            let balance = balance.clone();
            spawn(async move {
                let _early = balance.get();
                step().await;
                let seen = balance.get();
                balance.set(seen + amount);
            })
        });
        join(tellers).await;
        assert_eq!(balance.get(), 130);
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn a_panic_is_the_finding_and_the_lost_update_its_evidence() {
    let finding = in_lockstep(Options::default(), || async {
        deposits().await;
        panic!("the balance is wrong");
    });
    let finding = finding.expect("a panic");
    assert_eq!(finding.kind, Kind::Panic);
    assert_eq!(finding.evidence.len(), 1, "{finding}");
    assert!(finding.evidence[0].starts_with("lost update on shared balance: main.2 read it"));
}

#[test]
fn what_is_held_throughout_is_told_from_what_is_let_go_in_between() {
    let told = |keeps: bool| {
        let finding = in_lockstep(Options::default(), move || async move {
            let balance = Rc::new(Shared::synchronized(100));
            let tellers = [10, 20].map(|amount| {
                let balance = balance.clone();
                spawn(async move {
                    let own = Lock::new(()).named("own");
                    let mut guard = Some(own.lock().await);
                    let seen = balance.get();
                    guard.take_if(|_| !keeps);
                    step().await;
                    balance.set(seen + amount);
                    drop(guard);
                })
            });
            join(tellers).await;
        });
        let finding = finding.expect("one of them is lost");
        assert_eq!(finding.kind, Kind::LostUpdate);
        finding.story.join("\n")
    };
    let (kept, let_go) = (told(true), told(false));
    assert!(kept.contains(" holds lock own (taken at "), "{kept}");
    assert!(let_go.contains("holds no lock from the one to the other"), "{let_go}");
}

#[test]
fn what_is_given_up_and_taken_again_at_the_same_line_was_not_held_throughout() {
    let finding = in_lockstep(Options::default(), || async {
        let balance = Rc::new(Shared::synchronized(100));
        let tellers = [10, 20].map(|amount| {
            let balance = balance.clone();
            spawn(async move {
                let own = Lock::new(()).named("own");
                let mut seen = None;
                for _ in 0..2 {
                    let _held = own.lock().await;
                    match seen {
                        None => seen = Some(balance.get()),
                        Some(seen) => balance.set(seen + amount),
                    }
                }
            })
        });
        join(tellers).await;
    });
    let finding = finding.expect("one of them is lost");
    assert_eq!(finding.kind, Kind::LostUpdate);
    let story = finding.story.join("\n");
    assert!(story.contains("holds no lock from the one to the other"), "{story}");
}
