//! Child tasks that tell the combinator which spawned them how they ended.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;
use unpick_sim::{AbortHandle, JoinHandle, spawn};

/// What a combinator shares with its children.
pub(super) trait Parent<T> {
    /// What a child leaves for its own handle.
    type Left: 'static;

    /// A child has returned. Its future is gone already.
    fn returned(&self, number: usize, output: T) -> Self::Left;

    /// A child was dropped before it returned, or panicked.
    fn dropped(&self, number: usize);
}

/// Spawns a child at the caller's site; it is told apart by its number.
#[track_caller]
pub(super) fn spawn_child<F, P>(
    parent: &Arc<P>,
    number: usize,
    future: F,
) -> JoinHandle<<P as Parent<F::Output>>::Left>
where
    F: Future + 'static,
    P: Parent<F::Output> + 'static,
{
    let tie = Tie { parent: Some(parent.clone()), number, dropped: P::dropped };
    spawn(Child { future: Some(future), tie })
}

/// Drops children where they stand, in order.
pub(super) fn drop_in_place(children: &[AbortHandle]) {
    for child in children {
        child.drop_now();
    }
}

pin_project! {
    struct Child<F, P> {
        // `None` once it has returned: what it owned is gone before anybody is told.
        #[pin]
        future: Option<F>,
        tie: Tie<P>,
    }
}

impl<F, P> Future for Child<F, P>
where
    F: Future,
    P: Parent<F::Output>,
{
    type Output = P::Left;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Left> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a task is not polled again once it has returned");
        let output = ready!(future.poll(cx));
        this.future.set(None);
        let parent = this.tie.parent.take().expect("it is taken once, here or by the drop");
        Poll::Ready(parent.returned(this.tie.number, output))
    }
}

/// Tells the parent when a child is gone that has not returned.
struct Tie<P> {
    parent: Option<Arc<P>>,
    number: usize,
    /// [`Parent::dropped`], which `Drop` cannot name without bounds on the type itself.
    dropped: fn(&P, usize),
}

impl<P> Drop for Tie<P> {
    fn drop(&mut self) {
        if let Some(parent) = self.parent.take() {
            (self.dropped)(&parent, self.number);
        }
    }
}

/// Locks what parent and children share. No code of others runs under such a lock.
pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the waker of this poll in a slot of what is shared.
pub(super) fn keep_waker<T>(
    shared: &Mutex<T>,
    cx: &Context<'_>,
    slot: impl Fn(&mut T) -> &mut Option<Waker>,
) {
    // Cloning and dropping a waker may run code of others: not under the lock.
    let waker = cx.waker().clone();
    let _old = slot(&mut lock(shared)).replace(waker);
}
