//! What the driven runtime calls back, and what it shares with its callers: all of it belongs to
//! one thread, but the runtime asks for functions and futures that could be sent elsewhere.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;
use unpick_sim::probe;

thread_local! {
    /// Whom to wake when the runtime has parked, and what its clock showed the last time.
    static AT_UNPARK: RefCell<Option<(Waker, Instant)>> = const { RefCell::new(None) };
    /// Whether a thread was refused: such a runtime counts one that it has not.
    static WAS_REFUSED: Cell<bool> = const { Cell::new(false) };
    static LOOKAHEAD: Lookahead = const {
        Lookahead { waker: RefCell::new(None), is_there: Cell::new(false), is_queued: Cell::new(false), ran: Cell::new(false) }
    };
}

/// Has the waker called when the runtime's clock has moved while it was parked, or when something
/// else may run. Not at every time that it has parked: being woken keeps the runtime from moving
/// its clock the next time.
pub(super) fn wake_at_unpark(waker: Option<Waker>) {
    AT_UNPARK.with(|kept| {
        let waker = waker.map(|waker| (waker, Instant::now()));
        let _old = std::mem::replace(&mut *kept.borrow_mut(), waker);
    });
}

/// The runtime has parked.
pub(super) fn unparked() {
    let waker = AT_UNPARK.with(|kept| {
        let mut kept = kept.borrow_mut();
        let (waker, parked_at) = kept.as_mut()?;
        let now = Instant::now();
        let has_moved = std::mem::replace(parked_at, now) < now;
        (has_moved || probe::has_turns()).then(|| waker.clone())
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Called, inside of the run, when the runtime is about to start a thread for what blocks.
pub(super) fn refuse_thread() -> String {
    WAS_REFUSED.set(true);
    panic!(
        "tokio was about to start an OS thread inside of a run, for `tokio::fs`, for the look-up \
         of a host's name, or for a `spawn_blocking` of a crate that uses tokio itself: no \
         schedule controls such a thread. Call `spawn_blocking` through `unpick-tokio`, or put \
         what blocks behind a trait that the test implements without files and threads"
    )
}

/// Whether a thread was refused since this was last asked.
pub(super) fn was_thread_refused() -> bool {
    WAS_REFUSED.take()
}

/// The state of the task that tells whether others are queued.
struct Lookahead {
    waker: RefCell<Option<Waker>>,
    is_there: Cell<bool>,
    is_queued: Cell<bool>,
    ran: Cell<bool>,
}

/// A task of the runtime's that does nothing. It stands at the end of the queue once it is woken:
/// if it is the next to run, no other task was queued.
struct LookaheadTask;

impl Future for LookaheadTask {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        LOOKAHEAD.with(|lookahead| {
            *lookahead.waker.borrow_mut() = Some(cx.waker().clone());
            lookahead.is_queued.set(false);
            lookahead.ran.set(true);
        });
        Poll::Pending
    }
}

/// How many tasks of the runtime are ours.
pub(super) fn own_tasks() -> usize {
    LOOKAHEAD.with(|lookahead| usize::from(lookahead.is_there.get()))
}

/// Whether a task that was spawned here is ours.
#[cfg(tokio_unstable)]
pub(super) fn is_own(spawned_at: &std::panic::Location<'_>) -> bool {
    spawned_at.file() == file!()
}

/// Puts the lookahead at the end of the queue, from inside of the runtime; says whether it was
/// not in the queue already.
pub(super) fn queue_lookahead() -> bool {
    LOOKAHEAD.with(|lookahead| {
        lookahead.ran.set(false);
        if lookahead.is_queued.replace(true) {
            return false;
        }
        if !lookahead.is_there.replace(true) {
            tokio::spawn(LookaheadTask);
        } else if let Some(waker) = lookahead.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
        true
    })
}

/// Whether the lookahead has run since it was last asked for.
pub(super) fn lookahead_ran() -> bool {
    LOOKAHEAD.with(|lookahead| lookahead.ran.get())
}

/// The runtime is given up.
pub(super) fn forget_lookahead() {
    LOOKAHEAD.with(|lookahead| {
        lookahead.is_there.set(false);
        lookahead.is_queued.set(false);
        lookahead.ran.set(false);
        let _waker = lookahead.waker.borrow_mut().take();
    });
}
