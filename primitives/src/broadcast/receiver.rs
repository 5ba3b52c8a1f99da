//! The side that receives.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use super::{Received, RecvError, Shared, State, TryRecvError, show_end, subscribe};
use crate::instrumented::Waiting;
use crate::probe::Access;

/// Receives every message that was sent since it was made.
///
/// # Examples
/// ```
/// use unpick_primitives::broadcast::{self, Receiver, RecvError};
///
/// async fn sum(mut numbers: Receiver<u32>) -> u32 {
///     let mut sum = 0;
///     loop {
///         match numbers.recv().await {
///             Ok(number) => sum += number,
///             // It goes on with the oldest that is left.
///             Err(RecvError::Lagged(_missed)) => {}
///             Err(RecvError::Closed) => return sum,
///         }
///     }
/// }
///
/// let (sender, receiver) = broadcast::channel(2);
/// (1..=4).for_each(|number| drop(sender.send(number)));
/// drop(sender);
/// assert_eq!(futures::executor::block_on(sum(receiver)), 3 + 4);
/// ```
pub struct Receiver<T> {
    shared: Shared<T>,
    /// The number of the message that it reads next.
    next: u64,
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next message, and returns a clone of it.
    ///
    /// # Cancel safety
    /// Dropping the future takes no message.
    ///
    /// # Errors
    /// If messages were missed: how many; the next call goes on with the oldest that is left.
    /// If all senders are gone and every message was got.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::channel(2);
    /// for number in 0..5 {
    ///     assert_eq!(sender.send(number), Ok(1));
    /// }
    /// drop(sender);
    /// futures::executor::block_on(async {
    ///     assert_eq!(receiver.recv().await, Err(RecvError::Lagged(3)));
    ///     assert_eq!(receiver.recv().await, Ok(3));
    ///     assert_eq!(receiver.recv().await, Ok(4));
    ///     assert_eq!(receiver.recv().await, Err(RecvError::Closed));
    /// });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        let waiting = Waiting::new("recv", Access::Change, Location::caller());
        Recv { receiver: self, waiting }
    }

    /// Returns a clone of the next message, if it is there.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), or if it is not there yet.
    ///
    /// # Examples
    /// ```
    /// use unpick_primitives::broadcast::{self, TryRecvError};
    ///
    /// let (_sender, mut receiver) = broadcast::channel::<u8>(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// ```
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.object.immediate("try_recv", Access::Change);
        let received = self.shared.lock().try_recv(&mut self.next);
        received.map(unpack)
    }
}

impl<T> Receiver<T> {
    pub(super) const fn new(shared: Shared<T>, next: u64) -> Receiver<T> {
        Receiver { shared, next }
    }

    /// Whether all senders are gone. There may be messages left.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_closed(&self) -> bool {
        self.sender_strong_count() == 0
    }

    /// How many senders there are, weak ones not counted.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert_eq!(receiver.sender_strong_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sender_strong_count(&self) -> usize {
        self.shared.object.immediate("sender_strong_count", Access::Read);
        self.shared.lock().senders
    }

    /// How many weak senders there are.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// let _weak = sender.downgrade();
    /// assert_eq!(receiver.sender_weak_count(), 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn sender_weak_count(&self) -> usize {
        self.shared.object.immediate("sender_weak_count", Access::Read);
        self.shared.lock().weak_senders
    }

    /// Whether both receive from the same channel.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert!(receiver.same_channel(&receiver.resubscribe()));
    /// ```
    #[must_use]
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// How many messages are there for it, with those that it has missed.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert_eq!(receiver.len(), 0);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn len(&self) -> usize {
        self.shared.object.immediate("len", Access::Read);
        let unread = self.shared.lock().end() - self.next;
        usize::try_from(unread).unwrap_or(usize::MAX)
    }

    /// Whether no message is there for it.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = unpick_primitives::broadcast::channel::<u8>(1);
    /// assert!(receiver.is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes another receiver, for what is sent from here on.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = unpick_primitives::broadcast::channel(2);
    /// assert_eq!(sender.send(1), Ok(1));
    /// assert!(receiver.resubscribe().is_empty());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resubscribe(&self) -> Receiver<T> {
        subscribe(&self.shared)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.object.immediate("drop receiver", Access::Change);
        self.shared.object.publish();
        let (unread, woken) = self.shared.lock().leave(self.next);
        woken.wake();
        drop(unread);
    }
}

/// The message itself for the last to get it, and a clone for the others.
fn unpack<T: Clone>((value, stamp): Received<T>) -> T {
    stamp.observe();
    // A clone that panics changes nothing: poison is not heeded.
    match Arc::try_unwrap(value) {
        Ok(last) => last.into_inner().unwrap_or_else(PoisonError::into_inner),
        Err(value) => value.lock().unwrap_or_else(PoisonError::into_inner).clone(),
    }
}

/// The future of [`Receiver::recv`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    waiting: Waiting,
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Recv { receiver, waiting } = &mut *self;
        let Receiver { shared, next } = &mut **receiver;
        let attempt = |state: &mut State<T>, _woken: Option<()>| match state.try_recv(next) {
            Ok(received) => Some(Ok(received)),
            Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
            Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
            Err(TryRecvError::Empty) => None,
        };
        let polled = shared.poll(waiting, cx, State::receiving, attempt);
        polled.map(|received| match received {
            Ok(received) => Ok(unpack(received)),
            Err(error) => {
                shared.object.observe();
                Err(error)
            }
        })
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        self.receiver.shared.cancel(&mut self.waiting, State::receiving, |_, ()| ());
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_end(f, "broadcast::Receiver", &self.shared)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Recv of {:?}>", self.receiver)
    }
}
