//! The ends that receive.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc as real;
use tokio::sync::mpsc::error::TryRecvError;
use unpick_sim::probe::{Access, Object, is_inside_run};

use crate::sync::blocking::would_block;
use crate::sync::end::End;
use crate::sync::stamped::Stamped;
use crate::sync::waiting::{Announced, Waiting};
use crate::sync::waking::Call;

/// What follows when a message was received, or when it is known that none will be.
#[inline]
fn received<T>(object: &Object, received: Option<Stamped<T>>) -> Option<T> {
    if received.is_none() {
        object.observe();
    }
    // In a bounded channel, whoever sends next may have waited for this.
    object.publish();
    received.map(Stamped::received)
}

fn unlocked<T>(messages: &mut Mutex<T>) -> &mut T {
    messages.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// A receiver, which does the same for both kinds of channel.
macro_rules! receiver {
    ($(#[$docs:meta])* $name:ident, $real:ty, $shown:literal) => {
        $(#[$docs])*
        pub struct $name<T> {
            /// What `poll_recv` is at.
            polling: Option<Waiting>,
            /// What `poll_recv_many` is at.
            polling_many: Option<Waiting>,
            /// Where messages are that are received many at a time, for no longer than a poll.
            // Never locked: it makes the receiver `Sync` for messages that are only `Send`.
            received: Mutex<Vec<Stamped<T>>>,
            end: End,
            inner: $real,
        }

        impl<T> $name<T> {
            pub(super) const fn new(end: End, inner: $real) -> Self {
                $name { polling: None, polling_many: None, received: Mutex::new(Vec::new()), end, inner }
            }

            #[doc = concat!("As tokio's [`recv`](real::", $shown, "::recv).")]
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
                let waiting = Waiting::for_message("recv", Location::caller());
                let object = &*self.end.object;
                let recv = Announced::new(object, waiting, self.inner.recv());
                async move { received(object, recv.await) }
            }

            #[doc = concat!("As tokio's [`recv_many`](real::", $shown, "::recv_many).")]
            #[track_caller]
            pub fn recv_many<'a>(
                &'a mut self,
                buffer: &'a mut Vec<T>,
                limit: usize,
            ) -> impl Future<Output = usize> + use<'a, T> {
                let mut waiting = Waiting::for_message("recv_many", Location::caller());
                poll_fn(move |cx| self.poll_many(&mut waiting, cx, buffer, limit))
            }

            #[doc = concat!("As tokio's [`poll_recv`](real::", $shown, "::poll_recv).")]
            #[track_caller]
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                let site = Location::caller();
                let make = || Waiting::for_message("recv", site);
                let waiting = self.polling.get_or_insert_with(make);
                let object = &*self.end.object;
                let polled = waiting.poll(object, cx, |cx| self.inner.poll_recv(cx));
                let message = ready!(polled);
                self.polling = None;
                Poll::Ready(received(object, message))
            }

            #[doc = concat!("As tokio's [`poll_recv_many`](real::", $shown, "::poll_recv_many).")]
            #[track_caller]
            pub fn poll_recv_many(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                let site = Location::caller();
                let waiting = self.polling_many.take();
                let mut waiting =
                    waiting.unwrap_or_else(|| Waiting::for_message("recv_many", site));
                let polled = self.poll_many(&mut waiting, cx, buffer, limit);
                if polled.is_pending() {
                    self.polling_many = Some(waiting);
                }
                polled
            }

            fn poll_many(
                &mut self,
                waiting: &mut Waiting,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                let $name { received, end, inner, .. } = self;
                let received = unlocked(received);
                let attempt =
                    |cx: &mut Context<'_>| inner.poll_recv_many(cx, &mut *received, limit);
                let count = ready!(waiting.poll(&end.object, cx, attempt));
                self.move_to(buffer);
                Poll::Ready(count)
            }

            /// What follows when messages were received, or when it is known that none will be.
            fn move_to(&mut self, buffer: &mut Vec<T>) {
                let messages = unlocked(&mut self.received);
                if messages.is_empty() {
                    self.end.object.observe();
                }
                self.end.object.publish();
                // One by one, as tokio does, so that the buffer grows as it does there.
                for stamped in messages.drain(..) {
                    buffer.push(stamped.received());
                }
            }

            #[doc = concat!("As tokio's [`try_recv`](real::", $shown, "::try_recv).")]
            ///
            /// # Errors
            /// If no message is there: yet, or for ever.
            #[track_caller]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                if !is_inside_run() {
                    return self.inner.try_recv().map(|stamped| stamped.message);
                }
                let object = &*self.end.object;
                object.immediate("try_recv", Access::Change);
                let _call = Call::begin();
                let message = match self.inner.try_recv() {
                    Ok(message) => Some(message),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) => return Err(TryRecvError::Empty),
                };
                received(object, message).ok_or(TryRecvError::Disconnected)
            }

            #[doc = concat!("As tokio's [`blocking_recv`](real::", $shown, "::blocking_recv).")]
            ///
            /// # Panics
            /// As tokio's; and inside of a run, if no message is there yet.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                if !is_inside_run() {
                    return self.inner.blocking_recv().map(|stamped| stamped.message);
                }
                match self.try_recv() {
                    Ok(message) => Some(message),
                    Err(TryRecvError::Disconnected) => None,
                    Err(TryRecvError::Empty) => would_block("blocking_recv", &self.end.object),
                }
            }

            #[doc = concat!(
                "As tokio's [`blocking_recv_many`](real::", $shown, "::blocking_recv_many)."
            )]
            ///
            /// # Panics
            /// As tokio's; and inside of a run, if no message is there yet.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                if !is_inside_run() {
                    let count = self.inner.blocking_recv_many(unlocked(&mut self.received), limit);
                    self.move_to(buffer);
                    return count;
                }
                let mut count = 0;
                while count < limit {
                    match self.try_recv() {
                        Ok(message) => buffer.push(message),
                        Err(TryRecvError::Empty) if count == 0 => {
                            would_block("blocking_recv_many", &self.end.object)
                        }
                        Err(_) => break,
                    }
                    count += 1;
                }
                count
            }

            #[doc = concat!("As tokio's [`close`](real::", $shown, "::close).")]
            #[track_caller]
            pub fn close(&mut self) {
                if !is_inside_run() {
                    return self.inner.close();
                }
                self.end.object.immediate("close", Access::Change);
                self.end.object.publish();
                let _call = Call::begin();
                self.inner.close();
            }

            #[doc = concat!("As tokio's [`is_closed`](real::", $shown, "::is_closed).")]
            #[track_caller]
            pub fn is_closed(&self) -> bool {
                self.end.object.immediate("is_closed", Access::Read);
                self.inner.is_closed()
            }

            #[doc = concat!("As tokio's [`is_empty`](real::", $shown, "::is_empty).")]
            #[track_caller]
            pub fn is_empty(&self) -> bool {
                self.end.object.immediate("is_empty", Access::Read);
                self.inner.is_empty()
            }

            #[doc = concat!("As tokio's [`len`](real::", $shown, "::len).")]
            #[track_caller]
            pub fn len(&self) -> usize {
                self.end.object.immediate("len", Access::Read);
                self.inner.len()
            }

            #[doc = concat!(
                "As tokio's [`sender_strong_count`](real::", $shown, "::sender_strong_count)."
            )]
            #[track_caller]
            pub fn sender_strong_count(&self) -> usize {
                self.end.object.immediate("sender_strong_count", Access::Read);
                self.inner.sender_strong_count()
            }

            #[doc = concat!(
                "As tokio's [`sender_weak_count`](real::", $shown, "::sender_weak_count)."
            )]
            pub fn sender_weak_count(&self) -> usize {
                self.inner.sender_weak_count()
            }
        }

        // A message is never pinned, and what is polled is not either.
        impl<T> Unpin for $name<T> {}

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}

receiver! {
    /// Receives the messages of a channel: tokio's [`Receiver`](real::Receiver).
    Receiver, real::Receiver<Stamped<T>>, "Receiver"
}

receiver! {
    /// Receives the messages of a channel without a bound: tokio's
    /// [`UnboundedReceiver`](real::UnboundedReceiver).
    UnboundedReceiver, real::UnboundedReceiver<Stamped<T>>, "UnboundedReceiver"
}

impl<T> Receiver<T> {
    /// As tokio's [`capacity`](real::Receiver::capacity).
    #[track_caller]
    pub fn capacity(&self) -> usize {
        self.end.object.immediate("capacity", Access::Read);
        self.inner.capacity()
    }

    /// As tokio's [`max_capacity`](real::Receiver::max_capacity).
    pub fn max_capacity(&self) -> usize {
        self.inner.max_capacity()
    }
}
