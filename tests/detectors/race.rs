//! Races on shared variables.

use std::rc::Rc;

use unpick::primitives::{Event, Lock, Notify, Queue, RwLock, Semaphore, mpsc};
use unpick::sim::options::{Detection, Detectors, Options, Tracing};
use unpick::sim::{Shared, spawn, step, task};
use unpick::{Kind, Run, Switching};

use crate::{in_lockstep, kinds};

async fn unordered_writes() {
    let variable = Rc::new(Shared::new(0));
    let writers = [1, 2].map(|value| {
        let variable = variable.clone();
        spawn(async move { variable.set(value) })
    });
    for writer in writers {
        writer.await.expect("nobody aborts it");
    }
}

#[test]
fn two_writes_that_nothing_orders_race() {
    let finding = in_lockstep(Options::default(), unordered_writes).expect("a race");
    assert_eq!(finding.kind, Kind::Race);
    let message = "main.1 wrote it (tests/detectors/race.rs:16) and main.2 wrote it (:16), and \
                   nothing orders the two";
    assert_eq!(finding.message, message);
    assert_eq!(finding.headline(), "RACE on shared#1");
}

#[test]
fn a_traced_run_tells_what_each_task_held_and_had_done() {
    let program = || async {
        let count = Rc::new(Shared::new(1).named("count"));
        let (right, wrong) = (Lock::new(()).named("right"), Lock::new(()).named("wrong"));
        let locks = Rc::new([right, wrong]);
        let tasks = [("adder", 0), ("doubler", 1)].map(|(name, lock)| {
            let (count, locks) = (count.clone(), locks.clone());
            task().named(name).spawn(async move {
                let _guard = locks[lock].lock().await;
                count.update(|count| *count += 1);
            })
        });
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    };
    let options = Options { tracing: Tracing::On, ..Options::default() };
    let finding = in_lockstep(options, program).expect("a race");
    insta::assert_snapshot!("race_under_two_locks", finding.to_string());
}

#[test]
fn cooperative_switching_has_no_races() {
    assert_eq!(kinds(Switching::Cooperative, unordered_writes), [None]);
}

#[test]
fn the_detector_can_be_switched_off() {
    let options = Options {
        detectors: Detectors { races: Detection::Off, ..Detectors::DEFAULT },
        ..Options::default()
    };
    assert_eq!(in_lockstep(options, unordered_writes), None);
}

#[test]
fn a_synchronized_variable_has_no_races() {
    let program = || async {
        let variable = Rc::new(Shared::synchronized(0));
        let writers = [1, 2].map(|value| {
            let variable = variable.clone();
            spawn(async move { variable.set(value) })
        });
        for writer in writers {
            writer.await.expect("nobody aborts it");
        }
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn two_reads_do_not_race() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        let readers = [1, 2].map(|_| {
            let variable = variable.clone();
            spawn(async move { assert_eq!(variable.get(), 0) })
        });
        for reader in readers {
            reader.await.expect("nobody aborts it");
        }
        variable.set(1);
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

/// Two tasks add to a variable, each inside of what `$enter` gives.
macro_rules! guarded {
    ($name:ident, $guard:expr, $one:ident => $enter:expr, $expected:expr) => {
        #[test]
        fn $name() {
            let program = || async {
                let guard = Rc::new($guard);
                let variable = Rc::new(Shared::new(0));
                let tasks = [1, 2].map(|_| {
                    let ($one, variable) = (guard.clone(), variable.clone());
                    spawn(async move {
                        let _inside = $enter;
                        let seen = variable.get();
                        variable.set(seen + 1);
                        step().await;
                    })
                });
                for task in tasks {
                    task.await.expect("nobody aborts it");
                }
            };
            assert_eq!(kinds(Switching::Preemptive, program), $expected);
        }
    };
}

// Whoever leaves before the other enters is ordered before it, by chance: only some schedules race.
guarded!(a_lock_orders, Lock::new(()), guard => guard.lock().await, [None]);
guarded!(a_writer_orders, RwLock::new(()), guard => guard.write().await, [None]);
guarded!(one_permit_orders, Semaphore::new(1), guard => guard.acquire().await, [None]);
// Of readers that does not hold: what one has done is nothing to another.
guarded!(readers_never_order, RwLock::new(()), guard => guard.read().await, [Some(Kind::Race)]);
guarded!(two_permits_do_not_order, Semaphore::new(2), guard => guard.acquire().await, [None, Some(Kind::Race)]);

#[test]
fn two_locks_do_not_order() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        let tasks = [1, 2].map(|_| {
            let variable = variable.clone();
            spawn(async move {
                let own = Lock::new(());
                let _inside = own.lock().await;
                variable.set(1);
            })
        });
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    };
    assert_eq!(kinds(Switching::Preemptive, program), [Some(Kind::Race)]);
}

