//! What the tasks of a program do, step by step.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use proptest::prelude::*;
use unpick_primitives::queue::Storage;
use unpick_primitives::task::{
    GatherError, TaskGroupError, WaitFor, as_completed, gather, gather_results, shield, sleep,
    spawn, task_group, timeout, to_thread, wait, yield_now,
};
use unpick_primitives::{Semaphore, oneshot};

use super::world::{CHANNEL_PLACES, Kept, Own, World};

/// One step of a task.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Has a lock, and the second one inside of the first.
    Lock(Pause, Inside),
    OwnedLock(Pause),
    Read(Pause),
    OwnedRead(Pause),
    Write(Pause),
    Downgrade(Pause),
    Permits(u32, Pause),
    OwnedPermits(u32, Pause),
    BarePermit(Pause),
    BoundedPermit(Pause),
    Condition,
    Notified,
    OwnedNotified,
    Barrier,
    Event,
    Cell(Pause),
    Future,
    Cancelled,
    UntilCancelled,
    Put(Order),
    Get(Order),
    Send,
    Reserve(Pause),
    ReserveMany(Pause),
    ReserveOwned(Pause),
    SendUnbounded,
    SendByWeak(Pause),
    Broadcast,
    BroadcastByWeak(Pause),
    Changed,
    Exceeded,
    Ask,
    Gather(Pause),
    GatherFailing(Pause),
    Group(Pause),
    GroupFailing(Pause),
    AsCompleted(Pause),
    Wait(WaitFor, Option<u64>, Pause),
    Thread,
    Shield(Pause),
    Timeout(u64, Pause),
}

/// What is done while something is held.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pause {
    None,
    Yield,
    Sleep(u64),
}

/// What is done under a lock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Inside {
    Nothing,
    Lock,
}

/// Which queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Fifo,
    Lifo,
    Priority,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let pause =
        || prop_oneof![Just(Pause::None), Just(Pause::Yield), (1..4u64).prop_map(Pause::Sleep)];
    let inside = prop_oneof![Just(Inside::Nothing), Just(Inside::Lock)];
    let order = || prop_oneof![Just(Order::Fifo), Just(Order::Lifo), Just(Order::Priority)];
    let held = prop_oneof![
        (pause(), inside).prop_map(|(pause, inside)| Step::Lock(pause, inside)),
        pause().prop_map(Step::OwnedLock),
        pause().prop_map(Step::Read),
        pause().prop_map(Step::OwnedRead),
        pause().prop_map(Step::Write),
        pause().prop_map(Step::Downgrade),
        (1..4u32, pause()).prop_map(|(permits, pause)| Step::Permits(permits, pause)),
        (1..4u32, pause()).prop_map(|(permits, pause)| Step::OwnedPermits(permits, pause)),
        pause().prop_map(Step::BarePermit),
        pause().prop_map(Step::BoundedPermit),
    ];
    let told = prop_oneof![
        Just(Step::Condition),
        Just(Step::Notified),
        Just(Step::OwnedNotified),
        Just(Step::Barrier),
        Just(Step::Event),
        pause().prop_map(Step::Cell),
        Just(Step::Future),
        Just(Step::Cancelled),
        Just(Step::UntilCancelled),
    ];
    let passed = prop_oneof![
        2 => order().prop_map(Step::Put),
        2 => order().prop_map(Step::Get),
        1 => Just(Step::Send),
        1 => pause().prop_map(Step::Reserve),
        1 => pause().prop_map(Step::ReserveMany),
        1 => pause().prop_map(Step::ReserveOwned),
        1 => Just(Step::SendUnbounded),
        1 => pause().prop_map(Step::SendByWeak),
        1 => Just(Step::Broadcast),
        1 => pause().prop_map(Step::BroadcastByWeak),
        1 => Just(Step::Changed),
        1 => Just(Step::Exceeded),
        1 => Just(Step::Ask),
    ];
    let mode = prop_oneof![
        Just(WaitFor::FirstCompleted),
        Just(WaitFor::FirstException),
        Just(WaitFor::AllCompleted),
    ];
    let limit = proptest::option::of(0..4u64);
    let waited = (mode, limit, pause());
    let tasks = prop_oneof![
        pause().prop_map(Step::Gather),
        pause().prop_map(Step::GatherFailing),
        pause().prop_map(Step::Group),
        pause().prop_map(Step::GroupFailing),
        pause().prop_map(Step::AsCompleted),
        waited.prop_map(|(mode, limit, pause)| Step::Wait(mode, limit, pause)),
        Just(Step::Thread),
        pause().prop_map(Step::Shield),
        (0..4u64, pause()).prop_map(|(limit, pause)| Step::Timeout(limit, pause)),
    ];
    prop_oneof![3 => held, 3 => told, 3 => passed, 2 => tasks]
}

