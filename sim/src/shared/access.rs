//! Accesses to a shared variable that let other tasks in before.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Shared;
use crate::engine::SharedAccess;
use crate::probe::Operation;

/// The future of [`Shared::read`].
#[must_use = "futures do nothing unless they are polled"]
pub struct SharedRead<'a, T> {
    shared: &'a Shared<T>,
    operation: Operation,
}

impl<'a, T> SharedRead<'a, T> {
    pub(super) const fn new(shared: &'a Shared<T>, operation: Operation) -> SharedRead<'a, T> {
        SharedRead { shared, operation }
    }
}

impl<T: Clone> Future for SharedRead<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let SharedRead { shared, operation } = &mut *self;
        if operation.poll_announce(Some(&shared.object), cx).is_pending() {
            return Poll::Pending;
        }
        operation.executed(Some(&shared.object));
        let value = shared.lock();
        shared.accessed(SharedAccess::Read, operation.site(), Some(&value));
        Poll::Ready(value.clone())
    }
}

/// The future of [`Shared::write`].
#[must_use = "futures do nothing unless they are polled"]
pub struct SharedWrite<'a, T> {
    shared: &'a Shared<T>,
    value: Option<T>,
    operation: Operation,
}

impl<'a, T> SharedWrite<'a, T> {
    pub(super) const fn new(
        shared: &'a Shared<T>,
        value: T,
        operation: Operation,
    ) -> SharedWrite<'a, T> {
        SharedWrite { shared, value: Some(value), operation }
    }
}

// The value is never pinned: it is moved into the variable.
impl<T> Unpin for SharedWrite<'_, T> {}

impl<T> Future for SharedWrite<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let SharedWrite { shared, value, operation } = &mut *self;
        if operation.poll_announce(Some(&shared.object), cx).is_pending() {
            return Poll::Pending;
        }
        operation.executed(Some(&shared.object));
        let value = value.take().expect("a write is not polled after it has returned");
        shared.accessed(SharedAccess::Write, operation.site(), Some(&value));
        let old = std::mem::replace(&mut *shared.lock(), value);
        drop(old);
        Poll::Ready(())
    }
}

impl<T> fmt::Debug for SharedRead<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<SharedRead of {:?}>", self.shared.object)
    }
}

impl<T> fmt::Debug for SharedWrite<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<SharedWrite of {:?}>", self.shared.object)
    }
}
