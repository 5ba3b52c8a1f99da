//! What each primitive orders, and what it does not: what was done before a signal was given
//! happens before what is done after it was taken; what is done after giving it does not.

use std::rc::Rc;

use unpick::primitives::task::{as_completed, gather_results, task_group, timeout};
use unpick::primitives::{
    Barrier, CancellationToken, Condition, Event, Future, Lock, Notify, OnceCell, PriorityQueue,
    Queue, RwLock, Semaphore, broadcast, mpsc, oneshot, watch,
};
use unpick::sim::{Shared, spawn, step, yield_now};
use unpick::{Kind, Switching};

use crate::kinds;

fn pair<T>(thing: T) -> (Rc<T>, Rc<T>) {
    let thing = Rc::new(thing);
    (thing.clone(), thing)
}

/// When the giver writes what the taker reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writes {
    Before,
    After,
}

/// One task gives and another one takes.
macro_rules! edge {
    ($name:ident, $make:expr, $giver:pat => $give:expr, $taker:pat => $take:expr) => {
        #[test]
        fn $name() {
            let program = |writes: Writes| {
                move || async move {
                    let (giver, taker) = $make;
                    let variable = Rc::new(Shared::new(0));
                    let written = variable.clone();
                    let writer = spawn(async move {
                        let $giver = giver;
                        if writes == Writes::Before {
                            written.set(7);
                        }
                        $give;
                        if writes == Writes::After {
                            written.set(7);
                        }
                        // Whatever the giver's drop orders comes later.
                        step().await;
                    });
                    let reader = spawn(async move {
                        let $taker = taker;
                        $take;
                        variable.get();
                    });
                    writer.await.expect("nobody aborts it");
                    reader.await.expect("nobody aborts it");
                }
            };
            assert_eq!(kinds(Switching::Preemptive, program(Writes::Before)), [None]);
            let found = kinds(Switching::Preemptive, program(Writes::After));
            assert!(found.contains(&Some(Kind::Race)), "{found:?}");
        }
    };
}

edge!(event_set_to_wait, pair(Event::new()),
    event => event.set(), event => event.wait().await);
edge!(event_set_to_is_set, pair(Event::new()),
    event => event.set(), event => while !event.is_set() { yield_now().await });
edge!(notify_one_to_whom_it_woke, pair(Notify::new()),
    notify => notify.notify_one(), notify => notify.notified().await);
edge!(item_put_to_its_get, pair(Queue::new(0)),
    queue => queue.put(()).await.expect("open"), queue => queue.get().await.expect("open"));
edge!(item_put_to_its_get_when_there_is_no_more_room, pair(Queue::new(1)),
    queue => for item in 0..3 { queue.put(item).await.expect("open") },
    queue => for _ in 0..3 { queue.get().await.expect("open"); });
edge!(item_of_a_priority_queue_to_its_get, pair(PriorityQueue::new(0)),
    queue => queue.put_nowait(1).expect("room"), queue => queue.get().await.expect("open"));
edge!(task_done_to_join, { let queue = Queue::new(0); queue.put_nowait(()).expect("room"); pair(queue) },
    queue => { queue.get().await.expect("open"); queue.task_done().expect("one is undone") },
    queue => queue.join().await);
edge!(getting_makes_room_for_put, { let queue = Queue::new(1); queue.put_nowait(()).expect("room"); pair(queue) },
    queue => queue.get().await.expect("open"), queue => queue.put(()).await.expect("open"));
edge!(last_arrival_to_all, pair(Barrier::new(2)),
    barrier => barrier.wait().await.expect("whole"), barrier => barrier.wait().await.expect("whole"));
edge!(notification_to_whoever_waits_for_a_condition, pair(Condition::new(false)),
    condition => { *condition.lock().await = true; let _guard = condition.lock().await; condition.notify_all() },
    condition => { let guard = condition.lock().await; drop(condition.wait_for(guard, |is_set| *is_set).await) });
edge!(value_sent_to_its_receiver, oneshot::channel(),
    sender => sender.send(1).expect("open"), receiver => receiver.await.expect("sent"));
edge!(message_to_its_receiver, mpsc::channel(1),
    sender => sender.send(1).await.expect("open"), mut receiver => receiver.recv().await.expect("sent"));
edge!(reserved_message_to_its_receiver, mpsc::channel(1),
    sender => sender.reserve().await.expect("open").send(1), mut receiver => receiver.recv().await.expect("sent"));
edge!(message_of_an_unbounded_channel, mpsc::unbounded_channel(),
    sender => sender.send(1).expect("open"), mut receiver => receiver.recv().await.expect("sent"));
edge!(last_sender_gone_to_receiver, mpsc::unbounded_channel::<()>(),
    sender => drop(sender), mut receiver => assert_eq!(receiver.recv().await, None));
edge!(broadcast_to_a_receiver, broadcast::channel(4),
    sender => { sender.send(1).expect("received"); }, mut receiver => receiver.recv().await.expect("sent"));
edge!(watched_value_to_changed, watch::channel(0),
    sender => sender.send(1).expect("received"), mut receiver => receiver.changed().await.expect("sent"));
edge!(cell_set_to_get, pair(OnceCell::new()),
    cell => cell.set(1).expect("empty"), cell => while cell.get().is_none() { yield_now().await });
edge!(cancel_to_cancelled, pair(CancellationToken::new()),
    token => token.cancel(), token => token.cancelled().await);
edge!(parents_cancel_to_a_childs_cancelled, { let token = CancellationToken::new(); let child = token.child_token(); (token, child) },
    token => token.cancel(), child => child.cancelled().await);