impl Pause {
    async fn take(self) {
        match self {
            Pause::None => {}
            Pause::Yield => yield_now().await,
            Pause::Sleep(micros) => sleep(Duration::from_micros(micros)).await,
        }
    }
}

pub(super) async fn perform_all(world: Rc<World>, mut own: Own, steps: Vec<Step>) {
    for step in steps {
        perform(&world, &mut own, step).await;
    }
}

async fn perform(world: &Rc<World>, own: &mut Own, step: Step) {
    match step {
        Step::Lock(..)
        | Step::OwnedLock(_)
        | Step::Read(_)
        | Step::OwnedRead(_)
        | Step::Write(_)
        | Step::Downgrade(_)
        | Step::Permits(..)
        | Step::OwnedPermits(..)
        | Step::BarePermit(_)
        | Step::BoundedPermit(_) => hold(world, step).await,
        Step::Put(Order::Fifo) => put(world, &world.fifo).await,
        Step::Put(Order::Lifo) => put(world, &world.lifo).await,
        Step::Put(Order::Priority) => put(world, &world.priority).await,
        Step::Get(Order::Fifo) => get(&world.fifo).await,
        Step::Get(Order::Lifo) => get(&world.lifo).await,
        Step::Get(Order::Priority) => get(&world.priority).await,
        Step::Send
        | Step::Reserve(_)
        | Step::ReserveMany(_)
        | Step::ReserveOwned(_)
        | Step::SendUnbounded
        | Step::SendByWeak(_)
        | Step::Broadcast
        | Step::BroadcastByWeak(_)
        | Step::Changed
        | Step::Exceeded
        | Step::Ask => pass(world, own, step).await,
        Step::Gather(_)
        | Step::GatherFailing(_)
        | Step::Group(_)
        | Step::GroupFailing(_)
        | Step::AsCompleted(_)
        | Step::Wait(..)
        | Step::Thread
        | Step::Shield(_)
        | Step::Timeout(..) => split(world, step).await,
        _ => be_told(world, step).await,
    }
}

/// Takes something, pauses, and gives it back.
async fn hold(world: &World, step: Step) {
    match step {
        Step::Lock(pause, inside) => {
            let mut first = world.locks[0].lock().await;
            let seen = increment(&mut first);
            pause.take().await;
            if let Inside::Lock = inside {
                let mut second = world.locks[1].lock().await;
                let seen = increment(&mut second);
                pause.take().await;
                assert_eq!(*second, seen, "somebody else was inside");
            }
            assert_eq!(*first, seen, "somebody else was inside");
        }
        Step::OwnedLock(pause) => {
            let mut owned = world.locks[1].clone().lock_owned().await;
            let seen = increment(&mut owned);
            pause.take().await;
            assert_eq!(*owned, seen, "somebody else was inside");
        }
        Step::Read(pause) => {
            let read = world.rwlock.read().await;
            let seen = *read;
            pause.take().await;
            assert_eq!(*read, seen, "somebody wrote beside a reader");
        }
        Step::OwnedRead(pause) => {
            let read = world.rwlock.clone().read_owned().await;
            let seen = *read;
            pause.take().await;
            assert_eq!(*read, seen, "somebody wrote beside a reader");
        }
        Step::Write(pause) => {
            let mut written = world.rwlock.write().await;
            let seen = increment(&mut written);
            pause.take().await;
            assert_eq!(*written, seen, "somebody wrote beside a writer");
        }
        Step::Downgrade(pause) => {
            let mut written = world.rwlock.clone().write_owned().await;
            let seen = increment(&mut written);
            let read = written.downgrade();
            pause.take().await;
            assert_eq!(*read, seen, "somebody wrote beside a reader");
        }
        Step::Permits(permits, pause) => {
            let mut taken = world.semaphore.acquire_many(permits).await;
            pause.take().await;
            let split = taken.split(1);
            pause.take().await;
            drop((split, taken));
        }
        Step::OwnedPermits(permits, pause) => {
            let _taken = world.semaphore.clone().acquire_many_owned(permits).await;
            pause.take().await;
        }
        Step::BarePermit(pause) => {
            world.semaphore.acquire_unguarded().await;
            let _given_back = GiveBack(&world.semaphore);
            pause.take().await;
        }
        Step::BoundedPermit(pause) => {
            let _taken = world.bounded.acquire().await;
            pause.take().await;
        }
        _ => unreachable!("the others hold nothing"),
    }
}

