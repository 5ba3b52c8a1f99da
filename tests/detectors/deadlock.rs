//! Deadlocks: the ring is named, and only where there is one.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::select;
use unpick::primitives::task::{sleep, timeout};
use unpick::primitives::{Event, Lock, RwLock, Semaphore};
use unpick::sim::options::{Detection, Detectors, Options};
use unpick::sim::{JoinHandle, spawn, task, yield_now};
use unpick::{Finding, Kind, Run, Switching};

use crate::{in_lockstep, kinds};

fn deadlock_of<Fut: Future<Output = ()>>(program: impl FnOnce() -> Fut) -> Finding {
    let finding = in_lockstep(Options::default(), program).expect("a deadlock");
    assert_eq!(finding.kind, Kind::Deadlock);
    finding
}

#[test]
fn tasks_that_hold_what_the_next_one_wants_are_a_ring() {
    let finding = deadlock_of(|| async {
        let forks = Rc::new([0, 1, 2].map(|_| Lock::new(())));
        let dine = |seat: usize, forks: Rc<[Lock<()>; 3]>| async move {
            let _left = forks[seat].lock().await;
            let _right = forks[(seat + 1) % 3].lock().await;
        };
        let names = ["ada", "ben", "cem"];
        let tasks =
            [0, 1, 2].map(|seat| task().named(names[seat]).spawn(dine(seat, forks.clone())));
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    });
    let ring = "3 tasks wait in a ring: main.1 ada -> main.2 ben -> main.3 cem -> main.1 ada";
    assert_eq!(finding.message, ring);
    insta::assert_snapshot!("ring_of_three", finding);
}

#[test]
fn a_task_that_waits_for_what_it_holds_is_a_ring_of_one() {
    let finding = deadlock_of(|| async {
        let lock = Lock::new(());
        let _held = lock.lock().await;
        let _again = lock.lock().await;
    });
    assert_eq!(finding.message, "main waits for what it holds itself");
}

#[test]
fn a_task_that_joins_who_waits_for_its_lock_is_in_a_ring() {
    let finding = deadlock_of(|| async {
        let lock = Rc::new(Lock::new(()));
        let _held = lock.lock().await;
        let wanted = lock.clone();
        let child = spawn(async move { drop(wanted.lock().await) });
        child.await.expect("nobody aborts it");
    });
    assert_eq!(finding.message, "2 tasks wait in a ring: main -> main.1 -> main");
}

#[test]
fn a_permit_that_nobody_gives_back_is_no_ring() {
    let finding = deadlock_of(|| async {
        let semaphore = Rc::new(Semaphore::new(1));
        let leaked = semaphore.clone();
        spawn(async move { leaked.acquire_unguarded().await }).await.expect("it returns");
        drop(semaphore.acquire().await);
    });
    assert!(!finding.message.contains("ring"), "{finding}");
    assert_eq!(finding.blocked[0].waits[0].holders[0].task, "main.1 (ended)");
}

#[test]
fn a_future_that_was_handed_over_is_named_by_the_line_that_awaits_it() {
    let program = || async { unpick::sim::hand_over(std::future::pending::<()>()).await };
    let findings = (0..20).map(|seed| {
        let outcome = Run::new().seed(seed).execute(program);
        outcome.result.expect_err("it never comes")
    });
    let moved = findings.into_iter().find(|finding| finding.blocked.len() == 2);
    let moved = moved.expect("in one of twenty runs it is moved");
    let (joins, spawned) = (&moved.blocked[0].waits[0], &moved.blocked[1].spawned);
    assert_eq!(joins.place.file, "tests/detectors/deadlock.rs");
    assert_eq!(spawned.as_ref(), Some(&joins.place));
}

#[test]
fn waiting_for_what_never_comes_is_no_ring() {
    let finding = deadlock_of(std::future::pending);
    assert!(!finding.message.contains("ring"), "{finding}");
}

/// Two tasks that take two locks in opposite orders, while main does this beside them.
async fn ring_beside<Fut: Future<Output = ()>>(beside: impl FnOnce() -> Fut) {
    let locks = Rc::new([Lock::new(()).named("one"), Lock::new(()).named("two")]);
    for (first, second) in [(0, 1), (1, 0)] {
        let locks = locks.clone();
        drop(spawn(async move {
            let _first = locks[first].lock().await;
            sleep(Duration::from_millis(1)).await;
            let _second = locks[second].lock().await;
        }));
    }
    beside().await;
}

