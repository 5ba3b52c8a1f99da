//! The end that sends.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use tokio::sync::watch as real;
use tokio::sync::watch::error::SendError;
use unpick_sim::probe::{Access, is_inside_run};

use super::value::Borrows;
use super::{Receiver, Ref, object};
use crate::sync::end::End;
use crate::sync::waiting::{Announced, Waiting};
use crate::sync::waking::{Call, InCall};

/// Changes the value: tokio's [`Sender`](real::Sender).
pub struct Sender<T> {
    pub(super) end: End,
    pub(super) borrows: Borrows,
    /// Its drop wakes every receiver, if it is the last.
    pub(super) inner: InCall<real::Sender<T>>,
}

impl<T> Sender<T> {
    /// As tokio's [`new`](real::Sender::new).
    #[track_caller]
    pub fn new(init: T) -> Self {
        let end = End::sender(object());
        Sender { end, borrows: Borrows::default(), inner: InCall::new(real::Sender::new(init)) }
    }

    /// As tokio's [`send`](real::Sender::send).
    ///
    /// # Errors
    /// If there is no receiver: with the value.
    #[track_caller]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.change("send", |inner| inner.send(value))
    }

    /// As tokio's [`send_modify`](real::Sender::send_modify).
    #[track_caller]
    pub fn send_modify<F>(&self, modify: F)
    where
        F: FnOnce(&mut T),
    {
        self.change("send_modify", |inner| inner.send_modify(modify));
    }

    /// As tokio's [`send_if_modified`](real::Sender::send_if_modified).
    #[track_caller]
    pub fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        self.change("send_if_modified", |inner| inner.send_if_modified(modify))
    }

    /// As tokio's [`send_replace`](real::Sender::send_replace).
    #[track_caller]
    pub fn send_replace(&self, value: T) -> T {
        self.change("send_replace", |inner| inner.send_replace(value))
    }

    #[track_caller]
    fn change<R>(&self, name: &'static str, change: impl FnOnce(&real::Sender<T>) -> R) -> R {
        if !is_inside_run() {
            return change(&self.inner);
        }
        let object = &self.end.object;
        object.immediate(name, Access::Change);
        self.borrows.check_none(name, object);
        // Whoever changes the value in place sees what was there.
        object.observe();
        let call = Call::begin();
        let changed = change(&self.inner);
        object.publish();
        object.notified(call.woken());
        changed
    }

    /// As tokio's [`borrow`](real::Sender::borrow).
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.end.object.immediate("borrow", Access::Read);
        self.end.object.observe();
        Ref::new(self.inner.borrow(), &self.borrows)
    }

    /// As tokio's [`is_closed`](real::Sender::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.object.immediate("is_closed", Access::Read);
        self.inner.is_closed()
    }

    /// As tokio's [`closed`](real::Sender::closed).
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> + use<'_, T> {
        let waiting = Waiting::for_news("closed", Access::Read, Location::caller());
        Announced::new(&self.end.object, waiting, self.inner.closed())
    }

    /// As tokio's [`subscribe`](real::Sender::subscribe).
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        let object = &self.end.object;
        object.immediate("subscribe", Access::Change);
        let (end, borrows) = (End::receiver(object.clone()), self.borrows.clone());
        Receiver { end, borrows, inner: self.inner.subscribe() }
    }

    /// As tokio's [`receiver_count`](real::Sender::receiver_count).
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.end.object.immediate("receiver_count", Access::Read);
        self.inner.receiver_count()
    }

    /// As tokio's [`sender_count`](real::Sender::sender_count).
    #[track_caller]
    pub fn sender_count(&self) -> usize {
        self.end.object.immediate("sender_count", Access::Read);
        self.inner.sender_count()
    }

    /// As tokio's [`same_channel`](real::Sender::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        let (end, borrows) = (self.end.clone(), self.borrows.clone());
        Sender { end, borrows, inner: InCall::new((*self.inner).clone()) }
    }
}

impl<T: Default> Default for Sender<T> {
    #[track_caller]
    fn default() -> Self {
        Sender::new(T::default())
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self.inner).fmt(f)
    }
}
