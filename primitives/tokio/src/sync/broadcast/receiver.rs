//! The end that receives.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use tokio::sync::broadcast as real;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use unpick_sim::probe::{Access, is_inside_run};

use crate::sync::blocking::would_block;
use crate::sync::end::End;
use crate::sync::stamped::Stamped;
use crate::sync::waiting::{Announced, Waiting};

/// Receives every message: tokio's [`Receiver`](real::Receiver).
pub struct Receiver<T> {
    pub(super) end: End,
    pub(super) inner: real::Receiver<Stamped<T>>,
}

impl<T> Receiver<T> {
    /// As tokio's [`len`](real::Receiver::len).
    #[track_caller]
    pub fn len(&self) -> usize {
        self.end.object.immediate("len", Access::Read);
        self.inner.len()
    }

    /// As tokio's [`is_empty`](real::Receiver::is_empty).
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.end.object.immediate("is_empty", Access::Read);
        self.inner.is_empty()
    }

    /// As tokio's [`same_channel`](real::Receiver::same_channel).
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As tokio's [`sender_strong_count`](real::Receiver::sender_strong_count).
    #[track_caller]
    pub fn sender_strong_count(&self) -> usize {
        self.end.object.immediate("sender_strong_count", Access::Read);
        self.inner.sender_strong_count()
    }

    /// As tokio's [`sender_weak_count`](real::Receiver::sender_weak_count).
    pub fn sender_weak_count(&self) -> usize {
        self.inner.sender_weak_count()
    }

    /// As tokio's [`is_closed`](real::Receiver::is_closed).
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.end.object.immediate("is_closed", Access::Read);
        self.inner.is_closed()
    }
}

impl<T: Clone> Receiver<T> {
    /// As tokio's [`resubscribe`](real::Receiver::resubscribe).
    #[track_caller]
    pub fn resubscribe(&self) -> Self {
        self.end.object.immediate("subscribe", Access::Change);
        Receiver { end: self.end.clone(), inner: self.inner.resubscribe() }
    }

    /// As tokio's [`recv`](real::Receiver::recv).
    ///
    /// # Errors
    /// If messages were missed, or no more can come.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> + use<'_, T> {
        let waiting = Waiting::for_message("recv", Location::caller());
        let object = &*self.end.object;
        let recv = Announced::new(object, waiting, self.inner.recv());
        async move {
            let received = recv.await;
            if received.is_err() {
                object.observe();
            }
            received.map(Stamped::received)
        }
    }

    /// As tokio's [`try_recv`](real::Receiver::try_recv).
    ///
    /// # Errors
    /// If no message is there, yet or for ever, or messages were missed.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.end.object.immediate("try_recv", Access::Change);
        let received = self.inner.try_recv();
        if matches!(received, Err(TryRecvError::Closed | TryRecvError::Lagged(_))) {
            self.end.object.observe();
        }
        received.map(Stamped::received)
    }

    /// As tokio's [`blocking_recv`](real::Receiver::blocking_recv).
    ///
    /// # Errors
    /// If messages were missed, or no more can come.
    ///
    /// # Panics
    /// As tokio's; and inside of a run, if no message is there yet.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        if !is_inside_run() {
            return self.inner.blocking_recv().map(|stamped| stamped.message);
        }
        self.try_recv().map_err(|error| match error {
            TryRecvError::Closed => RecvError::Closed,
            TryRecvError::Lagged(missed) => RecvError::Lagged(missed),
            TryRecvError::Empty => would_block("blocking_recv", &self.end.object),
        })
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
