//! Wakers that own nothing: a run's stamp and a task's number, packed into the data pointer.
//!
//! Cloning copies, dropping does nothing, and waking looks the task up in the engine of the
//! current thread. So a waker may be cloned, kept in a static, sent anywhere and called after
//! its run: there is no memory that it could outlive.

#![expect(unsafe_code, reason = "the one unsafe call of the engine: it makes a waker")]

use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::ids::{Packed, Stamp, TaskId};
use super::{beacon, current_stamp, with_run_of};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("unpick-sim packs a run and a task into a pointer: it needs a 64-bit target");

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop);

/// The waker of a task of the run `stamp`.
#[inline]
pub(crate) fn task_waker(stamp: Stamp, task: TaskId) -> Waker {
    // SAFETY: `RawWakerVTable` asks for functions that are safe to call from any thread, any
    // number of times, until the last clone is dropped. The data pointer is a number: no
    // function below dereferences it, so there is nothing to own, free or race for. `clone`
    // returns a pointer with the same number and the same table; `drop` has nothing to release.
    unsafe { Waker::from_raw(raw(Packed::new(stamp, task.0))) }
}

fn raw(packed: Packed) -> RawWaker {
    RawWaker::new(ptr::without_provenance(packed.0 as usize), &VTABLE)
}

fn packed(data: *const ()) -> Packed {
    Packed(data.addr() as u64)
}

fn clone(data: *const ()) -> RawWaker {
    raw(packed(data))
}

fn wake(data: *const ()) {
    let packed = packed(data);
    let woken = with_run_of(packed.stamp(), |core| core.wake(TaskId(packed.index())));
    if woken.is_none() {
        beacon::wake_from_elsewhere(packed);
    }
}

fn drop(_: *const ()) {}

/// Whom to wake: a task of this run directly, or whatever stands behind a waker of somebody
/// else's (a combinator that polls its children with wakers of its own).
#[derive(Debug)]
pub(crate) enum Waiter {
    /// The task itself.
    Task(TaskId),
    /// A waker that is not ours. It may only be cloned, woken and dropped while the engine is
    /// not borrowed: it runs code of others.
    Other(Waker),
}

impl Waiter {
    /// What stands behind `waker`: one of our tasks, if the waker is of the run on this thread.
    /// Must not be called with the engine borrowed.
    #[inline]
    pub(crate) fn of(waker: &Waker) -> Waiter {
        if ptr::eq(waker.vtable(), &VTABLE)
            && let Some(task) = packed(waker.data()).of(current_stamp())
        {
            return Waiter::Task(TaskId(task));
        }
        Waiter::Other(waker.clone())
    }
}