/// One task writes and signals; another one waits and reads.
macro_rules! signalled {
    ($name:ident, $signal:expr, $one:ident => $give:expr, $other:ident => $take:expr) => {
        #[test]
        fn $name() {
            let program = || async {
                let signal = Rc::new($signal);
                let variable = Rc::new(Shared::new(0));
                let ($one, written) = (signal.clone(), variable.clone());
                let writer = spawn(async move {
                    written.set(7);
                    $give;
                });
                let $other = signal;
                let reader = spawn(async move {
                    $take;
                    assert_eq!(variable.get(), 7);
                });
                writer.await.expect("nobody aborts it");
                reader.await.expect("nobody aborts it");
            };
            assert_eq!(kinds(Switching::Preemptive, program), [None]);
        }
    };
}

signalled!(an_event_orders, Event::new(), event => event.set(), event => event.wait().await);
signalled!(a_notification_orders, Notify::new(), notify => notify.notify_one(), notify => notify.notified().await);
signalled!(an_item_orders, Queue::new(0), queue => queue.put(()).await.expect("open"), queue => queue.get().await.expect("open"));

/// The reader gets the message of another sender, which says nothing of the writer.
#[test]
fn a_message_orders_its_own_sender_only() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let written = variable.clone();
        let writer = spawn(async move { written.set(1) });
        let other = spawn(async move { sender.send(()).expect("open") });
        let reader = spawn(async move {
            receiver.recv().await.expect("sent");
            variable.get()
        });
        writer.await.expect("nobody aborts it");
        other.await.expect("nobody aborts it");
        reader.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [Some(Kind::Race)]);
}

#[test]
fn spawning_and_joining_order() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        variable.set(1);
        let child = variable.clone();
        spawn(async move { child.set(2) }).await.expect("nobody aborts it");
        variable.set(3);
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn not_joining_does_not_order() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        let child = variable.clone();
        let task = spawn(async move { child.set(2) });
        variable.set(3);
        task.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [Some(Kind::Race)]);
}

#[test]
fn what_is_held_is_told_from_what_another_task_took_elsewhere_before() {
    let line = line!() + 8;
    let program = || async {
        let count = Rc::new(Shared::new(0));
        let lock = Rc::new(RwLock::new(()));
        // One after the other, so that the second hold may have the place of the first.
        let (first, second) = ((count.clone(), lock.clone()), (count, lock));
        let tasks = [
            spawn(async move {
                let _held = first.1.read().await;
                first.0.update(|count| *count += 1);
            }),
            spawn(async move {
                let _held = second.1.read().await;
                second.0.update(|count| *count += 1);
            }),
        ];
        for task in tasks {
            task.await.expect("nobody aborts it");
        }
    };
    let finding = Run::new().plain().execute(program).result.expect_err("a race");
    let held = finding.story.iter().filter_map(|line| line.split_once("taken at "));
    let held: Vec<&str> = held.map(|(_, place)| place).collect();
    assert_eq!(held, [format!(":{line})"), format!(":{})", line + 4)], "{:#?}", finding.story);
}
