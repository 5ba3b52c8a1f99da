//! Wakers that own nothing: the run's stamp and the task's number are the data pointer.

#![expect(unsafe_code, reason = "a waker is made from a number")]

use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::engine::{Engine, INDEX_BITS, engine, index_of};

static VTABLE: RawWakerVTable = RawWakerVTable::new(raw, wake, wake, |_| ());

/// The waker of the task that is numbered so.
#[inline(always)]
pub(super) fn waker(number: u64) -> Waker {
    // SAFETY: the data pointer is a number, which no function of the table takes for an address:
    // there is nothing to own, free or race for, and each may be called from any thread.
    unsafe { Waker::from_raw(raw(ptr::without_provenance(number as usize))) }
}

/// Whether this is the waker of the task that is numbered so.
#[inline(always)]
pub(super) fn is_of(waker: &Waker, number: u64) -> bool {
    waker.data().addr() as u64 == number && ptr::eq(waker.vtable(), &VTABLE)
}

const fn raw(data: *const ()) -> RawWaker {
    RawWaker::new(data, &VTABLE)
}

/// A task that wakes itself, which is most of what tasks do, touches two cells.
fn wake(data: *const ()) {
    let engine = engine();
    if engine.current.get() == data.addr() as u64 {
        engine.woken.set(true);
    } else {
        wake_other(engine, data.addr() as u64);
    }
}

#[inline(never)]
fn wake_other(engine: &Engine, number: u64) {
    // One of a run that is over, or of another thread's, is inert.
    if engine.stamp.get() == number >> INDEX_BITS {
        engine.core.borrow_mut().wake(index_of(number) as u32);
    }
}
