//! The executor: tasks, how they end, and what is left of a run.

mod aborting;
mod limits;
mod outside;
mod panics;
mod quiet;
mod strategies;
mod teardown;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use unpick::sim::finding::Kind;
use unpick::sim::{JoinError, Run, current_path, spawn, task, yield_now};

use crate::{COOPERATIVE, PREEMPTIVE, all_outcomes, finding_of};

#[test]
fn tasks_may_be_send_or_not_and_the_main_future_may_borrow() {
    let words = [String::from("a"), String::from("b")];
    let seen = RefCell::new(Vec::new());
    let outcome = Run::new().execute(|| async {
        let shared = Rc::new(Cell::new(1));
        let inside = Rc::clone(&shared);
        let not_send = spawn(async move { inside.get() });
        let send = spawn(async { 2 });
        seen.borrow_mut().extend(words.iter().map(String::as_str));
        not_send.await.expect("it returns") + send.await.expect("it returns")
    });
    assert_eq!(outcome.result, Ok(3));
    assert_eq!(seen.take(), ["a", "b"]);
}

#[test]
fn a_task_goes_on_when_its_handle_is_dropped() {
    let outcomes = all_outcomes(PREEMPTIVE, || async {
        let done = Rc::new(Cell::new(false));
        let inside = Rc::clone(&done);
        drop(spawn(async move {
            yield_now().await;
            inside.set(true);
        }));
        while !done.get() {
            unpick::sim::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    });
    assert!(outcomes.iter().all(Result::is_ok));
}

#[test]
fn polling_a_handle_after_it_has_returned_is_a_misuse() {
    let outcome = Run::new().execute(|| async {
        let mut handle = spawn(async {});
        (&mut handle).await.expect("it returns");
        let _ = (&mut handle).await;
    });
    let finding = finding_of(outcome, Kind::Panic);
    assert_eq!(finding.message, "a JoinHandle was polled after it had returned");
}

#[test]
fn a_handle_tells_whether_its_task_has_ended() {
    let outcome = Run::new().plain().execute(|| async {
        let returns = spawn(async {});
        let fails = task().handles_panics().spawn(async { panic!("on purpose") });
        let stays = spawn(std::future::pending::<()>());
        let before = [returns.is_finished(), fails.is_finished(), stays.is_finished()];
        yield_now().await;
        let after = [returns.is_finished(), fails.is_finished(), stays.is_finished()];
        let joined = (returns.await, fails.await);
        (before, after, joined, stays.abort_handle())
    });
    let (before, after, joined, kept) = outcome.result.expect("it passes");
    assert_eq!((before, after), ([false; 3], [true, true, false]));
    assert_eq!(joined, (Ok(()), Err(JoinError::Panicked(String::from("on purpose")))));
    assert!(kept.is_finished(), "its run is over");
    assert!(!kept.abort(), "its run is over");
    assert!(!kept.drop_now(), "its run is over");
}

/// The paths of a tree of tasks, by what each is called.
async fn tree(unrelated: usize) -> Vec<String> {
    let paths = Rc::new(RefCell::new(Vec::new()));
    let branch = |name: &'static str, children: usize, paths: &Rc<RefCell<Vec<String>>>| {
        let paths = Rc::clone(paths);
        task().named(name).spawn(async move {
            let own = current_path().expect("inside of a run");
            paths.borrow_mut().push(format!("{name} {own}"));
            let tasks: Vec<_> = (0..children)
                .map(|number| {
                    let paths = Rc::clone(&paths);
                    spawn(async move {
                        yield_now().await;
                        let own = current_path().expect("inside of a run");
                        paths.borrow_mut().push(format!("{name}-{number} {own}"));
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("it returns");
            }
        })
    };
    let other = branch("other", 2, &paths);
    let grows = branch("grows", unrelated, &Rc::default());
    let same = branch("same", 3, &paths);
    for task in [other, grows, same] {
        task.await.expect("it returns");
    }
    let mut paths = paths.take();
    paths.sort();
    paths
}

#[test]
fn a_path_depends_on_a_tasks_ancestors_alone() {
    let paths = Run::new().plain().execute(|| tree(0)).result.expect("it passes");
    let expected = [
        "other main.1",
        "other-0 main.1.1",
        "other-1 main.1.2",
        "same main.3",
        "same-0 main.3.1",
        "same-1 main.3.2",
        "same-2 main.3.3",
    ];
    assert_eq!(paths, expected);
    for seed in 0..30 {
        let unrelated = seed as usize % 4;
        let again = Run::new().seed(seed).execute(|| tree(unrelated));
        assert_eq!(again.result.expect("it passes"), expected, "seed {seed}");
    }
}

#[test]
fn names_and_spawn_sites_stand_in_traces_and_findings() {
    let line = line!() + 2;
    let outcome = Run::new().traced().execute(|| async {
        let reaper = task().named("reaper").spawn(std::future::pending::<()>());
        assert_eq!(reaper.path().as_deref(), Some("main.1"));
        assert_eq!(format!("{reaper:?}"), "<JoinHandle main.1>");
        reaper.await
    });
    let trace = outcome.trace.as_ref().expect("it is traced").clone();
    assert_eq!(trace.tasks[1].title(), "main.1 reaper");
    let spawned = trace.tasks[1].spawned.clone().expect("it was spawned");
    assert!(spawned.file.ends_with("executor.rs"), "{spawned}");
    assert_eq!(spawned.line, line);
    let finding = finding_of(outcome, Kind::Deadlock);
    assert_eq!(finding.blocked[1].task, "main.1 reaper");
    assert_eq!(finding.blocked[1].spawned.as_ref(), Some(&spawned));
    assert!(finding.to_string().contains("main.1 reaper waits for an unknown future"));
}

#[test]
fn what_a_run_leaves_unfinished_is_counted_but_for_daemons() {
    let outcome = Run::new().execute(|| async {
        spawn(std::future::pending::<()>());
        spawn(async { yield_now().await });
        task().daemon().spawn(std::future::pending::<()>());
    });
    assert_eq!((outcome.tasks, outcome.unfinished), (4, 2));
    let all_joined = Run::new().execute(|| async { spawn(async {}).await });
    assert_eq!((all_joined.tasks, all_joined.unfinished), (2, 0));
}

#[test]
fn the_main_future_ends_the_run_whoever_else_is_ready() {
    let ran = Cell::new(0);
    for mode in [COOPERATIVE, PREEMPTIVE] {
        let outcome = crate::run_in(mode).plain().execute(|| async {
            spawn(async { panic!("is never polled") });
            ran.set(ran.get() + 1);
        });
        assert_eq!(outcome.result, Ok(()));
    }
    assert_eq!(ran.get(), 2);
}
