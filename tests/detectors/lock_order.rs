//! Locks taken in opposite orders, in runs that get through: found when a run can be steered into
//! the deadlock, and only then.

use std::rc::Rc;

use unpick::primitives::{Lock, RwLock, Semaphore};
use unpick::sim::options::{Detection, Detectors};
use unpick::sim::{Run, hunt, spawn, step};
use unpick::{Hunt, Kind, Report, Switching};

type Locks = Rc<[Lock<()>; 3]>;

fn locks() -> Locks {
    Rc::new(["ham", "spam", "eggs"].map(|name| Lock::new(()).named(name)))
}

/// One run, the plain one, which gets through; and then whatever it is steered into.
fn after_a_plain_run<F, Fut>(program: F) -> Report
where
    F: Fn() -> Fut + Send + Sync,
    Fut: Future<Output = ()>,
{
    assert_eq!(Run::new().plain().execute(&program).result, Ok(()));
    Hunt::new("lock order").runs(1).quiet().run(program)
}

async fn take(locks: &Locks, first: usize, second: usize) {
    let _first = locks[first].lock().await;
    let _second = locks[second].lock().await;
}

async fn join(tasks: impl IntoIterator<Item = unpick::sim::JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
}

/// Takes the locks in each of these orders, in a task each, after so many steps.
async fn in_orders(orders: impl IntoIterator<Item = (usize, usize, usize)>) {
    let locks = locks();
    let tasks = orders.into_iter().map(|(first, second, steps)| {
        let locks = locks.clone();
        spawn(async move {
            for _ in 0..steps {
                step().await;
            }
            take(&locks, first, second).await;
        })
    });
    let tasks: Vec<_> = tasks.collect();
    join(tasks).await;
}

#[test]
fn opposite_orders_are_steered_into_their_deadlock() {
    let report = after_a_plain_run(|| in_orders([(0, 1, 30), (1, 0, 0)]));
    report.assert_finds(Kind::Deadlock);
    let finding = report.finding().expect("a deadlock");
    let evidence = finding.evidence.last().expect("what it was steered by");
    let file = "tests/detectors/lock_order.rs";
    assert!(
        evidence.contains(&format!("lock ham ({file}:28) and then lock spam ({file}:29)")),
        "{evidence}"
    );
    assert!(
        evidence.contains(&format!("lock spam ({file}:28) and then lock ham ({file}:29)")),
        "{evidence}"
    );
    let tape = &report.failures[0].tape;
    let replayed = Run::new().replay(tape).execute(|| in_orders([(0, 1, 30), (1, 0, 0)]));
    let again = hunt::judge(replayed).result.expect_err("its tape is as good as any");
    assert_eq!(again.kind, Kind::Deadlock);
    assert!(report.to_string().contains("in a run beyond the 1 of the hunt"), "{report}");
}

#[test]
fn a_ring_of_three_is_steered_into_as_well() {
    let report = after_a_plain_run(|| in_orders([(0, 1, 20), (1, 2, 9), (2, 0, 0)]));
    report.assert_finds(Kind::Deadlock);
}

#[test]
fn permits_and_writers_count_as_locks() {
    let program = || async {
        let both = Rc::new((Semaphore::new(1), RwLock::new(())));
        let other = both.clone();
        let one = spawn(async move {
            let _permit = both.0.acquire().await;
            let _writer = both.1.write().await;
        });
        let two = spawn(async move {
            let _writer = other.1.write().await;
            let _permit = other.0.acquire().await;
        });
        join([one, two]).await;
    };
    after_a_plain_run(program).assert_finds(Kind::Deadlock);
}

#[test]
fn the_detector_can_be_switched_off() {
    let detectors = Detectors { lock_order: Detection::Off, ..Detectors::DEFAULT };
    let hunt = Hunt::new("off").runs(1).quiet().detectors(detectors);
    hunt.run(|| in_orders([(0, 1, 30), (1, 0, 0)])).assert_ok();
}

#[test]
fn one_order_for_all_is_none() {
    after_a_plain_run(|| in_orders([(0, 1, 2), (0, 1, 0), (1, 2, 0), (0, 2, 1)])).assert_ok();
}

/// Near miss: the order of one task is the opposite of its own.
#[test]
fn opposite_orders_of_one_task_are_none() {
    let program = || async {
        let locks = locks();
        take(&locks, 0, 1).await;
        take(&locks, 1, 0).await;
    };
    after_a_plain_run(program).assert_ok();
}

/// Near miss: whoever has the gate is alone.
#[test]
fn opposite_orders_behind_a_common_lock_are_none() {
    let program = || async {
        let locks = locks();
        let tasks = [(0, 1), (1, 0)].map(|(first, second)| {
            let locks = locks.clone();
            spawn(async move {
                let _gate = locks[2].lock().await;
                take(&locks, first, second).await;
            })
        });
        join(tasks).await;
    };
    after_a_plain_run(program).assert_ok();
}

/// Near miss: one is over before the other begins.
#[test]
fn opposite_orders_one_after_the_other_are_none() {
    let program = || async {
        for (first, second) in [(0, 1), (1, 0)] {
            let locks = locks();
            spawn(async move { take(&locks, first, second).await }).await.expect("it returns");
        }
        let locks = locks();
        for (first, second) in [(0, 1), (1, 0)] {
            let locks = locks.clone();
            spawn(async move { take(&locks, first, second).await }).await.expect("it returns");
        }
    };
    after_a_plain_run(program).assert_ok();
}

/// Near miss: readers let one another in, whatever their order.
#[test]
fn readers_in_opposite_orders_are_none() {
    let program = || async {
        let locks = Rc::new([RwLock::new(()), RwLock::new(())]);
        let tasks = [(0, 1), (1, 0)].map(|(first, second)| {
            let locks = locks.clone();
            spawn(async move {
                let _first = locks[first].read().await;
                let _second = locks[second].read().await;
            })
        });
        join(tasks).await;
    };
    after_a_plain_run(program).assert_ok();
}

#[test]
fn a_hunt_that_only_gives_way_where_it_waits_is_not_steered() {
    let hunt = Hunt::new("cooperative").runs(1).quiet().switching(Switching::Cooperative);
    hunt.run(|| in_orders([(0, 1, 0), (1, 0, 0)])).assert_ok();
}
