use std::future::pending;

use unpick_primitives::task::{
    Instant, JoinError, TaskGroup, TaskGroupError, sleep, spawn, task_group, timeout, yield_now,
};
use unpick_sim::Run;
use unpick_sim::finding::Kind;
use unpick_sim::options::Switching;

use super::{Notes, every, plain, seconds};

type Group = TaskGroup<&'static str>;

/// A task that notes its drop and never returns.
fn spawn_stuck(group: &Group, notes: &Notes, name: &'static str) {
    let noted = notes.on_drop(name);
    group.spawn(async move {
        let _noted = noted;
        pending::<Result<(), _>>().await
    });
}

#[test]
fn leaving_waits_for_every_task() {
    plain(|| async {
        let left = task_group(async |group: Group| {
            for delay in [2, 5, 3] {
                group.spawn(async move {
                    sleep(seconds(delay)).await;
                    Ok(())
                });
            }
            Ok(7)
        });
        assert_eq!(left.await, Ok(7));
        assert_eq!(Instant::now().to_string(), "5.000");
    });
}

#[test]
fn a_group_without_tasks_gives_what_its_body_gives() {
    plain(|| async {
        assert_eq!(task_group(async |_: Group| Ok(7)).await, Ok(7));
        let failed = task_group(async |_: Group| Err::<(), _>("body")).await;
        assert_eq!(failed, Err(TaskGroupError { errors: vec!["body"] }));
    });
}

#[test]
fn a_failing_task_aborts_its_siblings_in_order_and_drops_the_body() {
    let notes = Notes::default();
    plain(|| async {
        let failed = task_group(async |group: Group| {
            let _noted = notes.on_drop("body");
            spawn_stuck(&group, &notes, "a");
            group.spawn(async {
                sleep(seconds(1)).await;
                Err::<(), _>("boom")
            });
            spawn_stuck(&group, &notes, "b");
            pending::<Result<(), _>>().await
        });
        assert_eq!(failed.await, Err(TaskGroupError { errors: vec!["boom"] }));
        assert_eq!(Instant::now().to_string(), "1.000");
    });
    notes.check(&["body dropped", "a dropped", "b dropped"]);
}

#[test]
fn a_failing_body_aborts_the_tasks_and_waits_until_they_are_gone() {
    let notes = Notes::default();
    plain(|| async {
        let failed = task_group(async |group: Group| {
            spawn_stuck(&group, &notes, "a");
            spawn_stuck(&group, &notes, "b");
            yield_now().await;
            Err::<(), _>("body")
        });
        assert_eq!(failed.await, Err(TaskGroupError { errors: vec!["body"] }));
        notes.add("scope returned");
    });
    notes.check(&["a dropped", "b dropped", "scope returned"]);
}

#[test]
fn errors_come_in_the_order_in_which_they_happened() {
    plain(|| async {
        let failed = task_group(async |group: Group| {
            for name in ["a", "b"] {
                group.spawn(async move { Err::<(), _>(name) });
            }
            yield_now().await;
            Ok(())
        });
        // The second one fails before the scope has learnt of the first.
        assert_eq!(failed.await, Err(TaskGroupError { errors: vec!["a", "b"] }));
    });
}

#[test]
fn a_cancelled_body_adds_no_error() {
    plain(|| async {
        let failed = task_group(async |group: Group| {
            group.spawn(async { Err::<(), _>("task") });
            yield_now().await;
            Err::<(), _>("body")
        });
        assert_eq!(failed.await, Err(TaskGroupError { errors: vec!["task"] }));
    });
}

#[test]
fn tasks_may_spawn_into_their_group() {
    plain(|| async {
        let left = task_group(async |group: Group| {
            let inner = group.clone();
            group.spawn(async move {
                sleep(seconds(1)).await;
                inner.spawn(async {
                    sleep(seconds(1)).await;
                    Ok(())
                });
                Ok(())
            });
            Ok(())
        });
        assert_eq!(left.await, Ok(()));
        assert_eq!(Instant::now().to_string(), "2.000");
    });
}

