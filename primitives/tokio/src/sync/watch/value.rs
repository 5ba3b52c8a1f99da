//! Looking at the value.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch as real;
use unpick_sim::probe::{Object, is_inside_run};

/// How many look at the value inside of a run.
///
/// Tokio has it behind a lock that blocks the thread: whoever sends while somebody looks would
/// never return, and neither would the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Borrows(Arc<AtomicU32>);

impl Borrows {
    fn begin(&self) -> Option<Borrow<'_>> {
        if !is_inside_run() {
            return None;
        }
        // Relaxed: whoever else looks at it inside of the run does so on the same thread.
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(Borrow(self))
    }

    /// Somebody is about to change the value.
    ///
    /// # Panics
    /// If somebody looks at it.
    #[track_caller]
    pub(super) fn check_none(&self, call: &str, object: &Object) {
        let borrows = self.0.load(Ordering::Relaxed);
        assert!(
            borrows == 0,
            "{call} on a {object:?} would block the thread of the run for ever: there are \
             {borrows} Refs of its value, which keep it from being changed; allowed: while nobody \
             has one, so none across an await"
        );
    }
}

struct Borrow<'a>(&'a Borrows);

impl Drop for Borrow<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Looks at the value, which cannot be changed meanwhile: tokio's [`Ref`](real::Ref).
pub struct Ref<'a, T> {
    inner: real::Ref<'a, T>,
    _borrow: Option<Borrow<'a>>,
}

impl<'a, T> Ref<'a, T> {
    pub(super) fn new(inner: real::Ref<'a, T>, borrows: &'a Borrows) -> Self {
        Ref { inner, _borrow: borrows.begin() }
    }

    /// As tokio's [`has_changed`](real::Ref::has_changed).
    pub fn has_changed(&self) -> bool {
        self.inner.has_changed()
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
