//! Programs with helpers. Lines that tests look for end in a comment with a letter.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use unpick::primitives::Lock;
use unpick::primitives::task::timeout;
use unpick::sim::time::sleep;
use unpick::sim::{event, hand_over, spawn, task, yield_now};

async fn helper(lock: &Lock<u32>) {
    let _guard = lock.lock().await; // A
    event!("has it");
} // B

/// Takes a lock in a helper, and again while it has it.
pub(super) async fn twice() {
    let lock = Lock::new(0).named("l");
    helper(&lock).await; // C
    let _kept = lock.lock().await; // D
    helper(&lock).await; // E
}

/// Fails after it has called a helper through what libraries and Unpick put in between.
pub(super) async fn through_libraries() {
    let lock = Rc::new(Lock::new(0));
    let boxed: Pin<Box<dyn Future<Output = ()>>> = Box::pin(helper(&lock));
    boxed.await; // F
    let mut many: FuturesUnordered<_> = [&lock].into_iter().map(|lock| helper(lock)).collect();
    while many.next().await.is_some() {} // G
    let patience = Duration::from_secs(1);
    timeout(patience, middle(&lock)).await.expect("it is in time"); // H
    let spawned = lock.clone();
    spawn(async move { helper(&spawned).await }).await.expect("nobody aborts it"); // I
    panic!("that was all");
}

async fn middle(lock: &Lock<u32>) {
    helper(lock).await; // J
}

/// Fails although no helper was called.
pub(super) async fn directly() {
    let lock = Rc::new(Lock::new(0));
    let other = lock.clone();
    let asked = task().named("asks").spawn(ask(other));
    let _guard = lock
        .lock() // K
        .await;
    event!("has it");
    asked.await.expect("nobody aborts it");
}

async fn ask(lock: Rc<Lock<u32>>) {
    event!("asks");
    let _guard = lock.lock().await;
}

/// Fails after more events than are looked at one by one.
pub(super) async fn at_length() {
    let lock = Lock::new(0).named("l");
    for _ in 0..200 {
        middle(&lock).await; // L
        yield_now().await;
    }
    let _kept = lock.lock().await;
    helper(&lock).await; // M
}

/// Fails in a task that is an async block around a function which calls itself.
pub(super) async fn in_a_block() {
    let around = spawn(async move { call_itself(1).await }); // P
    around.await.expect("nobody aborts it");
}

async fn call_itself(times: u32) {
    event!("begins");
    if times > 0 {
        Box::pin(call_itself(times - 1)).await; // O
        event!("ends");
        panic!("that was all");
    }
}

/// Waits for a bell, and is told of it by the first waker that it was polled with.
struct Bell {
    rings: Rc<Cell<bool>>,
    first: Rc<RefCell<Option<Waker>>>,
}

impl Bell {
    fn keep(&self, cx: &Context<'_>) {
        let mut first = self.first.borrow_mut();
        first.get_or_insert_with(|| cx.waker().clone()); // S
    }
}

impl Future for Bell {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.rings.get() {
            return Poll::Ready(());
        }
        self.keep(cx); // T
        Poll::Pending
    }
}

/// Moves a future that keeps its first waker to another task.
pub(super) async fn moved() {
    let (rings, first) = (Rc::<Cell<bool>>::default(), Rc::<RefCell<Option<Waker>>>::default());
    let bell = Bell { rings: rings.clone(), first: first.clone() };
    let ringer = spawn(async move {
        sleep(Duration::from_millis(5)).await;
        rings.set(true);
        event!("it rings");
        let waker = first.take().expect("somebody waits");
        waker.wake(); // V
    });
    hand_over(bell).await; // U
    ringer.await.expect("nobody aborts it");
}