fn increment(value: &mut u32) -> u32 {
    *value += 1;
    *value
}

/// Gives a bare permit back when it is dropped.
struct GiveBack<'a>(&'a Semaphore);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Waits until the conductor, or anybody, has done something.
async fn be_told(world: &Rc<World>, step: Step) {
    match step {
        Step::Condition => {
            let guard = world.condition.lock().await;
            world.wanted.set(world.wanted.get() + 1);
            let mut tokens = world.condition.wait_for(guard, |tokens| *tokens > 0).await;
            *tokens -= 1;
        }
        Step::Notified => {
            let mut notified = pin!(world.notify.notified());
            notified.as_mut().enable();
            world.registered.set(world.registered.get() + 1);
            notified.await;
        }
        Step::OwnedNotified => {
            let mut notified = pin!(world.notify.clone().notified_owned());
            notified.as_mut().enable();
            world.registered.set(world.registered.get() + 1);
            notified.await;
        }
        Step::Barrier => {
            world.barrier.wait().await.expect("nobody aborts it");
        }
        Step::Event => world.event.wait().await,
        Step::Cell(pause) => {
            let made = world.cell.get_or_init(|| async {
                pause.take().await;
                2
            });
            assert_eq!(made.await, &2);
        }
        Step::Future => assert_eq!(world.future.wait().await, Ok(7)),
        Step::Cancelled => world.token.child_token().cancelled().await,
        Step::UntilCancelled => {
            let child = world.token.child_token();
            let forever = child.run_until_cancelled(std::future::pending::<()>());
            assert_eq!(forever.await, None);
        }
        _ => unreachable!("the others do something else"),
    }
}

async fn put<S: Storage<u32>>(world: &World, kept: &Kept<S>) {
    let item = world.number();
    kept.queue.put(item).await.expect("nobody shuts it down");
    kept.put.borrow_mut().push(item);
}

async fn get<S: Storage<u32>>(kept: &Kept<S>) {
    let item = kept.queue.get().await.expect("nobody shuts it down");
    kept.has_got(item);
}

/// Sends or receives messages. Sending fails once the receiver was cancelled.
async fn pass(world: &World, own: &mut Own, step: Step) {
    let message = world.number();
    let is_sent = match step {
        Step::Send => own.sender.send(message).await.is_ok(),
        Step::Reserve(pause) => match own.sender.reserve().await {
            Ok(permit) => {
                pause.take().await;
                permit.send(message);
                true
            }
            Err(_) => false,
        },
        Step::ReserveMany(pause) => match own.sender.reserve_many(CHANNEL_PLACES).await {
            Ok(mut permits) => {
                pause.take().await;
                permits.next().expect("there are several").send(message);
                true
            }
            Err(_) => false,
        },
        Step::ReserveOwned(pause) => match own.sender.clone().reserve_owned().await {
            Ok(permit) => {
                pause.take().await;
                drop(permit.send(message));
                true
            }
            Err(_) => false,
        },
        Step::SendUnbounded => own.unbounded.send(message).is_ok(),
        Step::SendByWeak(pause) => {
            let weak = own.sender.downgrade();
            pause.take().await;
            let sender = weak.upgrade().expect("its task has a sender");
            sender.send(message).await.is_ok()
        }
        Step::BroadcastByWeak(pause) => {
            let weak = world.broadcast.downgrade();
            pause.take().await;
            let sender = weak.upgrade().expect("the conductor has a sender");
            sender.send(message).expect("its task listens");
            false
        }
        Step::Exceeded => {
            let seen = *own.watch.borrow();
            let value = own.watch.wait_for(|value| *value > seen).await;
            assert!(*value.expect("the conductor is there") > seen, "it was waited for");
            false
        }
        Step::Broadcast => {
            let _number_or_how_many_were_missed = own.broadcast.recv().await;
            false
        }
        Step::Changed => {
            let seen = *own.watch.borrow_and_update();
            own.watch.changed().await.expect("the conductor is there");
            assert!(*own.watch.borrow() > seen, "it has not changed");
            false
        }
        Step::Ask => {
            let (question, answer) = oneshot::channel();
            world.questions.borrow_mut().push(question);
            assert_eq!(answer.await, Ok(42));
            false
        }
        _ => unreachable!("the others pass nothing on"),
    };
    if is_sent {
        world.sent.borrow_mut().push(message);
    }
}