#[test]
fn a_ring_is_found_although_a_ticker_goes_on_for_ever() {
    let finding = deadlock_of(|| {
        ring_beside(|| async {
            loop {
                sleep(Duration::from_secs(1)).await;
            }
        })
    });
    assert_eq!(
        finding.message,
        "2 tasks wait in a ring: main.1 -> main.2 -> main.1, and others go on"
    );
    insta::assert_snapshot!("ring_beside_a_ticker", finding);
}

#[test]
fn a_ring_is_found_although_the_main_future_ends() {
    let finding = deadlock_of(|| ring_beside(|| sleep(Duration::from_secs(1))));
    assert!(finding.message.starts_with("2 tasks wait in a ring"), "{finding}");
}

#[test]
fn rings_beside_others_can_be_left_alone() {
    let options = Options {
        detectors: Detectors { deadlocks: Detection::Off, ..Detectors::DEFAULT },
        ..Options::default()
    };
    assert_eq!(in_lockstep(options, || ring_beside(|| sleep(Duration::from_secs(1)))), None);
}

/// Two tasks, one of which gives up; and others go on.
async fn ring_that_breaks<Fut: Future<Output = ()>>(give_up: impl FnOnce(Rc<Lock<()>>) -> Fut) {
    let [one, two] = [Lock::new(()), Lock::new(())].map(Rc::new);
    let (first, second) = (one.clone(), two.clone());
    let patient = spawn(async move {
        let _first = first.lock().await;
        sleep(Duration::from_millis(1)).await;
        let _second = second.lock().await;
    });
    let held = two.lock().await;
    sleep(Duration::from_millis(1)).await;
    give_up(one).await;
    drop(held);
    patient.await.expect("nobody aborts it");
}

