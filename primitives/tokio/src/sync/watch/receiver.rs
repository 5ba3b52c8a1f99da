//! The end that watches.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use tokio::sync::watch as real;
use tokio::sync::watch::error::RecvError;
use unpick_sim::probe::Access;

use super::Ref;
use super::value::Borrows;
use crate::sync::end::End;
use crate::sync::waiting::{Announced, Waiting};

/// Sees the newest value, and waits for others: tokio's [`Receiver`](real::Receiver).
pub struct Receiver<T> {
    pub(super) end: End,
    pub(super) borrows: Borrows,
    pub(super) inner: real::Receiver<T>,
}

impl<T> Receiver<T> {
    /// As tokio's [`borrow`](real::Receiver::borrow).
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.end.object.immediate("borrow", Access::Read);
        self.end.object.observe();
        Ref::new(self.inner.borrow(), &self.borrows)
    }

    /// As tokio's [`borrow_and_update`](real::Receiver::borrow_and_update).
    #[track_caller]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.end.object.immediate("borrow_and_update", Access::Read);
        self.end.object.observe();
        Ref::new(self.inner.borrow_and_update(), &self.borrows)
    }

    /// As tokio's [`has_changed`](real::Receiver::has_changed).
    ///
    /// # Errors
    /// If all senders are gone.
    #[track_caller]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        self.end.object.immediate("has_changed", Access::Read);
        self.inner.has_changed()
    }

    /// As tokio's [`is_closed`](real::Receiver::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.object.immediate("is_closed", Access::Read);
        self.inner.is_closed()
    }

    /// As tokio's [`mark_changed`](real::Receiver::mark_changed).
    pub fn mark_changed(&mut self) {
        self.inner.mark_changed();
    }

    /// As tokio's [`mark_unchanged`](real::Receiver::mark_unchanged).
    pub fn mark_unchanged(&mut self) {
        self.inner.mark_unchanged();
    }

    /// As tokio's [`changed`](real::Receiver::changed).
    ///
    /// # Errors
    /// If all senders are gone.
    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), RecvError>> + use<'_, T> {
        let waiting = Waiting::for_news("changed", Access::Read, Location::caller());
        Announced::new(&self.end.object, waiting, self.inner.changed())
    }

    /// As tokio's [`wait_for`](real::Receiver::wait_for).
    ///
    /// # Errors
    /// If all senders are gone, and the value that is left will not do.
    #[track_caller]
    pub fn wait_for(
        &mut self,
        f: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Ref<'_, T>, RecvError>> {
        let waiting = Waiting::for_news("wait_for", Access::Read, Location::caller());
        let (object, borrows) = (&*self.end.object, &self.borrows);
        let wait = Announced::new(object, waiting, self.inner.wait_for(f));
        async move { Ok(Ref::new(wait.await?, borrows)) }
    }

    /// As tokio's [`same_channel`](real::Receiver::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        let (end, borrows) = (self.end.clone(), self.borrows.clone());
        Receiver { end, borrows, inner: self.inner.clone() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
