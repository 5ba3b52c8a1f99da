//! The channel whose capacity is not bounded.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::state::{
    Capacity, Closed, Shared, State, abandon, add_sender, has_received, poll_recv, remove_sender,
    show_end,
};
use super::{SendError, TryRecvError};
use crate::instrumented::{Instrumented, Waiting};
use crate::probe::Access;
use crate::waiters::Wakeups;

/// Makes a channel in which sending never waits.
///
/// # Examples
/// ```
/// use unpick_primitives::mpsc;
///
/// let (sender, mut receiver) = mpsc::unbounded_channel();
/// assert_eq!(sender.send(1), Ok(()));
/// assert_eq!(futures::executor::block_on(receiver.recv()), Some(1));
/// ```
#[must_use]
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    make(Instrumented::new("mpsc", State::new(Capacity::Unbounded)))
}

/// Makes a channel in which sending never waits, with a name for traces, reports and `Debug`.
///
/// # Examples
/// ```
/// let (sender, _receiver) = unpick_primitives::mpsc::named_unbounded_channel::<u8>("log");
/// assert_eq!(format!("{sender:?}"), "<mpsc::UnboundedSender log [messages:0]>");
/// ```
#[must_use]
#[track_caller]
pub fn named_unbounded_channel<T>(
    name: impl Into<Cow<'static, str>>,
) -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let mut base = Instrumented::new("mpsc", State::new(Capacity::Unbounded));
    base.set_name(name);
    make(base)
}

fn make<T>(base: Instrumented<State<T>>) -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let shared = Arc::new(base);
    (UnboundedSender { shared: shared.clone() }, UnboundedReceiver { shared })
}

/// Sends messages into an unbounded channel. It can be cloned.
pub struct UnboundedSender<T> {
    shared: Shared<T>,
}

impl<T> UnboundedSender<T> {
    /// Sends a message.
    ///
    /// # Errors
    /// If the receiver is closed or gone: the message comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::{self, SendError};
    ///
    /// let (sender, receiver) = mpsc::unbounded_channel();
    /// drop(receiver);
    /// assert_eq!(sender.send(1), Err(SendError(1)));
    /// ```
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.shared.object.immediate("send", Access::Change);
        let sent = self.shared.lock().send_unbounded(message);
        sent.map(Wakeups::wake).map_err(SendError)
    }

    /// Waits until the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        let waiting = Waiting::new("closed", Access::Read, Location::caller());
        Closed::new(&self.shared, waiting)
    }

    /// Whether the receiver is closed or gone.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// assert!(!sender.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.shared.object.immediate("is_closed", Access::Read);
        self.shared.lock().is_closed()
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// assert!(sender.same_channel(&sender.clone()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &UnboundedSender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> UnboundedSender<T> {
        UnboundedSender { shared: add_sender(&self.shared) }
    }
}

impl<T> Drop for UnboundedSender<T> {
    fn drop(&mut self) {
        remove_sender(&self.shared);
    }
}

/// Receives the messages of an unbounded channel.
pub struct UnboundedReceiver<T> {
    shared: Shared<T>,
}

impl<T> UnboundedReceiver<T> {
    /// Waits for a message, and takes it; `None` when no more can come.
    ///
    /// # Cancel safety
    /// Dropping the future takes no message.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// drop(sender);
    /// assert_eq!(futures::executor::block_on(receiver.recv()), None);
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> UnboundedRecv<'_, T> {
        let waiting = Waiting::new("recv", Access::Change, Location::caller());
        UnboundedRecv { receiver: self, waiting }
    }

    /// Takes a message, if one is there.
    ///
    /// # Errors
    /// If none is: yet, or for ever.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::mpsc::{self, TryRecvError};
    ///
    /// let (_sender, mut receiver) = mpsc::unbounded_channel::<u8>();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// ```
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.object.immediate("try_recv", Access::Change);
        let received = self.shared.lock().try_recv();
        let taken = has_received(&self.shared, Some(received?));
        taken.ok_or(TryRecvError::Disconnected)
    }

    /// Refuses messages from here on. What is in the channel is still received.
    ///
    /// # Examples
    /// ```
    /// let (sender, mut receiver) = unpick_primitives::mpsc::unbounded_channel();
    /// receiver.close();
    /// assert!(sender.send(1).is_err());
    /// ```
    #[track_caller]
    pub fn close(&mut self) {
        self.shared.object.immediate("close", Access::Change);
        self.shared.object.publish();
        let woken = self.shared.lock().close();
        woken.wake();
    }

    /// How many messages are there.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// assert_eq!(receiver.len(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.object.immediate("len", Access::Read);
        self.shared.lock().len()
    }

    /// Whether no message is there.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::mpsc::unbounded_channel::<u8>();
    /// assert!(receiver.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Drop for UnboundedReceiver<T> {
    fn drop(&mut self) {
        abandon(&self.shared);
    }
}

/// The future of [`UnboundedReceiver::recv`].
#[must_use = "futures do nothing unless they are polled"]
pub struct UnboundedRecv<'a, T> {
    receiver: &'a mut UnboundedReceiver<T>,
    waiting: Waiting,
}

impl<T> Future for UnboundedRecv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let UnboundedRecv { receiver, waiting } = &mut *self;
        poll_recv(&receiver.shared, waiting, cx)
    }
}

impl<T> Drop for UnboundedRecv<'_, T> {
    fn drop(&mut self) {
        // There is one receiver: whoever receives next looks for itself.
        self.receiver.shared.cancel(&mut self.waiting, State::receiving, |_, ()| ());
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::UnboundedSender", &self.shared)
    }
}

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "mpsc::UnboundedReceiver", &self.shared)
    }
}

impl<T> fmt::Debug for UnboundedRecv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<UnboundedRecv of {:?}>", self.receiver)
    }
}