#[test]
fn a_timeout_around_one_member_makes_it_no_deadlock() {
    let program = || {
        ring_that_breaks(|one| async move {
            let second = timeout(Duration::from_secs(1), one.lock()).await;
            assert!(second.is_err(), "it gives up");
        })
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn another_arm_of_a_select_makes_it_no_deadlock() {
    let program = || {
        ring_that_breaks(|one| async move {
            let stop = Rc::new(Event::new());
            let stopped = stop.clone();
            drop(spawn(async move {
                for _ in 0..3000 {
                    yield_now().await;
                }
                stopped.set();
            }));
            drop(select(pin!(one.lock()), pin!(stop.wait())).await);
        })
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

/// The other arm is not instrumented.
#[test]
fn an_unknown_arm_of_a_select_makes_it_no_deadlock() {
    let program = || {
        ring_that_breaks(|one| async move {
            let (stop, stopped) = futures::channel::oneshot::channel::<()>();
            drop(spawn(async move {
                for _ in 0..3000 {
                    yield_now().await;
                }
                stop.send(()).expect("it is waited for");
            }));
            drop(select(pin!(one.lock()), stopped).await);
        })
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn an_abort_from_outside_makes_it_no_deadlock() {
    let program = || async {
        let [one, two] = [Lock::new(()), Lock::new(())].map(Rc::new);
        let tasks = [(one.clone(), two.clone()), (two, one)].map(|(first, second)| {
            spawn(async move {
                let _first = first.lock().await;
                sleep(Duration::from_millis(1)).await;
                let _second = second.lock().await;
            })
        });
        for _ in 0..100 {
            yield_now().await;
        }
        sleep(Duration::from_millis(2)).await;
        let [stopped, other] = tasks;
        stopped.abort();
        other.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

/// A guard that another task lets go of: nobody knows beforehand that it will.
#[test]
fn a_guard_that_is_dropped_elsewhere_makes_it_no_deadlock() {
    let program = || async {
        let one: &'static Lock<()> = Box::leak(Box::new(Lock::new(())));
        let two = Rc::new(Lock::new(()));
        let kept = Rc::new(std::cell::RefCell::new(None));
        let (place, second) = (kept.clone(), two.clone());
        let giver = spawn(async move {
            *place.borrow_mut() = Some(one.lock().await);
            sleep(Duration::from_millis(1)).await;
            drop(second.lock().await);
        });
        let taker = spawn(async move {
            let _second = two.lock().await;
            sleep(Duration::from_millis(1)).await;
            drop(one.lock().await);
        });
        sleep(Duration::from_millis(5)).await;
        drop(kept.borrow_mut().take());
        giver.await.expect("nobody aborts it");
        taker.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn permits_whose_holders_all_wait_for_more_are_a_knot() {
    let finding = deadlock_of(|| async {
        let permits = Rc::new(Semaphore::new(2).named("permits"));
        for _ in 0..2 {
            let permits = permits.clone();
            drop(spawn(async move {
                let _one = permits.acquire().await;
                sleep(Duration::from_millis(1)).await;
                let _other = permits.acquire().await;
            }));
        }
        loop {
            sleep(Duration::from_secs(1)).await;
        }
    });
    assert!(finding.message.ends_with("and others go on"), "{finding}");
}

/// Near miss: one of the two that hold a permit gives it back.
#[test]
fn permits_one_of_whose_holders_goes_on_are_no_knot() {
    let program = || async {
        let permits = Rc::new(Semaphore::new(2));
        let held = permits.acquire().await;
        let wanted = permits.clone();
        let task = spawn(async move {
            let _one = wanted.acquire().await;
            let _other = wanted.acquire().await;
        });
        for _ in 0..3000 {
            yield_now().await;
        }
        drop(held);
        task.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn whoever_shares_out_what_each_wants_more_of_is_named() {
    let finding = deadlock_of(|| async {
        let permits = Rc::new(Semaphore::new(2).named("permits"));
        let tasks = ["one", "two"].map(|name| {
            let permits = permits.clone();
            task().named(name).spawn(async move {
                let _first = permits.acquire().await;
                yield_now().await;
                let _second = permits.acquire().await;
            })
        });
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    });
    let message = "2 tasks hold the 2 permits of semaphore permits that are out, and each waits for \
                   more: main.1 one, main.2 two";
    assert_eq!(finding.message, message);
    let story = finding.story.join("\n");
    let holds = story.lines().filter(|line| line.contains("holds semaphore permits since"));
    assert_eq!(holds.count(), 2, "each is a member: {finding}");
    let behind = story.lines().find(|line| line.starts_with("stuck behind them: "));
    assert!(behind.is_some_and(|line| line.contains("main waits") && !line.contains("two waits")));
}

/// Beside a task that goes on for ever, a ring is found only by looking as far as it reaches.
#[test]
fn a_ring_of_hundreds_is_found_beside_others() {
    const SEATS: usize = 300;
    let finding = deadlock_of(|| async {
        let forks: Rc<[Lock<()>]> = (0..SEATS).map(|_| Lock::new(())).collect();
        let dine = |seat: usize, forks: Rc<[Lock<()>]>| async move {
            let _left = forks[seat].lock().await;
            let _right = forks[(seat + 1) % SEATS].lock().await;
        };
        let tasks: Vec<_> = (0..SEATS).map(|seat| spawn(dine(seat, forks.clone()))).collect();
        drop(tasks);
        loop {
            yield_now().await;
        }
    });
    assert!(finding.message.starts_with("300 tasks wait in a ring: main.1 -> "), "{finding}");
    assert!(finding.message.ends_with(", and others go on"), "{finding}");
    let lines = finding.to_string().lines().count();
    assert!(lines < 30, "{lines} lines");
}

/// Two tasks that lock two locks in opposite orders, and get stuck in the plain run.
fn two_in_a_ring() -> [JoinHandle<()>; 2] {
    let locks = Rc::new([Lock::new(()), Lock::new(())]);
    [(0, 1), (1, 0)].map(|(first, second)| {
        let locks = locks.clone();
        spawn(async move {
            let _first = locks[first].lock().await;
            yield_now().await;
            let _second = locks[second].lock().await;
        })
    })
}

async fn yield_times(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Near miss: both rings are broken by an abort before their own time is up, and the second one
/// is there when the time of the first one is.
#[test]
fn each_ring_is_given_its_own_time() {
    let execute = |patience: usize| {
        let options = Options { ring_steps: 100, ..Options::default() };
        let outcome = Run::with(options).plain().execute(|| async move {
            let first = two_in_a_ring();
            yield_times(60).await;
            assert!(first.iter().all(JoinHandle::abort));
            let second = two_in_a_ring();
            yield_times(patience).await;
            assert!(second.iter().all(JoinHandle::abort));
            for task in first.into_iter().chain(second) {
                let _aborted = task.await;
            }
        });
        outcome.result.err().map(|finding| finding.kind)
    };
    assert_eq!(execute(80), None);
    assert_eq!(execute(160), Some(Kind::Deadlock), "longer than a ring is given");
}

/// Near miss: of the two that have a permit one waits for the lock of whoever wants a permit, and
/// the other one comes back.
#[test]
fn whoever_wants_a_permit_that_one_of_its_holders_gives_back_is_not_stuck() {
    let program = || async {
        let permits = Rc::new(Semaphore::new(2));
        let (lock, is_over) = (Rc::new(Lock::new(())), Rc::new(Event::new()));
        let (mine, locked) = (permits.clone(), lock.clone());
        let waits_for_the_lock = spawn(async move {
            let _permit = mine.acquire().await;
            yield_times(3).await;
            drop(locked.lock().await);
        });
        let (mine, ended) = (permits.clone(), is_over.clone());
        let comes_back = spawn(async move {
            let _permit = mine.acquire().await;
            ended.wait().await;
        });
        let wants_a_permit = spawn(async move {
            let _locked = lock.lock().await;
            yield_times(3).await;
            drop(permits.acquire().await);
        });
        yield_times(3000).await;
        is_over.set();
        for task in [waits_for_the_lock, comes_back, wants_a_permit] {
            task.await.expect("nobody aborts it");
        }
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

/// Near miss: whoever is behind a writer in the queue of readers goes on when that gives up.
#[test]
fn whoever_waits_behind_a_writer_that_gives_up_is_not_stuck() {
    let program = || async {
        let (shelf, lock) = (Rc::new(RwLock::new(())), Rc::new(Lock::new(())));
        let (read, locked, written) = (shelf.clone(), lock.clone(), shelf.clone());
        let first = spawn(async move {
            let _read = read.read().await;
            yield_times(6).await;
            drop(locked.lock().await);
        });
        let writer = spawn(async move {
            yield_times(2).await;
            assert!(timeout(Duration::from_secs(1), written.write()).await.is_err());
        });
        let second = spawn(async move {
            let _locked = lock.lock().await;
            yield_times(5).await;
            drop(shelf.read().await);
        });
        yield_times(3000).await;
        for task in [first, writer, second] {
            task.await.expect("nobody aborts it");
        }
    };
    assert_eq!(Run::new().plain().execute(program).result, Ok(()));
}

/// Near miss: once guards of a lock were seen to be dropped by others than took them, nobody who
/// waits for it is certain to be stuck, however long it takes.
#[test]
fn a_lock_whose_guards_travel_is_in_no_ring() {
    use std::sync::Arc;

    let outcome = Run::new().plain().execute(|| async {
        let (lock, other) = (Arc::new(Lock::new(())), Rc::new(Lock::new(())));
        let guard = lock.clone().lock_owned().await;
        spawn(async move { drop(guard) }).await.expect("nobody aborts it");
        let guard = lock.clone().lock_owned().await;
        let carrier = spawn(async move {
            yield_times(3000).await;
            drop(guard);
        });
        let held = other.clone();
        let waits = spawn(async move {
            let _held = held.lock().await;
            drop(lock.lock_owned().await);
        });
        yield_times(3).await;
        drop(other.lock().await);
        carrier.await.expect("nobody aborts it");
        waits.await.expect("nobody aborts it");
    });
    assert_eq!(outcome.result, Ok(()));
}

#[test]
fn a_join_that_closes_a_ring_is_found_beside_others() {
    let finding = deadlock_of(|| async {
        drop(spawn(async {
            loop {
                sleep(Duration::from_millis(1)).await;
            }
        }));
        let lock = Rc::new(Lock::new(()));
        let _held = lock.lock().await;
        let wanted = lock.clone();
        let child = spawn(async move { drop(wanted.lock().await) });
        // The child waits for the lock when it is joined.
        sleep(Duration::from_millis(2)).await;
        child.await.expect("nobody aborts it");
    });
    let ring = "2 tasks wait in a ring: main -> main.2 -> main, and others go on";
    assert_eq!(finding.message, ring);
}
