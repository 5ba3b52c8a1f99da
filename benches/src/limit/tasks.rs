//! Tasks: what is known of each, its future and then its output, and handles on it.

#![expect(unsafe_code, reason = "a body is seen as what it is: there is no safe downcast")]

use std::any::TypeId;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::NONE;
use super::engine::{Core, Engine, HEARD, INDEX_BITS, MAIN, engine, index_of, not_here};
use super::objects::Operation;
use super::timers::Timer;
use super::waker;

/// What a task is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It waits to be woken.
    Idle,
    /// It has a turn, or is being polled.
    Ready,
    /// It has returned, or was dropped.
    Ended,
}

pub(super) struct Task {
    pub(super) body: Option<Pin<Box<dyn Body>>>,
    pub(super) state: State,
    pub(super) is_aborted: bool,
    /// Whether nobody will ask for its output.
    pub(super) is_detached: bool,
    /// Who waits for its end.
    pub(super) joiner: u32,
    /// How often it was polled.
    pub(super) polls: u32,
    /// How many guards it has.
    pub(super) held: u32,
    pub(super) parent: u32,
    pub(super) children: u32,
    pub(super) ordinal: u32,
    /// Whose end it waits for, and where.
    pub(super) joins: u32,
    pub(super) joins_at: Option<&'static Location<'static>>,
    pub(super) site: &'static Location<'static>,
    /// Of which type the body is.
    body_type: TypeId,
    /// Its operation that has not been executed.
    pub(super) operation: Operation,
    pub(super) timer: Timer,
}

impl Task {
    pub(super) fn new() -> Task {
        Task {
            body: None,
            state: State::Ready,
            is_aborted: false,
            is_detached: false,
            joiner: NONE,
            polls: 0,
            held: 0,
            parent: MAIN,
            children: 0,
            ordinal: 0,
            joins: NONE,
            joins_at: None,
            site: Location::caller(),
            body_type: TypeId::of::<()>(),
            operation: Operation::new(),
            timer: Timer::new(),
        }
    }
}

/// A future that keeps its output, whatever their types.
pub(super) trait Body {
    /// Polls the future. When that returns it is dropped, and its output kept.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

pin_project! {
    // Invariant: the output comes first, at the body's own address, whatever the future is.
    #[repr(C)]
    struct Stage<F: Future> {
        output: Option<F::Output>,
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Body for Stage<F> {
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("an ended task is not polled");
        let output = ready!(future.poll(cx));
        this.future.set(None);
        *this.output = Some(output);
        Poll::Ready(())
    }
}

/// Spawns a task.
#[track_caller]
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let site = Location::caller();
    let number = spawn_in(engine(), future, site);
    JoinHandle { number, output: PhantomData }
}

#[inline(never)]
fn spawn_in<F>(engine: &Engine, future: F, site: &'static Location<'static>) -> u64
where
    F: Future + 'static,
    F::Output: 'static,
{
    let core: &mut Core = &mut engine.core.borrow_mut();
    assert!(core.stamp != 0, "spawn is for futures inside of a run");
    fill(core.next_task(), future);
    core.enlist(site)
}

/// Moves a future into the body of a task of an earlier run, if that is of its type, or into a
/// new one.
#[inline(always)]
fn fill<F>(task: &mut Task, future: F)
where
    F: Future + 'static,
    F::Output: 'static,
{
    if task.body_type == TypeId::of::<Stage<F>>()
        && let Some(body) = &mut task.body
    {
        // SAFETY: `body_type` is written below alone, beside the body that is of that type. The
        // body stays pinned: its future is `None`, as the run was left, and is written in place.
        unsafe {
            let stage: *mut Stage<F> = std::ptr::from_mut(body.as_mut().get_unchecked_mut()).cast();
            std::ptr::write(&raw mut (*stage).future, Some(future));
        }
        return;
    }
    task.body_type = TypeId::of::<Stage<F>>();
    task.body = Some(Box::pin(Stage { output: None, future: Some(future) }));
}

impl Core {
    /// The record of the task that is spawned next.
    #[inline(always)]
    fn next_task(&mut self) -> &mut Task {
        if self.len >= self.tasks.len() {
            self.add_task();
        }
        &mut self.tasks[self.len]
    }

    #[cold]
    #[inline(never)]
    fn add_task(&mut self) {
        self.tasks.push(Task::new());
    }

