//! Outputs in the order in which they come.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use unpick_sim::probe::{Access, Object, Operation};

use super::children::{Parent, keep_waker, lock, spawn_child};
use super::{JoinError, JoinHandle};

/// Runs futures side by side, and yields their outputs in the order in which they return.
///
/// Each future becomes a task, at once and in order, as a coroutine does in
/// `asyncio.as_completed`.
///
/// # Cancel safety
/// Dropping what it gives leaves the tasks running.
///
/// # Panics
/// Outside of a run.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{as_completed, sleep};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let mut sorted = Vec::new();
///     let mut sleepers = as_completed([30, 10, 20].map(|number| async move {
///         sleep(Duration::from_millis(number)).await;
///         number
///     }));
///     while let Some(number) = sleepers.join_next().await {
///         sorted.push(number.expect("nobody aborts it"));
///     }
///     sorted
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(vec![10, 20, 30]));
/// ```
#[track_caller]
pub fn as_completed<I, F, T>(futures: I) -> AsCompleted<T>
where
    I: IntoIterator<Item = F>,
    F: Future<Output = T> + 'static,
    T: 'static,
{
    let site = Location::caller();
    let state = State { ended: VecDeque::new(), waker: None };
    let object = Object::new("as_completed");
    let shared = Arc::new(Shared { object, site, state: Mutex::new(state) });
    let mut left = 0;
    for future in futures {
        let detached: JoinHandle<()> = spawn_child(&shared, left, future);
        shared.object.expects(&detached.abort_handle());
        left += 1;
    }
    AsCompleted { shared, left }
}

/// The outputs of [`as_completed`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use unpick_primitives::task::{as_completed, sleep};
/// use unpick_sim::Run;
///
/// let program = || async {
///     let mut outputs = as_completed([30, 10].map(|number| async move {
///         sleep(Duration::from_millis(number)).await;
///         number
///     }));
///     assert_eq!(outputs.join_next().await, Some(Ok(10)));
///     // Those that have not ended are dropped with it.
///     drop(outputs);
/// };
/// assert_eq!(Run::new().execute(program).result, Ok(()));
/// ```
#[must_use = "the outputs come through `join_next`"]
pub struct AsCompleted<T> {
    shared: Arc<Shared<T>>,
    /// How many outputs have not been handed out.
    left: usize,
}

struct Shared<T> {
    object: Object,
    site: &'static Location<'static>,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// Outputs that have come and were not handed out.
    ended: VecDeque<Result<T, JoinError>>,
    waker: Option<Waker>,
}

impl<T> AsCompleted<T> {
    /// Waits for the next output; `None` once all were handed out.
    ///
    /// # Cancel safety
    /// No output is lost when it is dropped.
    ///
    /// # Errors
    /// [`JoinError::Cancelled`] in the place of a future whose task was aborted.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::as_completed;
    /// use unpick_sim::Run;
    ///
    /// let program = || async {
    ///     let mut outputs = as_completed([async { 7 }]);
    ///     assert_eq!(outputs.len(), 1);
    ///     assert_eq!(outputs.join_next().await, Some(Ok(7)));
    ///     assert_eq!(outputs.join_next().await, None);
    ///     assert!(outputs.is_empty());
    /// };
    /// assert_eq!(Run::new().execute(program).result, Ok(()));
    /// ```
    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Result<T, JoinError>>> + '_ {
        let mut operation = Operation::new("next", Access::Change, Location::caller());
        poll_fn(move |cx| self.poll_next(cx, &mut operation))
    }

    /// How many outputs have not been handed out yet.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::as_completed;
    /// use unpick_sim::Run;
    ///
    /// let program = || async { as_completed([async { 1 }]).len() };
    /// assert_eq!(Run::new().execute(program).result, Ok(1));
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether all outputs were handed out.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::task::as_completed;
    /// use unpick_sim::Run;
    ///
    /// let program = || async {
    ///     let mut outputs = as_completed([async { 1 }]);
    ///     assert!(!outputs.is_empty());
    ///     assert_eq!(outputs.join_next().await, Some(Ok(1)));
    ///     outputs.is_empty()
    /// };
    /// assert_eq!(Run::new().execute(program).result, Ok(true));
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    fn poll_next(
        &mut self,
        cx: &Context<'_>,
        operation: &mut Operation,
    ) -> Poll<Option<Result<T, JoinError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        keep_waker(&self.shared.state, cx, |state| &mut state.waker);
        let next = lock(&self.shared.state).ended.pop_front();
        if next.is_none() {
            operation.blocked(Some(&self.shared.object), cx);
            return Poll::Pending;
        }
        self.left -= 1;
        operation.executed(Some(&self.shared.object));
        self.shared.object.observe();
        Poll::Ready(next)
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AsCompleted [left:{}]>", self.left)
    }
}

impl<T> Shared<T> {
    fn ended(&self, output: Result<T, JoinError>) {
        Operation::new("end", Access::Change, self.site).executed(Some(&self.object));
        self.object.publish();
        let mut state = lock(&self.state);
        state.ended.push_back(output);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Parent<T> for Shared<T> {
    type Left = ();

    fn returned(&self, _: usize, output: T) {
        self.ended(Ok(output));
    }

    fn dropped(&self, _: usize) {
        self.ended(Err(JoinError::Cancelled));
    }
}
