//! The ends that send.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::broadcast as real;
use tokio::sync::broadcast::error::SendError;
use unpick_sim::probe::{Access, Object, is_inside_run};

use super::{Receiver, object};
use crate::sync::end::End;
use crate::sync::stamped::Stamped;
use crate::sync::waiting::{Announced, Waiting};
use crate::sync::waking::Call;

/// Sends messages to all receivers: tokio's [`Sender`](real::Sender).
pub struct Sender<T> {
    pub(super) end: End,
    pub(super) inner: real::Sender<Stamped<T>>,
}

impl<T> Sender<T> {
    /// As tokio's [`new`](real::Sender::new).
    ///
    /// # Panics
    /// If it keeps no messages, or more than tokio can count.
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        let inner = real::Sender::new(capacity);
        Sender { end: End::sender(object()), inner }
    }

    /// As tokio's [`send`](real::Sender::send).
    ///
    /// # Errors
    /// If there is no receiver: with the message.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let stamped = Stamped::new(value);
        let unsent = |SendError(stamped): SendError<Stamped<T>>| SendError(stamped.message);
        if !is_inside_run() {
            return self.inner.send(stamped).map_err(unsent);
        }
        self.end.object.immediate("send", Access::Change);
        let call = Call::begin();
        let sent = self.inner.send(stamped).map_err(unsent);
        self.end.object.notified(call.woken());
        sent
    }

    /// As tokio's [`subscribe`](real::Sender::subscribe).
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let object = &self.end.object;
        object.immediate("subscribe", Access::Change);
        Receiver { end: End::receiver(object.clone()), inner: self.inner.subscribe() }
    }

    /// As tokio's [`downgrade`](real::Sender::downgrade).
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { object: self.end.object.clone(), inner: self.inner.downgrade() }
    }

    /// As tokio's [`len`](real::Sender::len).
    #[track_caller]
    pub fn len(&self) -> usize {
        self.end.object.immediate("len", Access::Read);
        self.inner.len()
    }

    /// As tokio's [`is_empty`](real::Sender::is_empty).
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.object.immediate("is_empty", Access::Read);
        self.inner.is_empty()
    }

    /// As tokio's [`receiver_count`](real::Sender::receiver_count).
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.end.object.immediate("receiver_count", Access::Read);
        self.inner.receiver_count()
    }

    /// As tokio's [`same_channel`](real::Sender::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As tokio's [`closed`](real::Sender::closed).
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        let waiting = Waiting::for_news("closed", Access::Read, Location::caller());
        Announced::new(&self.end.object, waiting, self.inner.closed())
    }

    /// As tokio's [`strong_count`](real::Sender::strong_count).
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.end.object.immediate("strong_count", Access::Read);
        self.inner.strong_count()
    }

    /// As tokio's [`weak_count`](real::Sender::weak_count).
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender { end: self.end.clone(), inner: self.inner.clone() }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Becomes a sender while there are others: tokio's [`WeakSender`](real::WeakSender).
pub struct WeakSender<T> {
    object: Arc<Object>,
    inner: real::WeakSender<Stamped<T>>,
}

impl<T> WeakSender<T> {
    /// As tokio's [`upgrade`](real::WeakSender::upgrade).
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.object.immediate("upgrade", Access::Change);
        let inner = self.inner.upgrade()?;
        Some(Sender { end: End::sender(self.object.clone()), inner })
    }

    /// As tokio's [`strong_count`](real::WeakSender::strong_count).
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.object.immediate("strong_count", Access::Read);
        self.inner.strong_count()
    }

    /// As tokio's [`weak_count`](real::WeakSender::weak_count).
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender { object: self.object.clone(), inner: self.inner.clone() }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
