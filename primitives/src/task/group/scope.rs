//! The scope of a task group: its body, and the wait for its tasks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use unpick_sim::probe::{Access, Operation};

use super::{Phase, Shared, TaskGroup, TaskGroupError};
use crate::task::children::{keep_waker, lock};

/// Waits for a body and for all tasks that it, or they, spawned into the group: asyncio's
/// `async with TaskGroup() as group`.
///
/// When a task or the body fails, everything else in the group is cancelled as soon as the scope
/// is scheduled: the body, which runs in the same task as the caller, is dropped, and the tasks
/// are aborted in the order in which they were spawned. Then the scope waits until they are gone.
/// Several tasks may fail before it comes to that; it gives every error.
///
/// # Cancel safety
/// Dropping it drops the body first, and then the tasks in place, in the order in which they were
/// spawned.
///
/// # Errors
/// [`TaskGroupError`] with everything that went wrong, in order.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{sleep, task_group};
/// use unpick_sim::{Run, time::Instant};
///
/// let program = || async {
///     let summed = task_group::<_, String, _, _>(async |group| {
///         let two = group.spawn(async { Ok(2) });
///         let three = group.spawn(async { Ok(3) });
///         Ok(two.await.ok().flatten().zip(three.await.ok().flatten()))
///     });
///     assert_eq!(summed.await, Ok(Some((2, 3))));
///
///     let failed = task_group::<(), _, _, _>(async |group| {
///         group.spawn(async { Err::<(), _>("no such host") });
///         sleep(Duration::from_secs(60)).await;
///         Ok(())
///     });
///     assert_eq!(failed.await.unwrap_err().errors, ["no such host"]);
///     assert_eq!(Instant::now(), Instant::START);
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[track_caller]
pub fn task_group<T, E, B, F>(body: B) -> TaskGroupScope<F, T, E>
where
    B: FnOnce(TaskGroup<E>) -> F,
    F: Future<Output = Result<T, E>>,
{
    let shared = Arc::new(Shared::new());
    let operation = Operation::new("join", Access::Change, shared.site);
    let body = body(TaskGroup { shared: shared.clone() });
    TaskGroupScope { body: Some(body), value: None, owner: Owner { shared, operation } }
}

pin_project! {
    /// The future of [`task_group`].
    #[must_use = "dropping it drops the body and its tasks"]
    pub struct TaskGroupScope<F, T, E> {
        // `None` once it has returned or was cancelled. Stands before the tasks' owner, and so
        // is dropped first.
        #[pin]
        body: Option<F>,
        // What the body returned.
        value: Option<T>,
        owner: Owner<E>,
    }
}

impl<F, T, E> Future for TaskGroupScope<F, T, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, TaskGroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = this.owner.shared.clone();
        let is_over = lock(&shared.state).phase == Phase::Over;
        assert!(!is_over, "a TaskGroupScope was polled after it had returned");
        keep_waker(&shared.state, cx, |state| &mut state.waker);
        if shared.has_failed() {
            this.body.set(None);
        }
        if let Some(body) = this.body.as_mut().as_pin_mut() {
            let output = ready!(body.poll(cx));
            this.body.set(None);
            match output {
                Ok(value) => *this.value = Some(value),
                Err(error) => lock(&shared.state).errors.push(error),
            }
        }
        if shared.has_failed() && lock(&shared.state).phase == Phase::Open {
            shared.cancel();
        }
        ready!(this.owner.poll_leave(cx));
        let errors = std::mem::take(&mut lock(&shared.state).errors);
        Poll::Ready(match this.value.take() {
            Some(value) if errors.is_empty() => Ok(value),
            _ => Err(TaskGroupError { errors }),
        })
    }
}

impl<F, T, E> fmt::Debug for TaskGroupScope<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&TaskGroup { shared: self.owner.shared.clone() }, f)
    }
}

/// Drops the group's tasks when the scope is dropped before it has returned.
struct Owner<E> {
    shared: Arc<Shared<E>>,
    /// The wait for the tasks.
    operation: Operation,
}

impl<E> Owner<E> {
    /// Waits until all tasks have ended; then the group is over.
    fn poll_leave(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Owner { shared, operation } = self;
        let is_over = {
            let mut state = lock(&shared.state);
            if state.unfinished.is_empty() {
                state.phase = Phase::Over;
            }
            state.phase == Phase::Over
        };
        if is_over {
            operation.executed(Some(&shared.object));
            shared.object.observe();
            Poll::Ready(())
        } else {
            operation.blocked(Some(&shared.object), cx);
            Poll::Pending
        }
    }
}

impl<E> Drop for Owner<E> {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        if state.phase == Phase::Over {
            return;
        }
        state.phase = Phase::Cancelled;
        // Nobody waits any more: that its own tasks end here wakes no one.
        let _waker = state.waker.take();
        // A task's drop may spawn more; those are dropped as well.
        while let Some((_, task)) = state.unfinished.pop_first() {
            drop(state);
            task.drop_now();
            state = lock(&self.shared.state);
        }
    }
}
