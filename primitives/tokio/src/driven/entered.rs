//! A runtime that stays entered for as long as a value lives.

#![expect(unsafe_code, reason = "a guard that lives beside the handle which it borrows")]

use std::rc::Rc;

use tokio::runtime::{EnterGuard, Handle};

/// Keeps a runtime entered on this thread.
pub(super) struct Entered {
    /// Invariant: dropped before `handle`, which it borrows.
    guard: Option<EnterGuard<'static>>,
    /// Counted, so that it stays where it is when this is moved.
    handle: Rc<Handle>,
}

impl Entered {
    pub(super) fn new(handle: Rc<Handle>) -> Entered {
        let guard = handle.enter();
        // SAFETY: only the lifetime changes. What the guard borrows is `*handle`, which has an
        // address of its own, cannot be had mutably while this shares it, and lives until after the
        // guard: `drop` below drops the guard first. The guard itself is not handed out.
        let guard = unsafe { std::mem::transmute::<EnterGuard<'_>, EnterGuard<'static>>(guard) };
        Entered { guard: Some(guard), handle }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.guard = None;
    }
}