edge!(result_set_to_wait, pair(Future::<u32>::new()),
    future => future.set_result(1).expect("pending"), future => { let _set = future.wait().await; });
edge!(permit_given_back_to_acquire, pair(Semaphore::new(0)),
    semaphore => semaphore.release(), semaphore => semaphore.acquire().await.forget());

/// Two tasks write, each while it has what `$enter` gives.
macro_rules! section {
    ($name:ident, $make:expr, $one:ident => $enter:expr, $expected:pat) => {
        #[test]
        fn $name() {
            let program = || async {
                let guard = Rc::new($make);
                let variable = Rc::new(Shared::new(0));
                let tasks = [1, 2].map(|value| {
                    let ($one, variable) = (guard.clone(), variable.clone());
                    spawn(async move {
                        let _inside = $enter;
                        variable.set(value);
                        step().await;
                    })
                });
                for task in tasks {
                    task.await.expect("nobody aborts it");
                }
            };
            let found = kinds(Switching::Preemptive, program);
            assert!(matches!(found.as_slice(), $expected), "{found:?}");
        }
    };
}

section!(unlock_to_lock, Lock::new(()), lock => lock.lock().await, [None]);
section!(unlock_to_try_lock, Lock::new(()),
    lock => loop { if let Ok(guard) = lock.try_lock() { break guard; } yield_now().await }, [None]);
section!(write_unlock_to_write_lock, RwLock::new(()), lock => lock.write().await, [None]);
section!(read_locks_order_nothing, RwLock::new(()), lock => lock.read().await, [.., Some(Kind::Race)]);
section!(one_permit_is_a_lock, Semaphore::new(1), semaphore => semaphore.acquire().await, [None]);
section!(one_of_two_permits_is_none, Semaphore::new(2), semaphore => semaphore.acquire().await, [.., Some(Kind::Race)]);

/// A reader's unlock orders what it did before what the next writer does, and not the other way
/// round.
#[test]
fn read_unlock_to_write_lock() {
    let program = || async {
        let (lock, variable) = (Rc::new(RwLock::new(())), Rc::new(Shared::new(0)));
        let (read_under, read) = (lock.clone(), variable.clone());
        let reader = spawn(async move {
            let _guard = read_under.read().await;
            read.get();
        });
        let writer = spawn(async move {
            let _guard = lock.write().await;
            variable.set(1);
        });
        reader.await.expect("nobody aborts it");
        writer.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn downgraded_write_lock_to_read_lock() {
    let program = || async {
        let (lock, variable) = (Rc::new(RwLock::new(())), Rc::new(Shared::new(0)));
        let (write_under, written) = (lock.clone(), variable.clone());
        let writer = spawn(async move {
            let guard = write_under.write().await;
            written.set(1);
            let _guard = guard.downgrade();
        });
        let reader = spawn(async move {
            let _guard = lock.read().await;
            let _seen = variable.get();
        });
        writer.await.expect("nobody aborts it");
        reader.await.expect("nobody aborts it");
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

/// What children did happens before what goes on with their results, and nothing orders them
/// among one another.
macro_rules! children {
    ($name:ident, $one:ident, $two:ident => $run:expr) => {
        #[test]
        fn $name() {
            let program = |is_shared: bool| {
                move || async move {
                    let variables = [Rc::new(Shared::new(0)), Rc::new(Shared::new(0))];
                    let other = &variables[usize::from(!is_shared)];
                    let ($one, $two) = (variables[0].clone(), other.clone());
                    let $one = async move { $one.set(1) };
                    let $two = async move { $two.set(2) };
                    $run;
                    variables.iter().for_each(|variable| {
                        variable.get();
                    });
                }
            };
            assert_eq!(kinds(Switching::Preemptive, program(false)), [None]);
            let found = kinds(Switching::Preemptive, program(true));
            assert_eq!(found, [Some(Kind::Race)]);
        }
    };
}

children!(end_to_join, one, two => {
    let tasks = [spawn(one), spawn(two)];
    for task in tasks {
        task.await.expect("nobody aborts it");
    }
});
children!(ends_to_gather, one, two => {
    let one = spawn(async move { one.await; Ok::<(), ()>(()) });
    let two = spawn(async move { two.await; Ok::<(), ()>(()) });
    for task in gather_results([one, two]).await {
        let _result = task;
    }
});

#[test]
fn what_a_timeout_drops_is_ordered_before_what_comes_after() {
    let program = || async {
        let variable = Shared::new(0);
        let slow = async {
            variable.set(1);
            std::future::pending::<()>().await;
        };
        let late = timeout(std::time::Duration::from_secs(1), slow).await;
        late.expect_err("it never ends");
        variable.set(2);
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn what_a_dropped_group_had_done_is_ordered_before_what_comes_after() {
    let program = || async {
        let variable = Rc::new(Shared::new(0));
        let written = variable.clone();
        let group = task_group(async |group| {
            group.spawn(async move {
                written.set(1);
                std::future::pending::<Result<(), ()>>().await
            });
            std::future::pending::<Result<(), ()>>().await
        });
        let late = timeout(std::time::Duration::from_secs(1), group).await;
        assert!(late.is_err(), "it never ends");
        variable.set(2);
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}

#[test]
fn ends_to_as_completed() {
    let program = || async {
        let variables = [1, 2, 3].map(|_| Rc::new(Shared::new(0)));
        let tasks = variables.clone().map(|variable| async move { variable.set(1) });
        let mut completed = as_completed(tasks);
        while let Some(result) = completed.join_next().await {
            result.expect("it returns");
        }
        variables.iter().for_each(|variable| variable.set(2));
    };
    assert_eq!(kinds(Switching::Preemptive, program), [None]);
}