/// Receives until all senders are gone, from both channels at a time.
pub(super) async fn receive_all(world: Rc<World>) {
    let receivers = world.receivers.take();
    let (mut bounded, mut unbounded) = receivers.expect("they are taken once");
    while let Some(message) = bounded.recv().await {
        world.received.borrow_mut().push(message);
        yield_now().await;
    }
    let mut messages = Vec::new();
    while unbounded.recv_many(&mut messages, 2).await > 0 {
        world.received.borrow_mut().append(&mut messages);
    }
    world.is_received.set(true);
}

async fn fail(pause: Pause) -> Result<(), ()> {
    pause.take().await;
    Err(())
}

/// Holds something in tasks of its own.
async fn split(world: &Rc<World>, step: Step) {
    let hold = |pause| {
        let (world, going_on) = (world.clone(), world.go_on());
        async move {
            let _going_on = going_on;
            hold(&world, Step::Lock(pause, Inside::Lock)).await;
            Ok::<(), ()>(())
        }
    };
    match step {
        Step::Gather(pause) => {
            let outputs = gather_results([hold(pause), hold(pause)]).await;
            assert_eq!(outputs, [Ok(()), Ok(())]);
        }
        Step::GatherFailing(pause) => {
            let tasks = [hold(pause).boxed_local(), fail(pause).boxed_local()];
            assert_eq!(gather(tasks).await, Err(GatherError::Failed(())));
        }
        Step::GroupFailing(pause) => {
            let ended = task_group(async |group| {
                group.spawn(hold(pause));
                group.spawn(fail(pause));
                hold(pause).await
            });
            assert_eq!(ended.await, Err(TaskGroupError { errors: vec![()] }));
        }
        Step::Thread => {
            let world = world.clone();
            assert_eq!(to_thread(move || world.number() > 0).await, Ok(true));
        }
        Step::Group(pause) => {
            let ended = task_group(async |group| {
                group.spawn(hold(pause));
                group.spawn(hold(pause));
                hold(pause).await
            });
            assert_eq!(ended.await, Ok(()));
        }
        Step::AsCompleted(pause) => {
            let mut outputs = as_completed([hold(pause), hold(Pause::None)]);
            assert_eq!(outputs.join_next().await, Some(Ok(Ok(()))));
        }
        Step::Wait(mode, limit, pause) => {
            let tasks = [spawn(hold(pause)), spawn(hold(Pause::None))];
            let waiting = wait(tasks, mode);
            let waited = match limit {
                None => waiting.await,
                Some(limit) => waiting.within(Duration::from_micros(limit)).await,
            };
            // None of them fails.
            let due = if mode == WaitFor::FirstCompleted { 1 } else { 2 };
            assert!(limit.is_some() || waited.done.len() >= due, "{mode:?}");
            assert_eq!(waited.done.len() + waited.pending.len(), 2);
        }
        Step::Shield(pause) => assert_eq!(shield(hold(pause)).await, Ok(Ok(()))),
        Step::Timeout(limit, pause) => {
            let is_over = Cell::new(false);
            let held = async {
                let held = hold(pause).await;
                is_over.set(true);
                held
            };
            let output = timeout(Duration::from_micros(limit), held).await;
            // If both were ready, either may count.
            assert!(output.is_err() || is_over.get());
        }
        _ => unreachable!("the others are no tasks"),
    }
}
