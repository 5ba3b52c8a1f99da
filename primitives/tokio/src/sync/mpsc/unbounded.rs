//! The end that sends into a channel without a bound.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use tokio::sync::mpsc as real;
use tokio::sync::mpsc::error::SendError;
use unpick_sim::probe::{Access, is_inside_run};

use super::unsent::unsent;
use super::weak::WeakUnboundedSender;
use crate::sync::end::End;
use crate::sync::stamped::Stamped;
use crate::sync::waiting::{Announced, Waiting};
use crate::sync::waking::Call;

/// Sends messages into a channel without a bound: tokio's
/// [`UnboundedSender`](real::UnboundedSender).
pub struct UnboundedSender<T> {
    pub(super) end: End,
    pub(super) inner: real::UnboundedSender<Stamped<T>>,
}

impl<T> UnboundedSender<T> {
    /// As tokio's [`send`](real::UnboundedSender::send).
    ///
    /// # Errors
    /// If the receiver is closed or gone: with the message.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        let stamped = Stamped::new(message);
        if !is_inside_run() {
            return self.inner.send(stamped).map_err(unsent);
        }
        self.end.object.immediate("send", Access::Change);
        let _call = Call::begin();
        self.inner.send(stamped).map_err(unsent)
    }

    /// As tokio's [`closed`](real::UnboundedSender::closed).
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        let waiting = Waiting::for_news("closed", Access::Read, Location::caller());
        Announced::new(&self.end.object, waiting, self.inner.closed())
    }

    /// As tokio's [`is_closed`](real::UnboundedSender::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.object.immediate("is_closed", Access::Read);
        self.inner.is_closed()
    }

    /// As tokio's [`same_channel`](real::UnboundedSender::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As tokio's [`downgrade`](real::UnboundedSender::downgrade).
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender { object: self.end.object.clone(), inner: self.inner.downgrade() }
    }

    /// As tokio's [`strong_count`](real::UnboundedSender::strong_count).
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.object.immediate("strong_count", Access::Read);
        self.inner.strong_count()
    }

    /// As tokio's [`weak_count`](real::UnboundedSender::weak_count).
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        UnboundedSender { end: self.end.clone(), inner: self.inner.clone() }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
