//! What each kind of object says of a wait that nobody ends any more.

use std::rc::Rc;

use unpick::primitives::{
    Barrier, Condition, Event, Future as Promise, Lock, Notify, Queue, RwLock, Semaphore, mpsc,
    oneshot,
};
use unpick::sim::{spawn, yield_now};
use unpick::{Kind, Run};

/// What the plain run finds.
#[track_caller]
fn check_says<Fut: Future<Output = ()>>(parts: &[&str], program: impl FnOnce() -> Fut) {
    let finding = Run::new().plain().execute(program).result.expect_err("nobody goes on");
    assert_eq!(finding.kind, Kind::Deadlock, "{finding}");
    let text = finding.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` in: {text}");
    }
}

#[test]
fn a_barrier_that_can_no_longer_fill_says_how_many_are_there() {
    check_says(&["barrier votes can no longer fill: 2 of 3"], || async {
        let votes = Rc::new(Barrier::new(3).named("votes"));
        let other = votes.clone();
        let waits = spawn(async move { other.wait().await.is_ok() });
        let _never = votes.wait().await;
        drop(waits);
    });
}

#[test]
fn a_join_of_a_queue_names_whoever_has_an_item_that_is_not_done() {
    let parts = [
        "what was taken from queue jobs is never followed by task_done",
        "main.1 has taken one without task_done",
    ];
    check_says(&parts, || async {
        let jobs = Rc::new(Queue::new(0).named("jobs"));
        jobs.put_nowait(1).expect("there is room");
        let taken = jobs.clone();
        spawn(async move { taken.get().await.is_ok() }).await.expect("nobody aborts it");
        jobs.join().await;
    });
}

#[test]
fn an_event_a_condition_and_a_queue_say_that_nobody_has_done_what_ends_the_wait() {
    let parts = ["event is_up was waited for, and nobody has called set on it"];
    check_says(&parts, || async { Event::new().named("is_up").wait().await });
    let parts = ["condition full was waited for, and nobody has called notify"];
    check_says(&parts, || async {
        let full = Condition::new(()).named("full");
        let guard = full.lock().await;
        drop(full.wait(guard).await);
    });
    let parts = ["queue jobs was waited for, and nobody has called put"];
    check_says(&parts, || async {
        let _never = Queue::<u8>::new(0).named("jobs").get().await;
    });
    let parts = ["main waits: put queue jobs at", "nobody has called get"];
    check_says(&parts, || async {
        let jobs = Queue::new(1).named("jobs");
        jobs.put_nowait(1).expect("there is room");
        let _never = jobs.put(2).await;
    });
    let parts = ["notify came_up was waited for, and nobody has called notify"];
    check_says(&parts, || async { Notify::new().named("came_up").notified().await });
}

#[test]
fn a_lock_a_rwlock_and_a_semaphore_name_whoever_ended_with_them() {
    check_says(&["lock db was taken by main.1 at", "which has ended"], || async {
        let lock = Rc::new(Lock::new(()).named("db"));
        let taken = lock.clone();
        let task = spawn(async move { std::mem::forget(taken.lock().await) });
        task.await.expect("nobody aborts it");
        drop(lock.lock().await);
    });
    check_says(&["rwlock db was taken by main.1 at", "which has ended"], || async {
        let lock = Rc::new(RwLock::new(()).named("db"));
        let taken = lock.clone();
        let task = spawn(async move { std::mem::forget(taken.read().await) });
        task.await.expect("nobody aborts it");
        drop(lock.write().await);
    });
    check_says(&["a permit of semaphore permits was taken by main.1 at"], || async {
        let permits = Rc::new(Semaphore::new(1).named("permits"));
        let taken = permits.clone();
        let task = spawn(async move { std::mem::forget(taken.acquire().await) });
        task.await.expect("nobody aborts it");
        drop(permits.acquire().await);
    });
}

#[test]
fn a_future_and_channels_say_that_nobody_has_given_them_anything() {
    check_says(&["main waits: ", "nobody has called set_result"], || async {
        let promise = Promise::<u8>::new();
        let _never = (&promise).await;
    });
    check_says(&["main waits: recv mpsc", "nobody has called send"], || async {
        let (_sender, mut receiver) = mpsc::unbounded_channel::<u8>();
        let _never = receiver.recv().await;
    });
    check_says(&["main waits: recv oneshot", "nobody has called send"], || async {
        let (_sender, receiver) = oneshot::channel::<u8>();
        let _never = receiver.await;
    });
}

#[test]
fn who_waits_for_something_unknown_is_said_to() {
    check_says(&["main.1 waits for an unknown future (spawned at "], || async {
        let waits = spawn(std::future::pending::<()>());
        yield_now().await;
        waits.await.expect("nobody aborts it");
    });
}
