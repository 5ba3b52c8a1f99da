//! Wakers that own nothing: a run's stamp and a task's number, packed into the data pointer.
//!
//! Cloning copies and counts, dropping counts, and waking looks the task up in the engine of the
//! current thread. So a waker may be cloned, kept in a static, sent anywhere and called after
//! its run: there is no memory that it could outlive.

#![expect(unsafe_code, reason = "the one unsafe call of the engine: it makes a waker")]

use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::ids::{Packed, Stamp, TaskId};
use super::{Core, beacon, current_stamp, engine, with_run_of};
use crate::callers;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("unpick-sim packs a run and a task into a pointer: it needs a 64-bit target");

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake_owned, wake, drop);

/// The waker of this task of this run.
#[inline]
pub(crate) fn task_waker(packed: Packed) -> Waker {
    // SAFETY: `RawWakerVTable` asks for functions that are safe to call from any thread, any
    // number of times, until the last clone is dropped. The data pointer is a number: no
    // function below dereferences it, so there is nothing to own, free or race for. `clone`
    // returns a pointer with the same number and the same table; `drop` has nothing to
    // release.
    unsafe { Waker::from_raw(raw(packed)) }
}

fn raw(packed: Packed) -> RawWaker {
    RawWaker::new(ptr::without_provenance(packed.0 as usize), &VTABLE)
}

fn packed(data: *const ()) -> Packed {
    Packed(data.addr() as u64)
}

/// One waker more, or one less.
#[derive(Clone, Copy)]
enum Change {
    More,
    Less,
}

/// Counts how many wakers of a task are about, so that a wait for something unknown is told from
/// none. Those that other threads clone and drop are not counted: it is a hint.
fn count(packed: Packed, change: Change) {
    let engine = engine();
    // Outside of every run nobody wants to know.
    if engine.stamp.get() == packed.stamp()
        && let Ok(mut core) = engine.core.try_borrow_mut()
    {
        core.count_waker(TaskId(packed.index()), change);
    }
}

impl Core {
    #[inline]
    fn count_waker(&mut self, id: TaskId, change: Change) {
        let Some(task) = self.tasks.get_mut(id.index()) else { return };
        match change {
            Change::More => {
                task.wakers += 1;
                self.wakers += 1;
                if self.events.is_some() {
                    callers::note_kept(id.into(), self.event_count());
                }
            }
            // Those that other threads cloned were not counted.
            Change::Less if task.wakers == 0 => {}
            Change::Less => {
                task.wakers -= 1;
                self.wakers -= 1;
            }
        }
    }
}

fn clone(data: *const ()) -> RawWaker {
    count(packed(data), Change::More);
    raw(packed(data))
}

fn wake_owned(data: *const ()) {
    let packed = packed(data);
    let woken = with_run_of(packed.stamp(), |core| {
        core.count_waker(TaskId(packed.index()), Change::Less);
        core.wake(TaskId(packed.index()));
    });
    if woken.is_none() {
        beacon::wake_from_elsewhere(packed);
    }
}

fn wake(data: *const ()) {
    let packed = packed(data);
    let engine = engine();
    if engine.polled.get() == packed && !engine.is_traced.get() {
        engine.polled.set(Packed::WOKEN);
    } else {
        wake_other(packed);
    }
}

/// Wakes a task that is not the one that is being polled, or not known to be.
#[inline(never)]
fn wake_other(packed: Packed) {
    let woken = with_run_of(packed.stamp(), |core| core.wake(TaskId(packed.index())));
    if woken.is_none() {
        beacon::wake_from_elsewhere(packed);
    }
}

/// Wakes a task whose number was kept in place of its waker, once `before` was done to the core;
/// that is not done outside of its run.
#[inline]
pub(crate) fn wake_task(packed: Packed, before: impl FnOnce(&mut Core)) {
    let woken = with_run_of(packed.stamp(), |core| {
        before(core);
        core.wake(TaskId(packed.index()));
    });
    if woken.is_none() {
        beacon::wake_from_elsewhere(packed);
    }
}

fn drop(data: *const ()) {
    count(packed(data), Change::Less);
}

/// Whether a waker is that of a task of the run on this thread.
#[inline]
pub(crate) fn is_task_waker(waker: &Waker) -> bool {
    is_of_run(waker, current_stamp())
}

/// The current task, and the number behind a waker of its own; `None` of any other waker.
#[inline(always)]
pub(crate) fn own_task(waker: &Waker, core: &Core) -> Option<(TaskId, Packed)> {
    let task = core.current?;
    let own = Packed::new(core.stamp, task.0);
    (ptr::eq(waker.vtable(), &VTABLE) && packed(waker.data()) == own).then_some((task, own))
}

/// Whether a waker is that of a task of the run with this stamp. Runs no code of others.
#[inline]
pub(crate) fn is_of_run(waker: &Waker, stamp: Stamp) -> bool {
    ptr::eq(waker.vtable(), &VTABLE) && packed(waker.data()).stamp() == stamp
}

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
    /// The task that a waker stands for, if it is one of the run with this stamp. Runs no code of
    /// others, so that it may be asked while the engine is borrowed.
    #[inline]
    pub(crate) fn of_task(waker: &Waker, stamp: Stamp) -> Option<Waiter> {
        if !ptr::eq(waker.vtable(), &VTABLE) {
            return None;
        }
        packed(waker.data()).of(stamp).map(|task| Waiter::Task(TaskId(task)))
    }

    /// What stands behind `waker`: one of our tasks, if the waker is of the run on this thread.
    /// Must not be called with the engine borrowed.
    #[inline]
    pub(crate) fn of(waker: &Waker) -> Waiter {
        Waiter::of_task(waker, current_stamp()).unwrap_or_else(|| Waiter::Other(waker.clone()))
    }
}