#[test]
fn what_is_spawned_into_a_cancelled_group_never_begins() {
    let notes = Notes::default();
    plain(|| async {
        let failed = task_group(async |group: Group| {
            let (outer, inner) = (group.clone(), notes.clone());
            spawn(async move {
                // Between the failure and the end of the scope, which waits for its task.
                let late = outer.spawn(async move {
                    inner.add("late began");
                    Ok(())
                });
                assert_eq!(late.await, Err(JoinError::Cancelled));
            });
            spawn_stuck(&group, &notes, "stuck");
            Err::<(), _>("body")
        });
        assert_eq!(failed.await, Err(TaskGroupError { errors: vec!["body"] }));
        notes.add("scope returned");
    });
    notes.check(&["stuck dropped", "scope returned"]);
}

#[test]
fn spawning_into_a_group_that_is_over_is_misuse() {
    let outcome = Run::new().plain().execute(|| async {
        let group = task_group(async |group: Group| Ok(group)).await.expect("nothing fails");
        group.spawn(async { Ok(()) });
    });
    let finding = outcome.result.expect_err("the group is over");
    assert_eq!(finding.kind, Kind::Panic);
    assert!(finding.message.contains("a task group that is over"), "{finding}");
}

#[test]
fn dropping_the_scope_drops_the_body_and_then_the_tasks_in_place_and_in_order() {
    let notes = Notes::default();
    plain(|| async {
        let scope = task_group(async |group: Group| {
            let _noted = notes.on_drop("body");
            for name in ["a", "b", "c"] {
                spawn_stuck(&group, &notes, name);
            }
            pending::<Result<(), _>>().await
        });
        assert!(timeout(seconds(1), scope).await.is_err());
        notes.add("timeout returned");
    });
    notes.check(&["body dropped", "a dropped", "b dropped", "c dropped", "timeout returned"]);
}

#[test]
fn what_a_dropped_task_spawns_into_its_group_is_dropped_too() {
    struct Spawns(Group, Notes);
    impl Drop for Spawns {
        fn drop(&mut self) {
            spawn_stuck(&self.0, &self.1, "late");
            self.1.add("spawned late");
        }
    }
    let notes = Notes::default();
    plain(|| async {
        let scope = task_group(async |group: Group| {
            let spawns = Spawns(group.clone(), notes.clone());
            group.spawn(async move {
                let _spawns = spawns;
                pending::<Result<(), _>>().await
            });
            Ok(())
        });
        assert!(timeout(seconds(1), scope).await.is_err());
        notes.add("timeout returned");
    });
    notes.check(&["spawned late", "late dropped", "timeout returned"]);
}

#[test]
fn a_task_that_somebody_aborts_does_not_fail_the_group() {
    plain(|| async {
        let left = task_group(async |group: Group| {
            let task = group.spawn(pending::<Result<(), _>>());
            task.abort();
            assert_eq!(task.await, Err(JoinError::Cancelled));
            Ok(())
        });
        assert_eq!(left.await, Ok(()));
    });
}

#[test]
fn a_sibling_is_dropped_although_it_could_go_on_or_fails_first_too() {
    // Both wake up at the same instant.
    let program = || async {
        let failed = task_group(async |group: Group| {
            for name in ["a", "b"] {
                group.spawn(async move {
                    sleep(seconds(1)).await;
                    Err::<(), _>(name)
                });
            }
            Ok(())
        });
        failed.await.expect_err("one fails").errors
    };
    let outcomes = [vec!["a"], vec!["b"], vec!["a", "b"], vec!["b", "a"]];
    assert_eq!(every(Switching::Cooperative, program), outcomes.into());
}

#[test]
fn a_stuck_group_is_reported_as_what_waits() {
    let outcome = Run::new().plain().execute(|| {
        task_group(async |group: Group| {
            group.spawn(pending::<Result<(), _>>());
            Ok(())
        })
    });
    let finding = outcome.result.expect_err("it is stuck");
    assert_eq!(finding.kind, Kind::Deadlock);
    let wait = &finding.blocked[0].waits[0];
    assert_eq!((wait.operation, wait.object.as_deref()), ("join", Some("group#1")));
}
