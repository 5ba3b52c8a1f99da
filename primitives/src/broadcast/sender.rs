//! The side that sends.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::receiver::Receiver;
use super::{SendError, Shared, State, alone, show_end, subscribe};
use crate::instrumented::Waiting;
use crate::probe::{Access, Stamp};
use crate::waiters::Wakeups;

/// Sends messages to all receivers. It can be cloned.
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast;
///
/// let (prices, mut first) = broadcast::channel(16);
/// let mut second = prices.subscribe();
/// prices.send(("ACME", 42)).expect("two listen");
/// assert_eq!(first.try_recv(), Ok(("ACME", 42)));
/// assert_eq!(second.try_recv(), Ok(("ACME", 42)));
/// ```
pub struct Sender<T> {
    shared: Shared<T>,
}

impl<T> Sender<T> {
    /// One that is counted already.
    pub(super) const fn counted(shared: Shared<T>) -> Sender<T> {
        Sender { shared }
    }

    /// Makes a channel that nobody listens to yet and that keeps `capacity` messages, rounded up to
    /// a power of two.
    ///
    /// # Panics
    /// If the capacity is zero, or more than `usize::MAX / 2`.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{SendError, Sender};
    ///
    /// let sender = Sender::new(2);
    /// assert_eq!(sender.send(1), Err(SendError(1)));
    /// let mut receiver = sender.subscribe();
    /// assert_eq!(sender.send(2), Ok(1));
    /// assert_eq!(receiver.try_recv(), Ok(2));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Sender<T> {
        Sender::counted(alone(capacity))
    }

    /// Sends a message, and returns how many receivers there are.
    ///
    /// # Errors
    /// If there are none: the message comes back.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{self, SendError};
    ///
    /// let (sender, receiver) = broadcast::channel(1);
    /// assert_eq!(sender.send(1), Ok(1));
    /// drop(receiver);
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// ```
    #[track_caller]
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        self.shared.object.immediate("send", Access::Change);
        let mut state = self.shared.lock();
        let receivers = state.receivers;
        if receivers == 0 {
            return Err(SendError(value));
        }
        let (fallen, woken) = state.send(Arc::new(Mutex::new(value)), Stamp::here());
        drop(state);
        self.shared.object.notified(woken.len());
        woken.wake();
        drop(fallen);
        Ok(receivers)
    }

    /// Makes a receiver for what is sent from here on.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel(1);
    /// let mut late = sender.subscribe();
    /// assert_eq!(sender.send(1), Ok(2));
    /// assert_eq!(late.try_recv(), Ok(1));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        subscribe(&self.shared)
    }

    /// How many receivers there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert_eq!(sender.receiver_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn receiver_count(&self) -> usize {
        self.shared.object.immediate("receiver_count", Access::Read);
        self.shared.lock().receivers
    }

    /// How many messages some receiver has not got.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel(2);
    /// assert_eq!(sender.send(1), Ok(1));
    /// assert_eq!(sender.len(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.object.immediate("len", Access::Read);
        self.shared.lock().messages.len()
    }

    /// Whether every receiver has got every message.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(2);
    /// assert!(sender.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until there are no receivers.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        let waiting = Waiting::new("closed", Access::Read, Location::caller());
        Closed { sender: self, waiting }
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Makes a sender that does not keep the channel open.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// let weak = sender.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(sender);
    /// assert!(weak.upgrade().is_none());
    /// ```
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(&self.shared)
    }

    /// How many senders there are, weak ones not counted.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// let _other = sender.clone();
    /// assert_eq!(sender.strong_count(), 2);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.shared.object.immediate("strong_count", Access::Read);
        self.shared.lock().senders
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.shared.object.immediate("weak_count", Access::Read);
        self.shared.lock().weak_senders
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.lock().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.object.immediate("drop sender", Access::Change);
        self.shared.object.publish();
        let woken = {
            let mut state = self.shared.lock();
            state.senders -= 1;
            match state.senders {
                0 => state.receiving.grant_all(()),
                _ => Wakeups::none(),
            }
        };
        woken.wake();
    }
}

/// Becomes a [`Sender`] while there are others. The receivers do not wait for it.
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast::{self, RecvError};
///
/// let (sender, mut receiver) = broadcast::channel::<u8>(1);
/// let _weak = sender.downgrade();
/// drop(sender);
/// assert_eq!(futures::executor::block_on(receiver.recv()), Err(RecvError::Closed));
/// ```
pub struct WeakSender<T> {
    shared: Shared<T>,
}

impl<T> WeakSender<T> {
    fn new(shared: &Shared<T>) -> WeakSender<T> {
        shared.lock().weak_senders += 1;
        WeakSender { shared: shared.clone() }
    }

    /// Makes a sender, if there still is one.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel(1);
    /// let again = sender.downgrade().upgrade().expect("`sender` is there");
    /// assert_eq!(again.send(1), Ok(1));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.shared.object.immediate("upgrade", Access::Change);
        let mut state = self.shared.lock();
        if state.senders == 0 {
            return None;
        }
        state.senders += 1;
        drop(state);
        Some(Sender::counted(self.shared.clone()))
    }

    /// How many senders there are, weak ones not counted.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// let weak = sender.downgrade();
    /// drop(sender);
    /// assert_eq!(weak.strong_count(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn strong_count(&self) -> usize {
        self.shared.object.immediate("strong_count", Access::Read);
        self.shared.lock().senders
    }

    /// How many weak senders there are, with this one.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert_eq!(sender.downgrade().weak_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn weak_count(&self) -> usize {
        self.shared.object.immediate("weak_count", Access::Read);
        self.shared.lock().weak_senders
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender::new(&self.shared)
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.shared.lock().weak_senders -= 1;
    }
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Closed<'a, T> {
    sender: &'a Sender<T>,
    waiting: Waiting,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Closed { sender, waiting } = &mut *self;
        let attempt =
            |state: &mut State<T>, _woken: Option<()>| (state.receivers == 0).then_some(());
        let polled = sender.shared.poll(waiting, cx, State::closing, attempt);
        polled.map(|()| sender.shared.object.observe())
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.sender.shared.cancel(&mut self.waiting, State::closing, |_, ()| ());
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "broadcast::Sender", &self.shared)
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "broadcast::WeakSender", &self.shared)
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Closed of {:?}>", self.sender)
    }
}
