//! A local set of a run.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::JoinHandle;
use crate::task::spawn_in_run;

thread_local! {
    /// The set whose code is running.
    static CURRENT: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
}

/// Tasks of a run that are polled only while their set is driven.
pub(super) struct SetOfRun {
    shared: Rc<Shared>,
    /// While it is awaited.
    driving: Option<Driving>,
}

#[derive(Default)]
struct Shared {
    /// How many futures drive it.
    drivers: Cell<usize>,
    /// Tasks that were to be polled while nothing drove it.
    waiting: RefCell<Vec<Waker>>,
    /// Those that were not dropped yet, in the order of spawning.
    tasks: RefCell<Vec<unpick_sim::AbortHandle>>,
    unfinished: Cell<usize>,
    /// Who waits for the last of them to end.
    waker: RefCell<Option<Waker>>,
}

/// Drives a set as long as it lives.
struct Driving(Rc<Shared>);

impl Driving {
    fn new(shared: &Rc<Shared>) -> Driving {
        shared.drivers.set(shared.drivers.get() + 1);
        let waiting = shared.waiting.take();
        waiting.into_iter().for_each(Waker::wake);
        Driving(Rc::clone(shared))
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.0.drivers.set(self.0.drivers.get() - 1);
    }
}

/// Makes a set the current one, and puts the earlier one back.
pub(super) struct Entered(Option<Rc<Shared>>);

impl Entered {
    fn new(shared: &Rc<Shared>) -> Entered {
        Entered(CURRENT.with(|current| current.borrow_mut().replace(Rc::clone(shared))))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let earlier = self.0.take();
        let _left =
            CURRENT.try_with(|current| std::mem::replace(&mut *current.borrow_mut(), earlier));
    }
}

impl SetOfRun {
    pub(super) fn new() -> SetOfRun {
        SetOfRun { shared: Rc::default(), driving: None }
    }

    /// The set whose code is running, to spawn into.
    pub(super) fn current() -> Option<Spawner> {
        CURRENT.with(|current| current.borrow().clone()).map(Spawner)
    }

    pub(super) fn enter(&self) -> Entered {
        Entered::new(&self.shared)
    }

    #[track_caller]
    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Spawner(Rc::clone(&self.shared)).spawn(future)
    }

    pub(super) async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let _driving = Driving::new(&self.shared);
        Inside { shared: Rc::clone(&self.shared), future }.await
    }

    pub(super) fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.shared.unfinished.get() == 0 {
            self.driving = None;
            return Poll::Ready(());
        }
        if self.driving.is_none() {
            self.driving = Some(Driving::new(&self.shared));
        }
        let waker = cx.waker().clone();
        let _old = self.shared.waker.replace(Some(waker));
        Poll::Pending
    }
}

impl Drop for SetOfRun {
    fn drop(&mut self) {
        // Whatever they spawn meanwhile is dropped as well.
        loop {
            let tasks = self.shared.tasks.take();
            if tasks.is_empty() {
                break;
            }
            let _entered = self.enter();
            for task in tasks {
                task.drop_now();
            }
        }
    }
}

/// Spawns into a set.
pub(super) struct Spawner(Rc<Shared>);

impl Spawner {
    #[track_caller]
    pub(super) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let shared = &self.0;
        shared.unfinished.set(shared.unfinished.get() + 1);
        let member = Member(Rc::downgrade(shared));
        let handle = spawn_in_run(Gated { future, member });
        let mut tasks = shared.tasks.borrow_mut();
        // Now and then, so that it costs a constant each on average.
        if tasks.len() > 2 * shared.unfinished.get() + 16 {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.extend(handle.abort_handle().of_run().cloned());
        handle
    }
}

/// Counts as one of the set's tasks until it is dropped.
struct Member(Weak<Shared>);

impl Drop for Member {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.unfinished.set(shared.unfinished.get() - 1);
            if shared.unfinished.get() == 0
                && let Some(waker) = shared.waker.take()
            {
                waker.wake();
            }
        }
    }
}

pin_project! {
    /// A task of a set: polled only while the set is driven.
    struct Gated<F> {
        #[pin]
        future: F,
        member: Member,
    }
}

impl<F: Future> Future for Gated<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Once the set is gone the task is about to be dropped.
        let Some(shared) = this.member.0.upgrade() else { return Poll::Pending };
        if shared.drivers.get() == 0 {
            shared.waiting.borrow_mut().push(cx.waker().clone());
            return Poll::Pending;
        }
        let _entered = Entered::new(&shared);
        this.future.poll(cx)
    }
}

pin_project! {
    /// A future in which the set is the current one.
    struct Inside<F> {
        shared: Rc<Shared>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = Entered::new(this.shared);
        this.future.poll(cx)
    }
}
