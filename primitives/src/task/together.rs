//! Children that run together and are waited for at once: what both forms of gather are made of.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use unpick_sim::AbortHandle;
use unpick_sim::probe::{Access, Object, Operation};

use super::children::{Parent, drop_in_place, keep_waker, lock, spawn_child};

/// How a child ended: with its output, or `None` if it was dropped before it returned.
pub(super) type Ending<T> = Option<T>;

/// Children that are dropped with it, unless it has returned.
pub(super) struct Together<T> {
    shared: Arc<Shared<T>>,
    children: Vec<AbortHandle>,
    is_over: bool,
    /// The wait for the children.
    operation: Operation,
}

struct Shared<T> {
    object: Object,
    site: &'static Location<'static>,
    is_failure: fn(&Ending<T>) -> bool,
    state: Mutex<State<T>>,
}

struct State<T> {
    /// By number; `None` while a child goes on.
    endings: Vec<Option<Ending<T>>>,
    /// Invariant: how many of `endings` are `None`, unless there is a failure.
    unfinished: usize,
    failure: Option<Ending<T>>,
    waker: Option<Waker>,
}

/// What the wait for the children gives.
pub(super) enum Joined<T> {
    /// The first child that failed.
    Failure(Ending<T>),
    /// Everything, in order.
    All(Vec<Ending<T>>),
}

impl<T: 'static> Together<T> {
    /// Spawns the children at the caller's site.
    #[track_caller]
    pub(super) fn new<F>(
        futures: impl IntoIterator<Item = F>,
        is_failure: fn(&Ending<T>) -> bool,
    ) -> Together<T>
    where
        F: Future<Output = T> + 'static,
    {
        let site = Location::caller();
        let futures: Vec<F> = futures.into_iter().collect();
        let state = State {
            endings: futures.iter().map(|_| None).collect(),
            unfinished: futures.len(),
            failure: None,
            waker: None,
        };
        let object = Object::new("gather");
        let shared = Arc::new(Shared { object, site, is_failure, state: Mutex::new(state) });
        let mut children = Vec::with_capacity(futures.len());
        for (number, future) in futures.into_iter().enumerate() {
            let child = spawn_child(&shared, number, future).abort_handle();
            shared.object.expects(&child);
            children.push(child);
        }
        let operation = Operation::new("join", Access::Change, site);
        Together { shared, children, is_over: false, operation }
    }

    /// Waits for the first failure, or for all.
    pub(super) fn poll_join(&mut self, cx: &Context<'_>) -> Poll<Joined<T>> {
        assert!(!self.is_over, "a gather was polled after it had returned");
        keep_waker(&self.shared.state, cx, |state| &mut state.waker);
        match self.shared.take_joined() {
            Some(joined) => {
                self.operation.executed(Some(&self.shared.object));
                self.shared.object.observe();
                self.children.clear();
                self.is_over = true;
                Poll::Ready(joined)
            }
            None => {
                self.operation.blocked(Some(&self.shared.object), cx);
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Together<T> {
    fn drop(&mut self) {
        // Nobody waits any more: that its own children end here wakes no one.
        let _waker = lock(&self.shared.state).waker.take();
        drop_in_place(&self.children);
    }
}

impl<T> Shared<T> {
    fn take_joined(&self) -> Option<Joined<T>> {
        let state = &mut *lock(&self.state);
        if let Some(failure) = state.failure.take() {
            return Some(Joined::Failure(failure));
        }
        if state.unfinished > 0 {
            return None;
        }
        Some(Joined::All(std::mem::take(&mut state.endings).into_iter().flatten().collect()))
    }

    fn ended(&self, number: usize, ending: Ending<T>) {
        let fails = (self.is_failure)(&ending);
        // Only a failure changes what the parent finds: that others return first or last does
        // not matter to it.
        let access = if fails { Access::Change } else { Access::Read };
        Operation::new("end", access, self.site).executed(Some(&self.object));
        self.object.publish();
        let mut state = lock(&self.state);
        state.unfinished -= 1;
        let mut unwanted = None;
        if !fails {
            state.endings[number] = Some(ending);
        } else if state.failure.is_none() {
            state.failure = Some(ending);
        } else {
            unwanted = Some(ending);
        }
        let is_joined = fails || state.unfinished == 0;
        let waker = if is_joined { state.waker.take() } else { None };
        drop(state);
        drop(unwanted);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Parent<T> for Shared<T> {
    type Left = ();

    fn returned(&self, number: usize, output: T) {
        self.ended(number, Some(output));
    }

    fn dropped(&self, number: usize) {
        self.ended(number, None);
    }
}

impl<T> fmt::Display for Together<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.children.iter().filter(|child| !child.is_finished()).count() {
            0 => f.write_str("finished"),
            unfinished => write!(f, "unfinished:{unfinished}"),
        }
    }
}