    /// Makes a task of the record that was filled last, and says how it is numbered.
    #[inline(always)]
    fn enlist(&mut self, site: &'static Location<'static>) -> u64 {
        let id = self.len as u32;
        let parent = self.current;
        let parent_task = &mut self.tasks[parent as usize];
        parent_task.children += 1;
        let ordinal = parent_task.children;
        let task = &mut self.tasks[id as usize];
        (task.state, task.is_aborted, task.is_detached) = (State::Ready, false, false);
        (task.joiner, task.parent, task.children, task.ordinal) = (NONE, parent, 0, ordinal);
        (task.joins, task.site, task.polls, task.held) = (NONE, site, 0, 0);
        self.len += 1;
        self.left += 1;
        if self.attention & HEARD != 0 {
            not_here();
        }
        self.ready.push(id << 1);
        self.stamp << INDEX_BITS | u64::from(id)
    }
}

/// The output of a task, once it has returned.
pub(crate) struct JoinHandle<T> {
    /// The run's stamp and the task's number; zero once the output was taken.
    number: u64,
    output: PhantomData<fn() -> T>,
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, ()>;

    #[inline]
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, ()>> {
        let (number, site) = (self.number, Location::caller());
        let ended = join(engine(), number, cx.waker(), site);
        let body = match ended {
            Joined::Pending => return Poll::Pending,
            Joined::Aborted => {
                self.number = 0;
                return Poll::Ready(Err(()));
            }
            Joined::Returned(body) => body,
        };
        self.number = 0;
        // SAFETY: the body of a task whose handle is a `JoinHandle<T>` is a `Stage<F>` with an
        // output of type `T`: `spawn` alone makes handles, a number is that of one task of one
        // run, and a task's body is not replaced before its run is over. `Stage` is laid out as in
        // C, so that its first field is where it is itself; that field is not pinned. It is there
        // while the task is, and borrowed by nobody: who is polled has not returned.
        let output = unsafe { body.cast::<Option<T>>().as_mut().take() };
        Poll::Ready(output.ok_or(()))
    }
}

/// What whoever joins a task finds.
enum Joined {
    /// It has not ended, and wakes whoever asked when it does.
    Pending,
    /// It was dropped.
    Aborted,
    /// It has returned; where its body is.
    Returned(NonNull<()>),
}

/// Has the current task woken when another one ends, if it has not.
#[inline(never)]
fn join(engine: &Engine, number: u64, waker: &Waker, site: &'static Location<'static>) -> Joined {
    let core: &mut Core = &mut engine.core.borrow_mut();
    assert!(number >> INDEX_BITS == core.stamp, "a handle of another run");
    let task = &mut core.tasks[index_of(number)];
    if task.state == State::Ended {
        core.left -= 1;
        let Some(body) = &mut task.body else { return Joined::Aborted };
        // SAFETY: nothing is moved.
        let body = unsafe { body.as_mut().get_unchecked_mut() };
        return Joined::Returned(NonNull::from(body).cast());
    }
    assert!(
        (task.joiner == NONE || task.joiner == core.current)
            && waker::is_of(waker, engine.current.get()),
        "only a task itself waits for another, with a waker of its own"
    );
    task.joiner = core.current;
    let own = &mut core.tasks[core.current as usize];
    (own.joins, own.joins_at) = (index_of(number) as u32, Some(site));
    Joined::Pending
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if self.number != 0 {
            detach(self.number);
        }
    }
}

/// Has the output of a task dropped, now or when there is one.
#[inline(never)]
fn detach(number: u64) {
    let engine = engine();
    let _left = {
        let core: &mut Core = &mut engine.core.borrow_mut();
        if core.stamp != number >> INDEX_BITS {
            return;
        }
        let task = &mut core.tasks[index_of(number)];
        task.is_detached = true;
        task.joiner = NONE;
        core.left -= usize::from(task.state == State::Ended);
        if task.state == State::Ended { task.body.take() } else { None }
    };
}

impl<T> JoinHandle<T> {
    /// Has the task dropped when it is its turn next.
    #[cfg(test)]
    pub(crate) fn abort(&self) {
        let engine = engine();
        let core: &mut Core = &mut engine.core.borrow_mut();
        let id = index_of(self.number) as u32;
        if core.tasks[id as usize].state != State::Ended {
            core.tasks[id as usize].is_aborted = true;
            core.wake(id);
        }
    }
}

/// Gives way to the other tasks once.
pub(crate) fn yield_now() -> YieldNow {
    YieldNow { has_yielded: false }
}

/// The future of [`yield_now`].
pub(crate) struct YieldNow {
    has_yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_yielded {
            return Poll::Ready(());
        }
        self.has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
