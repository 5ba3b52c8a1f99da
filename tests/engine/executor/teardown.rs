//! What is left of a run is dropped inside of it, in a fixed order.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;

use unpick::sim::finding::Kind;
use unpick::sim::{Run, current_path, probe, spawn, yield_now};

use crate::finding_of;
use crate::support::probed::Lock;

type Log = Rc<RefCell<Vec<String>>>;

/// Says when it is dropped, and as which task.
struct Tells(Log, &'static str);

impl Drop for Tells {
    fn drop(&mut self) {
        assert!(probe::is_inside_run());
        let path = current_path().unwrap_or_default();
        self.0.borrow_mut().push(format!("{} as {path}", self.1));
    }
}

fn stay(tells: Tells) {
    spawn(async move {
        let _tells = tells;
        pending::<()>().await;
    });
}

#[test]
fn the_main_future_goes_first_and_then_the_tasks_in_the_order_of_spawning() {
    for seed in 0..20 {
        let log = Log::default();
        let outcome = Run::new().seed(seed).execute(|| {
            let log = Rc::clone(&log);
            async move {
                let _own = Tells(Rc::clone(&log), "main");
                stay(Tells(Rc::clone(&log), "first"));
                stay(Tells(Rc::clone(&log), "second"));
                spawn({
                    let log = Rc::clone(&log);
                    async move { stay(Tells(log, "child")) }
                })
                .await
                .expect("it returns");
                stay(Tells(Rc::clone(&log), "last"));
                pending::<()>().await;
            }
        });
        finding_of(outcome, Kind::Deadlock);
        let expected = [
            "main as main",
            "first as main.1",
            "second as main.2",
            "child as main.3.1",
            "last as main.4",
        ];
        assert_eq!(log.take(), expected, "seed {seed}");
    }
}

#[test]
fn what_a_drop_spawns_is_dropped_as_well() {
    struct Spawns(Option<Log>, u32);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let Some(log) = self.0.take() else { return };
            log.borrow_mut().push(format!("{}", self.1));
            if self.1 < 3 {
                let next = Spawns(Some(log), self.1 + 1);
                spawn(async move {
                    let _next = next;
                    pending::<()>().await;
                });
            }
        }
    }
    let log = Log::default();
    let outcome = Run::new().execute(|| {
        let spawns = Spawns(Some(Rc::clone(&log)), 0);
        async move {
            let _spawns = spawns;
        }
    });
    assert_eq!(outcome.result, Ok(()));
    log.borrow_mut().clear();
    let outcome = Run::new().execute(|| {
        let spawns = Spawns(Some(Rc::clone(&log)), 0);
        async move {
            spawn(async move {
                let _spawns = spawns;
                pending::<()>().await;
            });
        }
    });
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(log.take(), ["0", "1", "2", "3"]);
    assert_eq!(outcome.tasks, 5);
}

#[test]
fn drops_may_unlock_wake_and_complete_what_others_wait_for() {
    let outcome = Run::new().execute(|| async {
        let lock = Rc::new(Lock::new());
        let held = Rc::clone(&lock);
        spawn(async move {
            let _guard = held.acquire().await;
            pending::<()>().await;
        });
        let (sender, receiver) = futures::channel::oneshot::channel::<()>();
        spawn(async move {
            let _sender = sender;
            pending::<()>().await;
        });
        for _ in 0..3 {
            let lock = Rc::clone(&lock);
            spawn(async move { drop(lock.acquire().await) });
        }
        spawn(async move { receiver.await.is_err() });
        for _ in 0..5 {
            yield_now().await;
        }
    });
    assert_eq!(outcome.result, Ok(()));
}

#[test]
fn a_handle_that_a_left_behind_task_keeps_is_dropped_with_it() {
    let outcome = Run::new().execute(|| async {
        let (sender, receiver) = futures::channel::oneshot::channel();
        let holder = spawn(async move {
            let handle: unpick::sim::JoinHandle<Tells> = receiver.await.expect("it is sent");
            handle.await.ok();
        });
        let log = Log::default();
        let inside = Rc::clone(&log);
        let task = spawn(async move {
            yield_now().await;
            Tells(inside, "output")
        });
        assert!(sender.send(task).is_ok());
        drop(holder);
        yield_now().await;
        log
    });
    let log = outcome.result.expect("it passes");
    assert!(Rc::into_inner(log).is_some(), "nothing of the run is left");
}

#[test]
fn a_finding_drops_everything_too() {
    let log = Log::default();
    let outcome = Run::new().plain().execute(|| {
        let log = Rc::clone(&log);
        async move {
            stay(Tells(Rc::clone(&log), "bystander"));
            spawn(async { panic!("on purpose") });
            let _own = Tells(log, "main");
            pending::<()>().await;
        }
    });
    finding_of(outcome, Kind::Panic);
    assert_eq!(log.borrow().as_slice(), ["main as main", "bystander as main.1"]);
    assert_eq!(Rc::strong_count(&log), 1);
}
