//! A set of tasks of a run.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;
use unpick_sim::probe::{Access, Object, Operation};

use super::{AbortHandle, Id, JoinError, JoinHandle};

/// Tasks of a run, awaited in the order in which they end.
pub(super) struct SetOfRun<T> {
    object: Object,
    entries: BTreeMap<u64, Entry<T>>,
    /// How many there have been.
    count: u64,
    ended: Arc<Ended>,
    /// The wait for the next one, while there is one.
    operation: Option<Operation>,
}

struct Entry<T> {
    handle: JoinHandle<T>,
    site: &'static Location<'static>,
}

/// Which tasks have ended and were not taken, and who waits for that.
#[derive(Default)]
struct Ended {
    state: Mutex<(VecDeque<u64>, Option<Waker>)>,
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, (VecDeque<u64>, Option<Waker>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, number: u64) {
        let waker = {
            let (numbers, waker) = &mut *self.lock();
            numbers.push_back(number);
            waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Tells the set when it is dropped, which is when its task ends.
pub(super) struct Tells {
    number: u64,
    ended: Arc<Ended>,
}

impl Tells {
    /// A future that takes it along. What the future owned is gone before the set is told.
    pub(super) fn around<F>(self, future: F) -> Telling<F> {
        Telling { future, tells: self }
    }
}

impl Drop for Tells {
    fn drop(&mut self) {
        self.ended.push(self.number);
    }
}

pin_project! {
    /// The future of [`Tells::around`].
    pub(super) struct Telling<F> {
        #[pin]
        future: F,
        tells: Tells,
    }
}

impl<F: Future> Future for Telling<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

/// Wakes by saying once more that a task has ended.
struct Again(u64, Arc<Ended>);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.1.push(self.0);
    }
}

impl<T> SetOfRun<T> {
    pub(super) fn new() -> SetOfRun<T> {
        SetOfRun {
            object: Object::new("join set"),
            entries: BTreeMap::new(),
            count: 0,
            ended: Arc::default(),
            operation: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What the next task to be inserted is to take along.
    pub(super) fn tells(&self) -> Tells {
        Tells { number: self.count, ended: Arc::clone(&self.ended) }
    }

    /// Adds a task that has taken [`tells`](Self::tells) along.
    #[track_caller]
    pub(super) fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let aborts = handle.abort_handle();
        if let Some(task) = aborts.of_run() {
            self.object.expects(task);
        }
        self.entries.insert(self.count, Entry { handle, site: Location::caller() });
        self.count += 1;
        aborts
    }

    /// One that has ended, if any has.
    pub(super) fn try_next(&mut self) -> Option<Result<(Id, T), JoinError>> {
        loop {
            let number = self.ended.lock().0.pop_front()?;
            let Some(entry) = self.entries.get_mut(&number) else { continue };
            // Its future is gone, so it has ended, unless this is called by that very drop.
            let waker = Waker::from(Arc::new(Again(number, Arc::clone(&self.ended))));
            let mut context = Context::from_waker(&waker);
            if let Poll::Ready(joined) = entry.handle.poll_at(&mut context, entry.site) {
                let id = entry.handle.id();
                self.entries.remove(&number);
                return Some(joined.map(|output| (id, output)));
            }
        }
    }

    pub(super) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        site: &'static Location<'static>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        if let Some(joined) = self.try_next() {
            if let Some(mut operation) = self.operation.take() {
                operation.executed(Some(&self.object));
            }
            return Poll::Ready(Some(joined));
        }
        if self.entries.is_empty() {
            self.operation = None;
            return Poll::Ready(None);
        }
        // Cloning and dropping a waker may run code of others: not under the lock.
        let waker = cx.waker().clone();
        let _old = self.ended.lock().1.replace(waker);
        let new = || Operation::new("join_next", Access::Change, site);
        self.operation.get_or_insert_with(new).blocked(Some(&self.object), cx);
        Poll::Pending
    }

    pub(super) fn abort_all(&self) {
        self.entries.values().for_each(|entry| entry.handle.abort());
    }

    pub(super) fn detach_all(&mut self) {
        self.entries.clear();
    }
}

impl<T> Drop for SetOfRun<T> {
    fn drop(&mut self) {
        self.abort_all();
    }
}
