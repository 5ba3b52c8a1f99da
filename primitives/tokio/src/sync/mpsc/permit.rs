//! Places that are kept for messages to come.

use std::fmt;
use std::iter::FusedIterator;

use tokio::sync::mpsc as real;
use unpick_sim::probe::{Access, Object};

use super::sender::Sender;

use crate::sync::end::End;
use crate::sync::stamped::Stamped;

/// Tells when a place is given back unused. It stands before what really gives it back.
struct Mark<'a> {
    object: &'a Object,
    places: usize,
}

impl Mark<'_> {
    #[track_caller]
    fn used(&mut self) {
        self.object.immediate("send", Access::Change);
        self.places = 0;
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        if self.places > 0 {
            release(self.object);
        }
    }
}

#[track_caller]
fn release(object: &Object) {
    object.immediate("release", Access::Change);
    object.publish();
}

/// A place that is kept for a message: tokio's [`Permit`](real::Permit).
pub struct Permit<'a, T> {
    mark: Mark<'a>,
    inner: real::Permit<'a, Stamped<T>>,
}

impl<'a, T> Permit<'a, T> {
    #[inline]
    pub(super) fn new(object: &'a Object, inner: real::Permit<'a, Stamped<T>>) -> Self {
        object.observe();
        Permit { mark: Mark { object, places: 1 }, inner }
    }

    /// As tokio's [`send`](real::Permit::send).
    #[track_caller]
    pub fn send(self, value: T) {
        let Permit { mut mark, inner } = self;
        mark.used();
        inner.send(Stamped::new(value));
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Places that are kept for messages: tokio's [`PermitIterator`](real::PermitIterator).
pub struct PermitIterator<'a, T> {
    mark: Mark<'a>,
    inner: real::PermitIterator<'a, Stamped<T>>,
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) fn new(object: &'a Object, inner: real::PermitIterator<'a, Stamped<T>>) -> Self {
        object.observe();
        PermitIterator { mark: Mark { object, places: inner.len() }, inner }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        let inner = self.inner.next()?;
        self.mark.places -= 1;
        Some(Permit { mark: Mark { object: self.mark.object, places: 1 }, inner })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A place that is kept for a message, with the sender that kept it: tokio's
/// [`OwnedPermit`](real::OwnedPermit).
pub struct OwnedPermit<T> {
    end: OwnedMark,
    inner: real::OwnedPermit<Stamped<T>>,
}

/// Tells when an owned place is given back unused, and then that its sender is gone.
struct OwnedMark {
    // Invariant: there until the permit is used.
    end: Option<End>,
}

impl OwnedMark {
    fn take(&mut self) -> End {
        self.end.take().expect("a permit has its sender until it is used")
    }
}

impl Drop for OwnedMark {
    fn drop(&mut self) {
        if let Some(end) = &self.end {
            release(&end.object);
        }
    }
}

impl<T> OwnedPermit<T> {
    pub(super) fn new(end: End, inner: real::OwnedPermit<Stamped<T>>) -> Self {
        end.object.observe();
        OwnedPermit { end: OwnedMark { end: Some(end) }, inner }
    }

    /// As tokio's [`send`](real::OwnedPermit::send).
    #[track_caller]
    pub fn send(self, value: T) -> Sender<T> {
        let OwnedPermit { mut end, inner } = self;
        let end = end.take();
        end.object.immediate("send", Access::Change);
        Sender { inner: inner.send(Stamped::new(value)), end }
    }

    /// As tokio's [`release`](real::OwnedPermit::release).
    #[track_caller]
    pub fn release(self) -> Sender<T> {
        let OwnedPermit { mut end, inner } = self;
        let end = end.take();
        release(&end.object);
        Sender { inner: inner.release(), end }
    }

    /// As tokio's [`same_channel`](real::OwnedPermit::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As tokio's [`same_channel_as_sender`](real::OwnedPermit::same_channel_as_sender).
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.inner.same_channel_as_sender(&sender.inner)
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
