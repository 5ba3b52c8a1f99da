//! The objects of a program, as primitives, and what is done with them.

use serde_json::{Value, json};
use unpick::primitives::future::FutureError;
use unpick::primitives::queue::{BaseQueue, GetError, PutError, Storage};
use unpick::primitives::{
    Barrier, BoundedSemaphore, Condition, Event, Future, LifoQueue, Lock, LockGuard, PriorityQueue,
    Queue, Semaphore, SemaphorePermit,
};

use crate::asyncio::program::{Act, Object, ObjectKind};

/// One object.
pub(super) enum Thing {
    Lock(Lock),
    Semaphore(Semaphore),
    BoundedSemaphore(BoundedSemaphore),
    Event(Event),
    Condition(Condition),
    Barrier(Barrier),
    Queue(Queue<i64>),
    LifoQueue(LifoQueue<i64>),
    PriorityQueue(PriorityQueue<i64>),
    Future(Future<i64, ValueError>),
}

/// What resolves a future that fails.
#[derive(Clone, Debug)]
pub(super) struct ValueError;

/// What a body runs with. It is only kept, and released when it is dropped.
#[expect(dead_code, reason = "a guard is kept for its drop")]
pub(super) enum Guard<'a> {
    Lock(LockGuard<'a>),
    Permit(SemaphorePermit<'a>),
}

impl Thing {
    pub(super) fn new(object: &Object) -> Thing {
        let (name, size) = (object.name.clone(), object.size);
        match object.kind {
            ObjectKind::Lock => Thing::Lock(Lock::new(()).named(name)),
            ObjectKind::Semaphore => Thing::Semaphore(Semaphore::new(size).named(name)),
            ObjectKind::BoundedSemaphore => {
                Thing::BoundedSemaphore(BoundedSemaphore::new(size).named(name))
            }
            ObjectKind::Event => Thing::Event(Event::new().named(name)),
            ObjectKind::Condition => Thing::Condition(Condition::new(()).named(name)),
            ObjectKind::Barrier => Thing::Barrier(Barrier::new(size).named(name)),
            ObjectKind::Queue => Thing::Queue(Queue::new(size).named(name)),
            ObjectKind::LifoQueue => Thing::LifoQueue(LifoQueue::new(size).named(name)),
            ObjectKind::PriorityQueue => Thing::PriorityQueue(PriorityQueue::new(size).named(name)),
            ObjectKind::Future => Thing::Future(Future::new().named(name)),
        }
    }

    /// Waits for the lock, or for a permit; `None` for an object that has neither.
    pub(super) async fn guard(&self) -> Option<Guard<'_>> {
        match self {
            Thing::Lock(lock) => Some(Guard::Lock(lock.lock().await)),
            Thing::Semaphore(semaphore) => Some(Guard::Permit(semaphore.acquire().await)),
            Thing::BoundedSemaphore(semaphore) => Some(Guard::Permit(semaphore.acquire().await)),
            _ => None,
        }
    }

    /// Carries out an operation that has no body, and gives its result; `None` if the object is
    /// of another type than the operation is for.
    pub(super) async fn operate(&self, act: &Act) -> Option<Value> {
        match self {
            Thing::Lock(_) => return None,
            Thing::Semaphore(semaphore) => match act {
                Act::Acquire(_) => semaphore.acquire_unguarded().await,
                Act::Release(_) => semaphore.release(),
                _ => return None,
            },
            Thing::BoundedSemaphore(semaphore) => match act {
                Act::Acquire(_) => semaphore.acquire_unguarded().await,
                Act::Release(_) => return ok_or(semaphore.release(), "ValueError"),
                _ => return None,
            },
            Thing::Event(event) => match act {
                Act::EventWait(_) => event.wait().await,
                Act::EventSet(_) => event.set(),
                Act::EventClear(_) => event.clear(),
                _ => return None,
            },
            Thing::Condition(condition) => match act {
                Act::ConditionWait(_) => drop(condition.wait(condition.lock().await).await),
                Act::ConditionNotify(_, count) => {
                    let _guard = condition.lock().await;
                    condition.notify(*count);
                }
                _ => return None,
            },
            Thing::Barrier(barrier) => match act {
                Act::BarrierWait(_) => {
                    return Some(match barrier.wait().await {
                        Ok(index) => json!(index),
                        Err(_) => json!("BrokenBarrierError"),
                    });
                }
                Act::BarrierAbort(_) => barrier.abort(),
                Act::BarrierReset(_) => barrier.reset(),
                _ => return None,
            },
            Thing::Queue(queue) => return operate_queue(queue, act).await,
            Thing::LifoQueue(queue) => return operate_queue(queue, act).await,
            Thing::PriorityQueue(queue) => return operate_queue(queue, act).await,
            Thing::Future(future) => return operate_future(future, act).await,
        }
        Some(json!("ok"))
    }
}

async fn operate_queue<S: Storage<i64>>(queue: &BaseQueue<i64, S>, act: &Act) -> Option<Value> {
    match act {
        Act::Put(_, value) => ok_or(queue.put(*value).await, "QueueShutDown"),
        Act::Get(_) => Some(match queue.get().await {
            Ok(value) => json!(value),
            Err(_) => json!("QueueShutDown"),
        }),
        Act::PutNowait(_, value) => Some(json!(match queue.put_nowait(*value) {
            Ok(()) => "ok",
            Err(PutError::Full(_)) => "QueueFull",
            Err(PutError::ShutDown(_)) => "QueueShutDown",
        })),
        Act::GetNowait(_) => Some(match queue.get_nowait() {
            Ok(value) => json!(value),
            Err(GetError::Empty) => json!("QueueEmpty"),
            Err(GetError::ShutDown) => json!("QueueShutDown"),
        }),
        Act::QueueShutdown(_, how) => {
            queue.shutdown(*how);
            Some(json!("ok"))
        }
        Act::TaskDone(_) => ok_or(queue.task_done(), "ValueError"),
        Act::Join(_) => {
            queue.join().await;
            Some(json!("ok"))
        }
        _ => None,
    }
}

async fn operate_future(future: &Future<i64, ValueError>, act: &Act) -> Option<Value> {
    match act {
        Act::FutureWait(_) => Some(match future.wait().await {
            Ok(value) => json!(value),
            Err(FutureError::Failed(ValueError)) => json!("ValueError"),
            Err(FutureError::Cancelled) => json!("CancelledError"),
        }),
        Act::FutureSet(_, value) => ok_or(future.set_result(*value), "InvalidStateError"),
        Act::FutureFail(_) => ok_or(future.set_error(ValueError), "InvalidStateError"),
        Act::FutureCancel(_) => Some(json!(future.cancel())),
        _ => None,
    }
}

fn ok_or<E>(result: Result<(), E>, name: &str) -> Option<Value> {
    Some(json!(if result.is_ok() { "ok" } else { name }))
}
